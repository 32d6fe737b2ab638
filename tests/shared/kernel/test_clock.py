"""Business time can be stepped where it may; machine time cannot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.kernel.clock import FixedClock, OffsetFileClock, SystemClock, clock_from, read_offset, write_offset


def test_every_process_on_the_file_sees_a_step_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    first, second = OffsetFileClock(file), OffsetFileClock(file)
    write_offset(file, timedelta(days=3))
    for clock in (first, second):
        assert timedelta(days=3) <= clock.now() - datetime.now(UTC) + timedelta(seconds=5)
    write_offset(file, timedelta(hours=-2))
    assert first.now() < datetime.now(UTC) - timedelta(hours=1)
    assert read_offset(file) == timedelta(hours=-2)


def test_a_stepped_clock_is_refused_where_time_must_not_be_stepped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="embedded system only"):
        clock_from(f"file:{tmp_path / 'clock'}", may_be_stepped=False)


@pytest.mark.parametrize("spec", ["", "file:", "atomic"])
def test_an_unknown_clock_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="write system, or file:PATH"):
        clock_from(spec, may_be_stepped=True)


def test_the_systems_clock_is_aware() -> None:
    assert isinstance(clock_from("system", may_be_stepped=False), SystemClock)
    assert SystemClock().now().tzinfo is not None


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(timedelta(minutes=1))
    assert clock.now() == datetime(2026, 11, 23, 10, 1, tzinfo=UTC)
