"""Procurement's database for a module of tests, and a scene in it whose transaction is never committed."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database, open_database
from tests.services.procurement.scene import Scene
from tests.support.databases import ServiceDatabase


@pytest.fixture(scope="module")
async def procurement_database(module_database: ServiceDatabase) -> AsyncIterator[Database]:
    """A migrated database, for all tests of a module together."""
    database = open_database(await module_database("procurement"), pool_size=20)
    yield database
    await database.close()


@pytest.fixture
async def scene(procurement_database: Database) -> AsyncIterator[Scene]:
    """A buyer with its people, in a transaction that is rolled back after the test."""
    async with procurement_database.sessions() as session:
        made = Scene(session)
        await made.begin()
        yield made
