"""Children of a supervisor that was killed: found by the mark that each carries in its environment, and stopped.

The mark names the folder, so a system on another folder is never touched. PostgreSQL overwrites its environment's
memory; it is known by its working folder.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.embedded.home import Home
from deploy.embedded.processes import Identity, stop_tree

HOME_MARK = "KURSLOTS_CHILD_OF"
PART_MARK = "KURSLOTS_PART"
_LAST = ("origin", "kafka", "postgresql")


def find_leftovers(home: Home) -> list[tuple[str, psutil.Process]]:
    """Return the processes of this folder, services first and PostgreSQL last; ask only while holding the lock."""
    found = {process.pid: (name, process) for name, process in (*_recorded(home), *_marked(home))}
    return sorted(found.values(), key=lambda pair: _LAST.index(pair[0]) if pair[0] in _LAST else -1)


def stop_leftovers(home: Home) -> list[str]:
    """Stop every process of this folder and return their names."""
    leftovers = find_leftovers(home)
    for name, process in leftovers:
        stop_tree(process, signal.SIGINT if name == "postgresql" else signal.SIGTERM, patience_s=5)
    return [name for name, _ in leftovers]


def _recorded(home: Home) -> Iterator[tuple[str, psutil.Process]]:
    """Processes with recorded number, moment of making and command line: all three, for numbers are used again."""
    for name, part in home.running().get("parts", {}).items():
        if part.get("pid") is None:
            continue
        process = Identity(part["pid"], part["made_at"]).find()
        try:
            if process is not None and process.cmdline()[:1] == part["argv"][:1]:
                yield name, process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _marked(home: Home) -> Iterator[tuple[str, psutil.Process]]:
    data = (home.folder / "postgres" / "data").resolve()
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.name() == "postgres":
                if Path(process.cwd()) == data:
                    yield "postgresql", process
                continue
            marks = process.environ()
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or another user's: not ours
        if marks.get(HOME_MARK) == str(home.folder):
            yield marks.get(PART_MARK, "?"), process
