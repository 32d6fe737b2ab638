"""The secret page, running, and a browser that is signed in as nobody."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from shared.db import Database, open_database
from tests.shared.web.browser import secret
from tests.support.browser import CodeIssuer, browser
from tests.support.web import running


@pytest.fixture
def issuer() -> CodeIssuer:
    return CodeIssuer()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def app(database_url: str, issuer: CodeIssuer) -> AsyncIterator[FastAPI]:
    async with running(secret.create_app(database_url, issuer)) as app:
        yield app


@pytest.fixture
async def page(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as page:
        yield page
