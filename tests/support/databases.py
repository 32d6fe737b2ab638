"""Fresh databases for tests: cloned from a template that is migrated once per run, dropped after use."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
from sqlalchemy import MetaData

from deploy.embedded.postgres import PostgresServer
from shared.db import open_database
from shared.migrations import migrate
from tests.support.keeper import PASSWORD
from tests.support.run import locked

ServiceDatabase = Callable[[str], Awaitable[str]]
BlankDatabase = Callable[..., Awaitable[str]]
_OWNER = "tester"


class Databases:
    """Makes databases on one server, and remembers them so that `drop_all` can remove them."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made: list[str] = []

    async def of_service(self, service: str) -> str:
        """Return the URL of a fresh database with the service's newest tables."""
        return await self._clone(f"template_{service}", service)

    async def blank(self, *metadata: MetaData) -> str:
        """Return the URL of a fresh database with our extensions and the tables of `metadata`."""
        url = await self._clone("template_blank", None)
        database = open_database(url)
        try:
            async with database.engine.begin() as connection:
                for tables in metadata:
                    await connection.run_sync(tables.create_all)
        finally:
            await database.close()
        return url

    async def drop_all(self) -> None:
        if not self._made:
            return
        connection = await asyncpg.connect(self._server.url())
        try:
            while self._made:
                await connection.execute(f'DROP DATABASE "{self._made.pop()}" WITH (FORCE)')
        finally:
            await connection.close()

    async def _clone(self, template: str, service: str | None) -> str:
        await asyncio.to_thread(self._ensure_template, template, service)
        name = f"t_{uuid4().hex[:16]}"
        connection = await asyncpg.connect(self._server.url())
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {_OWNER}')
        finally:
            await connection.close()
        self._made.append(name)
        return self._server.url(name, _OWNER, PASSWORD)

    def _ensure_template(self, template: str, service: str | None) -> None:
        """Make a template once per run; in a thread, for another worker may hold the lock for seconds."""
        with locked("templates") as folder:
            mark = folder / f"{template}.made"
            if mark.exists():
                return
            asyncio.run(self._make_template(template, service))
            mark.touch()

    async def _make_template(self, template: str, service: str | None) -> None:
        connection = await asyncpg.connect(self._server.url())
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{template}" WITH (FORCE)')
        finally:
            await connection.close()
        url = await self._server.ensure_database(template, _OWNER, PASSWORD)
        if service:
            await migrate(service, url)
