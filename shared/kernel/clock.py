"""The two clocks. Business time can be stepped in demonstrations and tests; machine time never is.

Deadlines, reminders and history ask a `Clock`. Tokens, locks, back-off and purging ask `machine_now`.
"""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_OFFSET = struct.Struct("<q")


def machine_now() -> datetime:
    """The machine's own time, aware, in UTC."""
    return datetime.now(UTC)


class Clock(Protocol):
    """Business time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...


class SystemClock:
    """Business time that is the machine's."""

    def now(self) -> datetime:
        """Return the machine's time."""
        return machine_now()


class FixedClock:
    """Business time that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """Return where the clock stands."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative step moves it back."""
        self._now += by


class OffsetFileClock:
    """The machine's time plus an offset of whole microseconds kept in a file that many processes map.

    Whoever writes the offset moves the time of all of them at once.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            write_offset(path, timedelta(0))
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)

    def now(self) -> datetime:
        """Return the machine's time plus the offset as it is at this moment."""
        (microseconds,) = _OFFSET.unpack_from(self._map, 0)
        return machine_now() + timedelta(microseconds=microseconds)


def write_offset(path: Path, offset: timedelta) -> None:
    """Set the offset of every `OffsetFileClock` on this file."""
    packed = _OFFSET.pack(offset // timedelta(microseconds=1))
    if not path.exists():
        path.write_bytes(packed)
        return
    with path.open("r+b") as file:
        file.write(packed)


def read_offset(path: Path) -> timedelta:
    """Return the offset that the file holds, or none where there is no file."""
    if not path.exists():
        return timedelta(0)
    (microseconds,) = _OFFSET.unpack(path.read_bytes()[: _OFFSET.size])
    return timedelta(microseconds=microseconds)


def clock_from(spec: str, *, may_be_stepped: bool) -> Clock:
    """Return the clock that a setting names: `system`, or `file:PATH` where it may be stepped.

    Raises ValueError for another spec, and for a file where time must not be stepped.
    """
    if spec == "system":
        return SystemClock()
    kind, _, path = spec.partition(":")
    if kind != "file" or not path:
        raise ValueError(f"KURSLOTS_CLOCK is {spec!r}; write system, or file:PATH")
    if not may_be_stepped:
        raise ValueError("KURSLOTS_CLOCK=file:… steps the time and is for the embedded system only; remove it")
    return OffsetFileClock(Path(path))
