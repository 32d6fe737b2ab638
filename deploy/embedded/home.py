"""The folder of one embedded system: its lock, its secrets, its logs, and what of it runs now.

The lock is held by the kernel for the living supervisor, so a killed one leaves none behind.
"""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class HomeInUseError(Exception):
    """Another supervisor runs on this folder."""


def home_folder() -> Path:
    """Return KURSLOTS_HOME, or `.kurslots` where we are."""
    return Path(os.environ.get("KURSLOTS_HOME") or ".kurslots").absolute()


class Home:
    """One system's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def routes(self) -> Path:
        return self.folder / "routes.json"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    def make(self) -> None:
        """Make the folder for its owner alone, where it is missing."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only supervisor of this folder; raises HomeInUseError."""
        self.make()
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                raise HomeInUseError(
                    f"Kurslots already runs on {self.folder} (process {running.get('supervisor', {}).get('pid', '?')}, "
                    f"{running.get('origin', 'starting')}). Stop it with `kurslots down`, or name another folder in "
                    "KURSLOTS_HOME."
                ) from None
            yield

    def is_locked(self) -> bool:
        """Whether a supervisor runs on this folder now."""
        try:
            with (self.folder / "lock").open("a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def secret(self, name: str) -> str:
        """Return a secret of this system: 32 random bytes in base64, made the first time it is asked for."""
        path = self.folder / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if name not in known:
            known[name] = base64.b64encode(secrets.token_bytes(32)).decode()
            self._write(path, known)
        return known[name]

    def running(self) -> dict[str, Any]:
        """Return what the last supervisor wrote about its parts; it may be dead by now."""
        return self._read("running.json")

    def write_running(self, state: dict[str, Any]) -> None:
        self._write(self.folder / "running.json", state)

    def write_routes(self, routes: dict[str, Any]) -> None:
        self._write(self.routes, routes)

    def marks(self) -> dict[str, str]:
        """Return what was set up, each with a sum of what it was set up from."""
        return self._read("set-up.json")

    def mark(self, name: str, value: str) -> None:
        self._write(self.folder / "set-up.json", {**self.marks(), name: value})

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        if not path.exists():
            return {}
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    @staticmethod
    def _write(path: Path, content: dict[str, Any]) -> None:
        """Replace the file at once, readable by its owner alone: a reader never sees half of it."""
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
