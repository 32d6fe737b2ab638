"""Booking's database for a module of tests, and a session whose transaction is never committed."""

from collections.abc import AsyncIterator

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Database, open_database
from tests.services.booking.registered import Office, an_office
from tests.support.databases import ServiceDatabase


@pytest.fixture(scope="module")
async def booking_database(module_database: ServiceDatabase) -> AsyncIterator[Database]:
    """Booking's tables, for all tests of a module together."""
    database = open_database(await module_database("booking"), pool_size=20)
    yield database
    await database.close()


@pytest.fixture
async def session(booking_database: Database) -> AsyncIterator[AsyncSession]:
    """A session that is rolled back after the test."""
    async with booking_database.sessions() as opened:
        yield opened


@pytest.fixture(scope="module")
async def office(module_database: ServiceDatabase) -> AsyncIterator[Office]:
    """Booking's web app on a migrated database, for all tests of a module together."""
    async with an_office(await module_database("booking")) as opened:
        yield opened
