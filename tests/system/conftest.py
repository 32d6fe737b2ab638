"""One whole system for all tests of this folder: whoever asks first starts it, and it stops after the last."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from datetime import time, timedelta
from pathlib import Path

import httpx
import pytest

from deploy.demo.client import Cast
from shared.kernel.calendar import at_stockholm, legal_day, next_working_day
from shared.kernel.clock import machine_now, write_offset
from tests.support import run
from tests.support.system import System

_LONGEST_SECONDS = 300  # whichever test comes first waits for the start too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_LONGEST_SECONDS))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system on a folder that only its owner can reach; a test may stop it, `running` starts it again."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    system = System(closed / "home")
    system.up()
    _begin_a_working_day(system)
    yield system
    _tell_of(system)
    system.down()


@pytest.fixture
def running(system: System) -> System:
    """The system, running whatever the test before did to it, in the middle of a working day."""
    system.up()
    return system


@pytest.fixture
async def cast(running: System) -> AsyncIterator[Cast]:
    """The ready-made people, at the running system."""
    async with httpx.AsyncClient(base_url=running.url, timeout=60, trust_env=False) as http:
        yield Cast(running.url, http)


def _begin_a_working_day(system: System) -> None:
    """Step business time forward to a working day at ten: messages are held back outside working hours."""
    day = next_working_day(legal_day(machine_now() + timedelta(days=1)))
    write_offset(system.home.clock, at_stockholm(day, time(10)) - machine_now())


def _tell_of(system: System) -> None:
    """Let the run's summary say that a whole system was started, and how long each start took."""
    first, *later = [f"{seconds:.1f} s" for seconds in system.starts]
    told = f"a whole system at {system.url}, first ready after {first}"
    if later:
        told += f", later after {', '.join(later)}"
    (Path(os.environ[run.FOLDER]) / "system.json").write_text(json.dumps({"version": told}))
