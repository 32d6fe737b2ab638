"""`python -m services.<service> web|worker --port N`: one process of a service, on loopback unless told otherwise."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import uvicorn

from shared.log import configure_logging
from shared.settings import ServiceSettings
from shared.tracing import is_collector_set, tell_spans_to

STARTUP_FAILURE = 3  # as uvicorn has it
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
    end_streams = app.state.live.end if arguments.process == "web" else None
    if is_collector_set(os.environ):
        app = _with_spans(app, service, arguments.process)
    config = uvicorn.Config(
        app,
        host=arguments.host,
        port=arguments.port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = EndingServer(config, end_streams)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


class EndingServer(uvicorn.Server):
    """A server that ends its endless answers before it waits for all answers to come to their end."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, then all else."""
        if self._end_streams is not None:
            self._end_streams()
        await super().shutdown(sockets)


def _with_spans(app: Any, service: str, process: str) -> Any:  # noqa: ANN401 - two kinds of ASGI application
    """Tell spans to the collector that is set, the last of them before the process says that it has stopped.

    Later would be too late: uvicorn then ends the process by the signal that it was told to stop with.
    """
    spans = import_module("shared.spans").spans_by_settings(service, process)
    tell_spans_to(spans)

    async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - handed on as they came
        async def send_on(message: Any) -> None:  # noqa: ANN401 - uvicorn's and Starlette's message
            if message["type"] == "lifespan.shutdown.complete":
                await asyncio.to_thread(spans.end)
            await send(message)

        await app(scope, receive, send_on if scope["type"] == "lifespan" else send)

    return told
