"""Starting and stopping one process, and telling a process of ours from a stranger that got its number.

A process is known by its number *and* the moment it was made: numbers are used again.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PartError(Exception):
    """A part could not be started; the message tells the person which, why, and what to do."""


@dataclass(frozen=True)
class Program:
    """What to run, where, and how to stop it. `environment` is added to ours; None takes a name out."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM


def environment_with(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return our environment with these changes; None takes a name out."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}


def start(program: Program, log: Path, *, dies_with_parent: bool = False) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with both outputs appended to `log`.

    `dies_with_parent` (Linux only) makes the kernel stop it when the *thread* that called this ends: call it from the
    main thread.
    """

    def ask_for_signal_at_parents_death() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(program.stop_signal))

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            program.argv,
            cwd=program.folder,
            env=environment_with(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=program.user,
            group=program.group,
            extra_groups=[] if program.user is not None else None,
            # Only makes one system call: no lock of another thread is touched between fork and exec.
            preexec_fn=ask_for_signal_at_parents_death if dies_with_parent else None,  # noqa: PLW1509 - the child does nothing there but ask the kernel
        )


@dataclass(frozen=True)
class Identity:
    """Which process it was: its number, and when it was made (seconds since 1970, as the system tells)."""

    pid: int
    made_at: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Return the identity of a running process; raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs and is the same one."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.made_at) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


def stop_tree(process: psutil.Process, stop_signal: signal.Signals = signal.SIGTERM, patience_s: float = 8) -> None:
    """Ask a process to stop; after `patience_s` kill it and whatever it started."""
    try:
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
    except psutil.NoSuchProcess:
        return
    for survivor in _wait_until_ended(family, patience_s):
        with contextlib.suppress(psutil.NoSuchProcess):
            survivor.kill()
    _wait_until_ended(family, 5)


def _wait_until_ended(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that still run when the time is up; one that its parent has not yet asked about has ended."""
    deadline = Deadline(seconds)
    while (alive := [process for process in processes if _runs(process)]) and not deadline.is_over:
        time.sleep(0.02)
    return alive


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a log, to show why a part did not start."""
    if not log.exists():
        return "(it wrote nothing)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


class Deadline:
    """A moment by which something must have happened, on the machine's steady clock."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.at
