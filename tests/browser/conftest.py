"""One portal for all tests of this folder, which run one after the other on one worker."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.embedded.postgres import PostgresServer
from tests.browser.portal import Portal, running_portal
from tests.support.databases import Databases

_LONGEST_SECONDS = 600  # whichever test comes first waits for the start too; a busy machine takes its time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_LONGEST_SECONDS))


@pytest.fixture(scope="session")
async def portal(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    databases = Databases(postgres)
    async with running_portal(databases, tmp_path_factory.mktemp("portal")) as portal:
        yield portal
    await databases.drop_all()
