"""Booking's database for a module of tests, and a session whose transaction is never committed."""

from collections.abc import AsyncIterator

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

import services.booking.bookings.tables
import services.booking.reach.tables
import services.booking.requests.tables  # noqa: F401
from deploy.embedded.postgres import PostgresServer
from services.booking.base import BookingTable
from shared.db import Database, open_database
from shared.messaging.tables import metadata as messaging
from shared.web.tables import metadata as web
from tests.support.databases import Databases


@pytest.fixture(scope="module")
async def booking_database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """Booking's tables, for all tests of a module together."""
    made = Databases(postgres)
    database = open_database(await made.blank(BookingTable.metadata, messaging, web), pool_size=20)
    yield database
    await database.close()
    await made.drop_all()


@pytest.fixture
async def session(booking_database: Database) -> AsyncIterator[AsyncSession]:
    """A session that is rolled back after the test."""
    async with booking_database.sessions() as opened:
        yield opened
