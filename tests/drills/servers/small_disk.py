"""A file system of a few megabytes, which a server can really fill: mounted memory where this machine lets us mount.

A quota or a patched write would show something else than a server meets: `ENOSPC` from every call that wants a block.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_BLOCK = 64 * 1024
_DETACH = 2


class MayNotMountError(Exception):
    """This machine lets nobody mount anything here; the message says what it said."""


class SmallDisk:
    """A folder with so many megabytes, until it is left. Raises MayNotMountError on entering."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        self._megabytes = megabytes
        self._filler = folder / "filler"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        options = f"size={self._megabytes}m,mode=0755"
        if _LIBC is None:
            raise MayNotMountError(f"{sys.platform} has no tmpfs")
        if _LIBC.mount(b"tmpfs", os.fsencode(self.folder), b"tmpfs", 0, options.encode()) != 0:
            raise MayNotMountError(f"mounting a tmpfs: {os.strerror(ctypes.get_errno())} (it takes root on Linux)")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert _LIBC is not None
        if _LIBC.umount2(os.fsencode(self.folder), _DETACH) != 0:
            raise OSError(ctypes.get_errno(), "unmounting the small disk")

    @property
    def free(self) -> int:
        """How many bytes are left."""
        return shutil.disk_usage(self.folder).free

    def fill(self, *, leaving: int = 0) -> None:
        """Take all the room but `leaving` bytes; again takes what has become free since."""
        with self._filler.open("ab", buffering=0) as file:
            while (room := self.free - leaving) > 0:
                try:
                    file.write(bytes(min(room, _BLOCK)))
                except OSError:  # somebody else was quicker
                    return

    def make_room(self) -> None:
        """Give back what `fill` took."""
        self._filler.unlink(missing_ok=True)
