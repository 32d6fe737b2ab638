"""Bringing a service's database to the tables that its code needs, by its own Alembic history."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import AutoString

from shared.db import UtcDateTime


def migration_config(service: str, url: str) -> Config:
    """Return what Alembic needs to migrate a service's database."""
    package = import_module(f"services.{service}")
    config = Config()
    config.set_main_option("script_location", str(Path(str(package.__file__)).parent / "migrations"))
    config.attributes["url"] = url
    config.attributes["service"] = service
    return config


async def migrate(service: str, url: str, revision: str = "head") -> None:
    """Bring a service's database to `revision`; doing it twice changes nothing."""
    await asyncio.to_thread(command.upgrade, migration_config(service, url), revision)


def run_migrations(metadata: Sequence[MetaData]) -> None:
    """Run the migrations that Alembic asks for; the whole of a service's `migrations/env.py`.

    Two processes that start together are serialised by an advisory lock.
    """
    asyncio.run(_run_online(metadata))


async def _run_online(metadata: Sequence[MetaData]) -> None:
    from alembic import context  # noqa: PLC0415 - exists only while Alembic runs

    options: dict[str, Any] = {
        "target_metadata": list(metadata),
        "compare_type": True,
        "compare_server_default": True,
        "render_item": _render_type,
    }
    engine = create_async_engine(make_url(context.config.attributes["url"]).set(drivername="postgresql+asyncpg"))

    def work(connection: Any) -> None:  # noqa: ANN401 - the synchronous face of an asynchronous connection
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('kurslots-migrations'))")
            context.run_migrations()

    try:
        async with engine.connect() as connection:
            await connection.run_sync(work)
            await connection.commit()
    finally:
        await engine.dispose()


def _render_type(kind: str, item: object, imports: Any) -> str | Literal[False]:  # noqa: ANN401 - Alembic's context
    """Write our column types as what the database sees, so that an old migration needs none of our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.Text()" if item.length is None else f"sa.String(length={item.length})"
    del imports
    return False
