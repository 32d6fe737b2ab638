"""A machine clock that a drill steps while processes run: libfaketime, loaded into them, reads a file.

Only the time of day is stepped. The steady clock goes on, as it does when somebody sets a machine's clock.
"""

import os
import shutil
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

_LIBRARY = "faketime/libfaketime.so.1"
_PLACES = ("usr/lib", "usr/lib/*", "usr/lib64", "usr/local/lib")
_PACKAGE = "libfaketime"
_FETCH_SECONDS = 60


class NoFakeTimeError(Exception):
    """This machine has no libfaketime and cannot fetch it; the message says what to do."""


def library() -> Path:
    """Return Debian's libfaketime: installed, or unpacked from its package in the cache. Raises NoFakeTimeError."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kurslots" / _PACKAGE
    found = _found(Path("/")) or _found(cache)
    if not found and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _unpack(cache)
        found = _found(cache)
    if not found:
        raise NoFakeTimeError(f"The stepped clock needs libfaketime: install it (apt-get install {_PACKAGE}).")
    return found[0]


def _found(root: Path) -> list[Path]:
    return [path for place in _PLACES for path in sorted(root.glob(f"{place}/{_LIBRARY}"))]


def _unpack(cache: Path) -> None:
    """Fetch the package and unpack it beside the cache: nothing is installed, so nobody must be root."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
        fetched = subprocess.run(
            ["apt-get", "download", _PACKAGE],  # noqa: S607 - Debian's own
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_FETCH_SECONDS,
        )
        packages = list(Path(folder).glob("*.deb"))
        if fetched.returncode != 0 or not packages:
            raise NoFakeTimeError(
                f"The stepped clock needs libfaketime: install it (apt-get install {_PACKAGE}). "
                f"It could not be fetched: {fetched.stderr.strip()[-300:]}"
            )
        unpacked = Path(folder) / "unpacked"
        subprocess.run(["dpkg-deb", "-x", packages[0], unpacked], check=True)  # noqa: S607 - Debian's own
        unpacked.rename(cache)


class SteppedClock:
    """The clock of every process that was started with `environment`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(timedelta(0))

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with (not only forked)."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def step(self, by: timedelta) -> None:
        """Let the clock be so far from the machine's; processes see it within a second."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{by.total_seconds():+.0f}s\n", encoding="utf-8")
        fresh.replace(self._file)
