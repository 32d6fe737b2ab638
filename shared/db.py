"""One service's PostgreSQL: the connection, the base of its tables, and its migrations.

Commands get a session and never commit; the edge does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import DateTime, MetaData, Text, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import AutoString, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SWEDISH = "sv-x-icu"


class UtcDateTime(TypeDecorator[datetime]):
    """A `timestamptz` that takes aware instants only and gives them back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: nobody can say which instant it is."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the instant in UTC."""
        return None if value is None else value.astimezone(UTC)


def swedish_text(length: int | None = None) -> Text:
    """Return the type of a column that people see sorted: å ä ö at the end."""
    return Text(length=length, collation=SWEDISH)


def table_base(service: str) -> type[SQLModel]:
    """Return the base class of a service's tables, with a registry and names of constraints of its own."""

    class ServiceTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
        pass

    ServiceTable.__name__ = f"{service.title()}Table"
    return ServiceTable


@dataclass(frozen=True)
class Database:
    """An open connection pool and the sessions made from it."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def open_database(
    url: str,
    *,
    name: str = "kurslots",
    pool_size: int = 5,
    lock_timeout_ms: int = 3000,
    statement_timeout_ms: int = 15000,
) -> Database:
    """Return a lazy pool: no connection is made before the first use.

    `url` is `postgresql://…`; the driver is asyncpg whatever it says.
    """
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": name,
                "timezone": "UTC",
                "lock_timeout": str(lock_timeout_ms),
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": "30000",
            },
        },
    )
    return Database(engine, async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False))


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
