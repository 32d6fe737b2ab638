"""The sample service, running on a database of its own."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.shared.web import sample
from tests.support.databases import BlankDatabase
from tests.support.web import LocalIssuer, running, settings_for


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
async def database_url(blank_database: BlankDatabase) -> str:
    return await blank_database(*sample.METADATA)


@pytest.fixture
async def app(database_url: str, issuer: LocalIssuer) -> AsyncIterator[FastAPI]:
    settings = settings_for(sample.SampleSettings, database_url, issuer)
    async with running(sample.create_app(settings, issuer_transport=issuer.transport)) as app:
        yield app
