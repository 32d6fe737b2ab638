"""`python -m services.procurement web|worker --port N`: one process, on loopback unless told otherwise."""

import argparse

import uvicorn

from services.procurement.settings import ProcurementSettings
from shared.log import configure_logging


def main() -> None:
    """Run the process until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m services.procurement", description=__doc__)
    parser.add_argument("process", choices=("web", "worker"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    settings = ProcurementSettings()
    configure_logging("procurement", level=settings.log_level)
    if arguments.process == "web":
        # only what a process needs is imported: the other half costs memory
        from services.procurement.app import create_app  # noqa: PLC0415

        app: object = create_app(settings)
    else:
        from services.procurement.worker import create_worker  # noqa: PLC0415

        app = create_worker(settings)
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_config=None, access_log=False)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
