from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.courses.rules import (
    RUN,
    FeePayer,
    MeetingPlan,
    Mode,
    RunPlan,
    RunState,
    changes_between,
    check_not_begun,
    check_plan,
    in_order,
    is_late_cancellation,
    mode_of,
    reminder_at,
)
from shared.kernel.errors import Conflict, InvalidInput, Refused, Several

MONDAY = datetime(2026, 9, 7, 7, 0, tzinfo=UTC)
ALLOWED = {
    *((RunState.SCHEDULED, after) for after in RunState),
    (RunState.POSTPONED, RunState.SCHEDULED),
    (RunState.POSTPONED, RunState.CANCELLED),
}


def a_meeting(*, starts_at: datetime = MONDAY, hours: float = 2, mode: Mode = Mode.PHYSICAL) -> MeetingPlan:
    return MeetingPlan(starts_at, starts_at + timedelta(hours=hours), mode, place="Falun")


@pytest.mark.parametrize("before", RunState)
@pytest.mark.parametrize("after", RunState)
def test_a_run_moves_only_as_its_table_says(before: RunState, after: RunState) -> None:
    if (before, after) in ALLOWED:
        RUN.check(before, after)
    else:
        with pytest.raises(Conflict):
            RUN.check(before, after)


def test_a_run_is_physical_or_digital_only_where_every_meeting_is() -> None:
    assert mode_of([Mode.PHYSICAL, Mode.PHYSICAL]) is Mode.PHYSICAL
    assert mode_of([Mode.DIGITAL]) is Mode.DIGITAL
    assert mode_of([Mode.PHYSICAL, Mode.DIGITAL]) is Mode.BOTH


def test_meetings_are_put_in_order() -> None:
    later = a_meeting(starts_at=MONDAY + timedelta(days=1))
    assert in_order([later, a_meeting()]) == (a_meeting(), later)


@pytest.mark.parametrize(
    ("meetings", "field"),
    [
        ([], "meetings"),
        ([a_meeting(hours=0)], "meetings.0.ends_at"),
        ([a_meeting(hours=25)], "meetings.0.ends_at"),
        ([a_meeting(starts_at=datetime(1999, 12, 31, tzinfo=UTC))], "meetings.0.starts_at"),
        ([a_meeting(), a_meeting(starts_at=MONDAY + timedelta(hours=1))], "meetings"),
    ],
)
def test_meetings_that_cannot_be_held_are_refused_with_their_field(meetings: list[MeetingPlan], field: str) -> None:
    with pytest.raises(Several) as refused:
        in_order(meetings)
    assert [error.field for error in refused.value.errors] == [field]


def test_meetings_may_follow_each_other_without_a_break() -> None:
    assert len(in_order([a_meeting(), a_meeting(starts_at=MONDAY + timedelta(hours=2))])) == 2


def test_a_fee_names_its_payer() -> None:
    check_plan(RunPlan(10, (), price_ore=100_000, fee_payer=FeePayer.EMPLOYER))
    for incomplete in (RunPlan(10, (), price_ore=100_000), RunPlan(10, (), fee_payer=FeePayer.PROJECT)):
        with pytest.raises(InvalidInput):
            check_plan(incomplete)


def test_a_cap_above_the_capacity_is_refused() -> None:
    check_plan(RunPlan(10, (), employer_cap=10))
    with pytest.raises(InvalidInput):
        check_plan(RunPlan(10, (), employer_cap=11))


def test_what_is_new_is_named() -> None:
    before = [a_meeting()]
    assert changes_between(before, before) == ()
    assert changes_between(before, [a_meeting(starts_at=MONDAY + timedelta(hours=1))]) == ("times",)
    assert changes_between(before, [a_meeting(mode=Mode.DIGITAL)]) == ("mode",)
    moved = MeetingPlan(MONDAY, MONDAY + timedelta(hours=2), Mode.DIGITAL, place=None)
    assert changes_between(before, [moved]) == ("place", "mode")


def test_a_reminder_is_due_at_ten_in_sweden_the_day_before_summer_and_winter() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert reminder_at(MONDAY, 1, now) == datetime(2026, 9, 6, 8, 0, tzinfo=UTC)
    assert reminder_at(datetime(2026, 12, 7, 8, 0, tzinfo=UTC), 1, now) == datetime(2026, 12, 6, 9, 0, tzinfo=UTC)


def test_a_meeting_early_in_the_swedish_night_is_reminded_of_on_the_swedish_day_before() -> None:
    # 00:30 on the 7th in Sweden is still the 6th in UTC
    assert reminder_at(datetime(2026, 9, 6, 22, 30, tzinfo=UTC), 1, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2026, 9, 6, 8, 0, tzinfo=UTC
    )


def test_whoever_hears_of_a_meeting_after_its_reminder_needs_none() -> None:
    due = reminder_at(MONDAY, 1, MONDAY - timedelta(days=30))
    assert due is not None
    assert reminder_at(MONDAY, 1, due) is None
    assert reminder_at(MONDAY, 1, due - timedelta(seconds=1)) == due


def test_a_run_has_begun_at_the_instant_of_its_first_meeting() -> None:
    check_not_begun(MONDAY, MONDAY - timedelta(microseconds=1))
    with pytest.raises(Refused):
        check_not_begun(MONDAY, MONDAY)


def test_cancelling_is_free_to_the_end_of_the_last_free_day_in_sweden() -> None:
    starts = datetime(2026, 9, 20, 7, 0, tzinfo=UTC)
    assert not is_late_cancellation(starts, datetime(2026, 9, 6, 21, 59, tzinfo=UTC), 14)
    assert is_late_cancellation(starts, datetime(2026, 9, 6, 22, 0, tzinfo=UTC), 14)


@given(
    days=st.integers(0, 60),
    wait=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=90)),
)
def test_once_late_a_cancellation_stays_late(days: int, wait: timedelta) -> None:
    now = MONDAY - timedelta(days=30)
    if is_late_cancellation(MONDAY, now, days):
        assert is_late_cancellation(MONDAY, now + wait, days)
