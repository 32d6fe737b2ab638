"""One origin per test, on an empty home folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.origin import RunningOrigin, running_origin


@pytest.fixture
async def origin(tmp_path: Path) -> AsyncIterator[RunningOrigin]:
    async with running_origin(tmp_path) as running:
        yield running
