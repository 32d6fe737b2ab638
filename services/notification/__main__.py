"""`python -m services.notification web|worker --port N`."""

from services.notification.settings import NotificationSettings
from shared.process import run_process

if __name__ == "__main__":
    run_process(NotificationSettings)
