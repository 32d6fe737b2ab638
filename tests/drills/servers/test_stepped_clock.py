"""A process with the stepped clock sees another time of day from one second to the next, and the same steady clock."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.embedded.processes import Deadline, environment_with
from tests.drills.servers.stepped_clock import SteppedClock

TELL = """
import json, sys, time
for _ in sys.stdin:
    print(json.dumps([time.time(), time.monotonic()]), flush=True)
"""


class Told:
    """A process that tells its time when it is asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def clocks(self) -> tuple[float, float]:
        """Return its time of day and its steady clock."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        day, steady = json.loads(self._process.stdout.readline())
        return day, steady

    def wait_for_offset(self, seconds: float) -> None:
        deadline = Deadline(5)
        while abs(self.clocks()[0] - time.time() - seconds) > 2:
            assert not deadline.is_over, self.clocks()[0] - time.time()
            time.sleep(0.05)


@contextmanager
def telling(argv: list[str], clock: SteppedClock) -> Iterator[Told]:
    with subprocess.Popen(
        argv, env=environment_with(clock.environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Told(process)
        process.communicate(timeout=10)


def test_a_program_sees_the_clock_stepped_forth_and_back(tmp_path: Path) -> None:
    clock = SteppedClock(tmp_path / "clock")
    with telling([sys.executable, "-c", TELL], clock) as told:
        told.wait_for_offset(0)
        began = time.monotonic() - told.clocks()[1]
        for hours in (1, -1, 0):
            clock.step(timedelta(hours=hours))
            told.wait_for_offset(hours * 3600)
        assert time.monotonic() - told.clocks()[1] == pytest.approx(began, abs=1)
