"""The PostgreSQL and the Kafka that a bench works on: its own, as durable as in the product."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy import MetaData

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import free_port
from shared.db import open_database
from shared.migrations import migrate
from tests.support.keeper import PASSWORD
from tests.support.own_parts import OwnPart

OWNER = "bench"


@dataclass(frozen=True, slots=True)
class Parts:
    """Where PostgreSQL and Kafka are, and a folder for logs."""

    postgres: PostgresServer
    bootstrap: str
    folder: Path

    async def blank_database(self, *metadata: MetaData) -> str:
        """Return the URL of a fresh database with these tables."""
        url = await self.postgres.ensure_database(f"b_{uuid4().hex[:12]}", OWNER, PASSWORD)
        database = open_database(url)
        try:
            async with database.engine.begin() as connection:
                for tables in metadata:
                    await connection.run_sync(tables.create_all)
        finally:
            await database.close()
        return url

    async def service_database(self, service: str) -> str:
        """Return the URL of a fresh database with a service's tables."""
        url = await self.postgres.ensure_database(f"b_{uuid4().hex[:12]}", OWNER, PASSWORD)
        await migrate(service, url)
        return url

    async def drop(self, url: str) -> None:
        """Remove a database that was made here, whoever is still connected."""
        connection = await asyncpg.connect(self.postgres.url())
        try:
            await connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')
        finally:
            await connection.close()


@asynccontextmanager
async def own_parts() -> AsyncIterator[Parts]:
    """Start both and stop them afterwards."""
    with tempfile.TemporaryDirectory(prefix="kurslots-bench-") as name:
        os.chmod(name, 0o755)  # noqa: PTH101, S103 - PostgreSQL runs as another user where we are root
        async with _parts_in(Path(name)) as parts:
            yield parts


@asynccontextmanager
async def _parts_in(folder: Path) -> AsyncIterator[Parts]:
    postgres = PostgresServer(folder / "postgres", free_port(), PASSWORD)
    kafka = KafkaServer(folder / "kafka", free_port(), free_port())
    owned = [OwnPart(server, folder / f"{name}.log") for name, server in (("postgres", postgres), ("kafka", kafka))]
    try:
        for part in owned:
            await part.start()
        yield Parts(postgres, kafka.bootstrap, folder)
    finally:
        for part in owned:
            part.stop()
