"""One service's PostgreSQL: the connection, and what its tables are made of.

Commands get a session and never commit; the edge does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import DateTime, Text, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.types import TypeDecorator
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
        hide_parameters=True,  # a parameter may be personal data, and errors are logged
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
