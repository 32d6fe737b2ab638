"""One backstage for all tests of this folder: whoever asks first makes it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.drills.backstage import Backstage

# They need Go, root and Debian's packages: `make drill-servers` tries them.
collect_ignore = [] if os.environ.get("KURSLOTS_DRILL_SERVERS") else ["servers"]

_LONGEST_SECONDS = 400  # whichever comes first waits for servers and databases too, and other tests share the machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_LONGEST_SECONDS))


@pytest.fixture(scope="session")
async def backstage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backstage]:
    """What the drills of this run share."""
    async with Backstage(tmp_path_factory.mktemp("drills")) as made:
        yield made
