"""One service's PostgreSQL: every connection to it, and what its tables are made of.

Commands get a session and never commit; the edge does. A URL protects a connection by libpq's own parameters,
`sslmode=verify-full&sslrootcert=FILE` (and `sslcert`, `sslkey`); without them there is no TLS.
"""

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import asyncpg
from sqlalchemy import URL, DateTime, Engine, Text, event, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
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
ANSWER_GRACE_SECONDS = 5.0
TRUSTED_SECONDS = 1.0
AWAY = (SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError)
_REFUSALS = {
    "28P01": "PostgreSQL refused the user or the password",
    "28000": "PostgreSQL refused the connection: does it ask for TLS, or not know the user or the address?",
}
_TLS_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


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


def tls_of(url: URL) -> ssl.SSLContext | Literal[False]:
    """Return how a connection to this URL is protected. Raises ValueError for what would protect by half.

    Files are read anew each time, so that renewed certificates are taken without a restart.
    """
    parameters = {name: str(url.query[name]) for name in _TLS_PARAMETERS if name in url.query}
    mode = parameters.get("sslmode", "disable")
    if "ssl" in url.query:
        raise ValueError("a database URL has ssl=…: say sslmode=verify-full instead")
    if mode not in ("disable", "verify-full"):
        raise ValueError(f"a database URL has sslmode={mode}: only verify-full checks who answers; disable is no TLS")
    if mode == "disable":
        if extra := parameters.keys() - {"sslmode"}:
            raise ValueError(
                f"a database URL has {', '.join(sorted(extra))} without sslmode=verify-full: there is no TLS"
            )
        return False
    try:
        context = ssl.create_default_context(cafile=parameters.get("sslrootcert"))
        if "sslcert" in parameters:
            context.load_cert_chain(parameters["sslcert"], parameters.get("sslkey"))
    except OSError as error:
        raise ValueError(f"a certificate file of a database URL cannot be used: {error}") from error
    return context


async def connect_alone(url: URL, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":  # noqa: ANN401 - asyncpg's
    """Return a connection outside any pool; whoever asks for it closes it."""
    address = url.set(drivername="postgresql").difference_update_query(_TLS_PARAMETERS)
    return await asyncpg.connect(address.render_as_string(hide_password=False), ssl=tls_of(url), **options)


def why_away(error: BaseException) -> str:
    """Say why PostgreSQL could not be used (`AWAY`), without its own words: they may quote values."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"PostgreSQL has a certificate that is not trusted: {error.verify_message}"
    if (code := getattr(getattr(error, "orig", None) or error, "sqlstate", None)) in _REFUSALS:
        return _REFUSALS[code]
    if isinstance(error, ConnectionError) and "SSL" in str(error):
        return "PostgreSQL offers no TLS"
    return f"PostgreSQL cannot be used: {type(getattr(error, 'orig', None) or error).__name__}"


def make_engine(url: str, **options: Any) -> AsyncEngine:  # noqa: ANN401 - SQLAlchemy's
    """Return a lazy engine, protected as its URL says. Raises ValueError as `tls_of`.

    `url` is `postgresql://…`; the driver is asyncpg whatever it says.
    """
    address = make_url(url).set(drivername="postgresql+asyncpg")
    tls_of(address)
    engine = create_async_engine(address, **options)

    @event.listens_for(engine.sync_engine, "do_connect")
    def protect(_dialect: Dialect, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        for name in _TLS_PARAMETERS:
            parameters.pop(name, None)
        parameters["ssl"] = tls_of(address)

    return engine


async def rows_of(session: AsyncSession, statement: str, *values: object) -> Sequence[Any]:
    """Run a statement as it stands, `$1` for the first value, in the session's transaction; return its rows.

    For the few that are run so often that putting them together would cost as much as running them. What the session
    has not yet flushed is not seen, and values come as the driver gives them.
    """
    return await session.run_sync(_rows_of, statement, values)


def _rows_of(session: Session, statement: str, values: tuple[object, ...]) -> Sequence[Any]:
    return session.connection().exec_driver_sql(statement, values).all()


def _look_before_use(engine: Engine) -> None:
    """Replace a connection that was closed while it lay in the pool, and ask one that lay there for long.

    To ask one that was used a moment ago, as the pool's own way is, costs three round trips for every request; and that
    its server went away, or threw it out, this end of it knows without asking.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["given_back"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: ConnectionPoolEntry, _holder: object) -> None:  # noqa: ANN401 - the driver's
        given_back = record.info.pop("given_back", None)
        if given_back is None:
            return
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed while it lay in the pool")
        if time.monotonic() - given_back > TRUSTED_SECONDS and not _answers(engine, connection):
            raise InvalidatePoolError("no answer")


def _answers(engine: Engine, connection: Any) -> bool:  # noqa: ANN401 - the driver's
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        if engine.dialect.is_disconnect(error, connection, None):
            return False
        raise


def open_database(
    url: str,
    *,
    name: str = "kurslots",
    pool_size: int = 5,
    lock_timeout_ms: int = 3000,
    statement_timeout_ms: int = 15000,
) -> Database:
    """Return a lazy pool: no connection is made before the first use.

    The server's own limits do not reach us where the network swallows its answers: we wait a little longer than they
    last, and then raise TimeoutError.
    """
    engine = make_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        hide_parameters=True,  # a parameter may be personal data, and errors are logged
        pool_timeout=10,
        connect_args={
            "timeout": 10,
            "command_timeout": statement_timeout_ms / 1000 + ANSWER_GRACE_SECONDS,
            "server_settings": {
                "application_name": name,
                "timezone": "UTC",
                "lock_timeout": str(lock_timeout_ms),
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": "30000",
            },
        },
    )
    _look_before_use(engine.sync_engine)
    return Database(engine, async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False))
