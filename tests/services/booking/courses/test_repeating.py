"""Copies of runs over plain values: the clock in Sweden shows the same on each, whatever summer time does."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.courses.repeating import Series, check_series, copied, moved, unusual_day
from services.booking.courses.rules import MeetingPlan, Mode, RunPlan
from services.booking.courses.terms import Terms, check_terms
from shared.kernel.calendar import STOCKHOLM, at_stockholm, legal_day
from shared.kernel.errors import InvalidInput

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_DAYS = st.dates(date(2026, 11, 24), date(2028, 12, 31))


def a_meeting(day: date, *, begins: int = 9, hours: int = 3) -> MeetingPlan:
    starts_at = at_stockholm(day, time(begins))
    return MeetingPlan(starts_at, starts_at + timedelta(hours=hours), Mode.PHYSICAL, "Magasinet")


def a_plan(*days: date, terms: Terms | None = None) -> RunPlan:
    return RunPlan(12, tuple(a_meeting(day) for day in days), employer_cap=4, terms=terms or Terms())


def test_a_series_across_summer_time_is_held_at_the_same_time_of_day() -> None:
    days = Series(date(2027, 3, 22), count=3, every_weeks=1).first_days()
    assert days == (date(2027, 3, 22), date(2027, 3, 29), date(2027, 4, 5))
    begins = [copied(a_plan(date(2027, 3, 15)), day, NOW).meetings[0].starts_at for day in days]
    assert [at.hour for at in begins] == [8, 7, 7]  # UTC: summer time began on the 28th


@given(first=_DAYS, gap=st.integers(0, 40), day=_DAYS)
def test_days_between_meetings_and_times_of_day_stay(first: date, gap: int, day: date) -> None:
    plan = a_plan(first, first + timedelta(days=gap + 1))
    made = copied(plan, day, NOW).meetings
    assert legal_day(made[0].starts_at) == day
    assert legal_day(made[1].starts_at) - day == timedelta(days=gap + 1)
    for before, after in zip(plan.meetings, made, strict=True):
        assert before.starts_at.astimezone(STOCKHOLM).time() == after.starts_at.astimezone(STOCKHOLM).time()
        assert before.ends_at.astimezone(STOCKHOLM).time() == after.ends_at.astimezone(STOCKHOLM).time()
        assert (after.place, after.meeting_id) == ("Magasinet", None)


@given(day=st.dates(legal_day(NOW), date(2027, 6, 30)), decided=st.integers(1, 60), closed=st.integers(0, 60))
def test_the_terms_of_a_copy_can_always_be_kept(day: date, decided: int, closed: int) -> None:
    first = date(2027, 2, 1)
    starts_at = at_stockholm(first, time(9))
    closes = moved(starts_at, timedelta(days=-closed))
    terms = Terms(8, first - timedelta(days=decided), closes - timedelta(days=30), closes)
    made = copied(a_plan(first, terms=terms), day, NOW)
    check_terms(made.terms, capacity=12, first_starts_at=made.meetings[0].starts_at, now=NOW)
    if day - timedelta(days=decided) >= legal_day(NOW):
        assert made.terms.decide_on == day - timedelta(days=decided)


def test_the_first_day_has_not_passed() -> None:
    check_series(Series(date(2026, 11, 23)), NOW)
    with pytest.raises(InvalidInput):
        check_series(Series(date(2026, 11, 22)), NOW)


@pytest.mark.parametrize(
    ("day", "unusual"),
    [
        (date(2026, 12, 26), "a Sunday or a public holiday"),
        (date(2026, 12, 27), "a Sunday or a public holiday"),
        (date(2027, 1, 9), "a Saturday"),
        (date(2026, 12, 24), "the eve of a holiday"),
        (date(2027, 6, 25), "the eve of a holiday"),
        (date(2026, 12, 23), None),
    ],
)
def test_days_on_which_few_would_come_are_pointed_out(day: date, unusual: str | None) -> None:
    assert unusual_day(day) == unusual
