"""The sample service, running on a database that the tests of one module share and that each finds empty."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from deploy.embedded.postgres import PostgresServer
from shared.db import open_database
from tests.shared.web import sample
from tests.support.databases import Databases
from tests.support.web import LocalIssuer, running, settings_for


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture(scope="module")
async def shared_url(postgres: PostgresServer) -> AsyncIterator[str]:
    made = Databases(postgres)
    yield await made.blank(*sample.METADATA)
    await made.drop_all()


@pytest.fixture
async def database_url(shared_url: str) -> str:
    database = open_database(shared_url)
    async with database.engine.begin() as connection:
        for metadata in sample.METADATA:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(table.delete())
    await database.close()
    return shared_url


@pytest.fixture
async def app(database_url: str, issuer: LocalIssuer) -> AsyncIterator[FastAPI]:
    settings = settings_for(sample.SampleSettings, database_url, issuer)
    async with running(sample.create_app(settings, issuer_transport=issuer.transport)) as app:
        yield app
