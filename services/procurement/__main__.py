"""`python -m services.procurement web|worker --port N`."""

from services.procurement.settings import ProcurementSettings
from shared.process import run_process

if __name__ == "__main__":
    run_process(ProcurementSettings)
