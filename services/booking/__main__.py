"""`python -m services.booking web|worker --port N`: one process, on loopback unless told otherwise."""

import argparse

import uvicorn

from services.booking.settings import BookingSettings
from shared.log import configure_logging


def main() -> None:
    """Run the process until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m services.booking", description=__doc__)
    parser.add_argument("process", choices=("web", "worker"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    settings = BookingSettings()
    configure_logging("booking", level=settings.log_level)
    if arguments.process == "web":
        # only what a process needs is imported: the other half costs memory
        from services.booking.app import create_app  # noqa: PLC0415

        app: object = create_app(settings)
    else:
        from services.booking.worker import create_worker  # noqa: PLC0415

        app = create_worker(settings)
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_config=None, access_log=False)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
