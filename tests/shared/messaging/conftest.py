"""A small service that listens: it writes what it is told into a ledger, and can be told to fail."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database, open_database
from shared.messaging import tables
from tests.shared.messaging import ledger
from tests.support.databases import BlankDatabase


@pytest.fixture
async def database_url(blank_database: BlankDatabase) -> str:
    return await blank_database(tables.metadata, ledger.metadata)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
def listener() -> ledger.Listener:
    return ledger.Listener()
