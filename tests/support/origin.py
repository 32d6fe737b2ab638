"""Runs real origins and real services behind them, each on a free loopback port."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from deploy.embedded.origin.__main__ import server_config
from deploy.embedded.origin.app import Origin, create_app
from deploy.embedded.origin.settings import OriginSettings

SMS_USER, SMS_PASSWORD = "sample-user", "sample-password"


@dataclass(frozen=True)
class RunningOrigin:
    """An origin that answers, with a client for it."""

    settings: OriginSettings
    client: httpx.AsyncClient
    origin: Origin

    @property
    def url(self) -> str:
        return self.settings.url

    @property
    def smtp_port(self) -> int:
        return int(self.origin.listeners["smtp"].rpartition(":")[2])

    def write_routes(self, document: object) -> None:
        self.settings.routes.write_text(json.dumps(document), encoding="utf-8")

    def forget(self) -> None:
        """Be as if nothing had been sent, told or started."""
        self.origin.store._connection.executescript("DELETE FROM message; DELETE FROM receipt; DELETE FROM behaviour;")
        self.write_routes({})


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(server_config(app))
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def a_listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application at a free port; gives its base address."""
    with a_listener() as listener:
        port = listener.getsockname()[1]
        async with served(app, listener):
            yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running_origin(
    home: Path, *, at: socket.socket | None = None, **changes: object
) -> AsyncIterator[RunningOrigin]:
    """Run an origin on a home folder, at a listener of the caller's or its own; keywords replace its settings."""
    with at or a_listener() as listener:
        settings = OriginSettings(
            home=home,
            routes=home / "routes.json",
            sms_user=SMS_USER,
            sms_password=SMS_PASSWORD,
            port=listener.getsockname()[1],
            smtp_port=0,
        )
        settings = replace(settings, **changes)  # type: ignore[arg-type]  # names are the settings' own
        app = create_app(settings)
        async with served(app, listener), client_of(settings.url) as client:
            yield RunningOrigin(settings, client, app.state.origin)


def client_of(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=10, trust_env=False)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until a coroutine gives something true, with a deadline."""
    deadline = time.monotonic() + 10
    while not await condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        await asyncio.sleep(0.02)
