"""A small disk is really full when it was filled, and has room again afterwards."""

import errno
from pathlib import Path

import pytest

from tests.drills.servers.small_disk import MayNotMountError, SmallDisk


def test_a_filled_disk_takes_no_byte_more(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    try:
        with SmallDisk(folder, megabytes=4) as disk:
            (folder / "before").write_bytes(bytes(1_000_000))
            disk.fill(leaving=64 * 1024)
            assert 0 < disk.free <= 128 * 1024
            disk.fill()
            with pytest.raises(OSError, match="No space left") as failed:
                (folder / "more").write_bytes(bytes(100_000))
            assert failed.value.errno == errno.ENOSPC
            disk.make_room()
            (folder / "more").write_bytes(bytes(1_000_000))
    except MayNotMountError as refusal:
        assert "mount" in str(refusal) or "tmpfs" in str(refusal)  # noqa: PT017 - the drill's row says it
    assert not list(folder.iterdir())
