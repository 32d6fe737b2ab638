"""One origin for a module's tests, as empty before each as a new one; `running_origin` gives a test its own."""

from collections.abc import AsyncIterator

import pytest

from tests.support.origin import RunningOrigin, running_origin


@pytest.fixture(scope="module")
async def modules_origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningOrigin]:
    async with running_origin(tmp_path_factory.mktemp("origin")) as running:
        yield running


@pytest.fixture
def origin(modules_origin: RunningOrigin) -> RunningOrigin:
    modules_origin.forget()
    return modules_origin
