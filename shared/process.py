"""`python -m services.<service> web|worker --port N`: one process of a service, on loopback unless told otherwise."""

import argparse
from importlib import import_module

import uvicorn

from shared.log import configure_logging
from shared.settings import ServiceSettings

KEEP_ALIVE_SECONDS = 75  # longer than clients and proxies keep a connection: they must be the ones to close it


def run_process(settings_class: type[ServiceSettings]) -> None:
    """Read the command line and the settings, and run the process until it is told to stop.

    Only the module of the process that is asked for is imported: the other half costs memory.
    """
    service = settings_class.SERVICE
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    parser.add_argument("process", choices=("web", "worker"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    settings = settings_class()
    configure_logging(service, level=settings.log_level)
    if arguments.process == "web":
        app = import_module(f"services.{service}.app").create_app(settings)
    else:
        app = import_module(f"services.{service}.worker").create_worker(settings)
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
