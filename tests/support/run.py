"""One PostgreSQL and one Kafka for a whole test run, shared by all its processes and started when first asked for.

The process that leads the run (pytest itself, or xdist's controller) makes a folder and names it in the environment;
its workers find it there. Whoever needs a part first starts its keeper, under a lock.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.processes import Deadline, Identity, last_lines

FOLDER = "KURSLOTS_TEST_RUN"
_LEADER = "KURSLOTS_TEST_LEADER"


def machine_environment() -> dict[str, str]:
    """Return what any process needs to know of the machine, and no setting of the product that a test has made."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}


def begin() -> bool:
    """Make the run's folder; return whether this process leads the run."""
    if FOLDER in os.environ:
        return False
    leader = Identity.of(os.getpid())
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="kurslots-tests-")
    os.environ[_LEADER] = f"{leader.pid} {leader.made_at!r}"
    return True


def end() -> None:
    """Stop what was started and remove the run's folder: for the leader, when its workers are done."""
    folder = Path(os.environ.pop(FOLDER))
    del os.environ[_LEADER]
    (folder / "stop").touch()
    deadline = Deadline(20)
    for keeper in [_keeper(path) for path in folder.glob("*.keeper")]:
        while keeper.find() and not deadline.is_over:
            time.sleep(0.05)
    shutil.rmtree(folder)


def started() -> list[str]:
    """Return name and version of each part that this run started."""
    return [str(json.loads(path.read_text())["version"]) for path in sorted(Path(os.environ[FOLDER]).glob("*.json"))]


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """Hold one of the run's locks; gives the run's folder."""
    folder = Path(os.environ[FOLDER])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def part(name: str) -> dict[str, Any]:
    """Return the facts of a part ("postgres" or "kafka"), starting it the first time that the run needs it."""
    with locked(name) as folder:
        ready = folder / f"{name}.json"
        if not ready.exists():
            _start_keeper(name, folder, ready)
        facts: dict[str, Any] = json.loads(ready.read_text())
        return facts


def _start_keeper(name: str, folder: Path, ready: Path) -> None:
    log = folder / f"{name}.keeper.log"
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", "tests.support.keeper", name, str(folder), *os.environ[_LEADER].split()],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=True,
        )
    keeper = _keeper(folder / f"{name}.keeper")
    deadline = Deadline(110)
    while not ready.exists():
        if keeper.find() is None or deadline.is_over:
            raise RuntimeError(f"{name} was not started for the tests:\n{last_lines(log, 30)}")
        time.sleep(0.05)


def _keeper(path: Path) -> Identity:
    return Identity(*json.loads(path.read_text()))
