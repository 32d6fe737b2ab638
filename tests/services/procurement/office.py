"""Procurement's app over a committed scene, and clients signed in as its people; asked through ASGI."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.procurement.app import create_app
from services.procurement.settings import ProcurementSettings
from shared.db import Database, open_database
from tests.services.procurement.scene import Scene
from tests.support.web import LocalIssuer, running, settings_for, signed_client

API = "/procurement/api/v1"


@dataclass
class Office:
    """A running app, its database, and a scene whose every step is committed."""

    app: FastAPI
    database: Database
    scene: Scene
    issuer: LocalIssuer
    stack: AsyncExitStack
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def client(self, sub: str) -> httpx.AsyncClient:
        """Return the client of a person."""
        if sub not in self.clients:
            self.clients[sub] = await self.stack.enter_async_context(signed_client(self.app, self.issuer, sub))
        return self.clients[sub]

    async def ask(
        self,
        sub: str,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - any JSON
        *,
        expect: int | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON
        """Ask as a person and return the answer's JSON; anything but what is expected (or 2xx) fails the test."""
        response = await self.raw(sub, method, path, body)
        good = response.status_code == expect if expect else response.is_success
        assert good, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def raw(self, sub: str, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401 - any JSON
        """Ask as a person and return the answer."""
        client = await self.client(sub)
        return await client.request(method, f"{API}{path}", json=body)

    async def declared(self, case_id: UUID | str) -> None:
        """Let officer, opener and delegate declare in a case."""
        for sub in ("officer", "opener", "delegate"):
            await self.ask(sub, "POST", f"/cases/{case_id}/declarations", {"conflict": False})


@asynccontextmanager
async def opened_office(url: str, **parts: Any) -> AsyncIterator[Office]:  # noqa: ANN401 - of the scene's beginning
    """Start the app on a fresh database, with a buyer and its people in it."""
    issuer = LocalIssuer()
    settings = settings_for(ProcurementSettings, url, issuer)
    database = open_database(url, pool_size=10)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        session = await stack.enter_async_context(database.sessions())
        scene = Scene(session, keys=settings.keys)
        await scene.begin(**parts)
        await session.commit()
        app = create_app(settings, clock=scene.clock, database=database, issuer_transport=issuer.transport)
        await stack.enter_async_context(running(app))
        yield Office(app, database, scene, issuer, stack)
