"""A notification service on a database of its own, on a working day at ten."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.notification.app import create_app
from services.notification.settings import NotificationSettings
from shared.db import Database, open_database
from shared.kernel.clock import FixedClock
from tests.services.notification.office import Office, make_office
from tests.support.databases import ServiceDatabase
from tests.support.origin import RunningOrigin, running_origin
from tests.support.web import LocalIssuer, running, settings_for

TUESDAY_AT_TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(TUESDAY_AT_TEN)


@pytest.fixture(scope="module")
async def module_url(module_database: ServiceDatabase) -> str:
    return await module_database("notification")


@pytest.fixture
async def database_url(module_url: str) -> str:
    """A module's database, emptied: much quicker than a database for each test."""
    opened = open_database(module_url, pool_size=1)
    async with opened.engine.begin() as connection:
        names = await connection.execute(
            text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^alembic'")
        )
        await connection.execute(text(f"TRUNCATE {', '.join(names.scalars())} RESTART IDENTITY CASCADE"))
    await opened.close()
    return module_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
async def app(database_url: str, issuer: LocalIssuer, clock: FixedClock) -> AsyncIterator[FastAPI]:
    settings = settings_for(NotificationSettings, database_url, issuer)
    async with running(create_app(settings, clock=clock, issuer_transport=issuer.transport)) as app:
        yield app


@pytest.fixture(scope="module")
async def running_sinks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningOrigin]:
    async with running_origin(tmp_path_factory.mktemp("origin")) as origin:
        yield origin


@pytest.fixture
def sinks(running_sinks: RunningOrigin) -> RunningOrigin:
    """The real SMTP sink and SMS gateway of the embedded system, with nothing in them."""
    store = running_sinks.origin.store
    for table in ("message", "behaviour", "receipt"):
        store._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
    return running_sinks


@pytest.fixture
async def office(database: Database, clock: FixedClock, sinks: RunningOrigin, app: FastAPI) -> AsyncIterator[Office]:
    """Reactions, copies, sender and timers of the service, with the sinks as its ways out."""
    async with make_office(database, clock, sinks, app) as made:
        yield made
