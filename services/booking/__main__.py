"""`python -m services.booking web|worker --port N`."""

from services.booking.settings import BookingSettings
from shared.process import run_process

if __name__ == "__main__":
    run_process(BookingSettings)
