"""Days are counted as the law counts them, checked against the authority's worked examples."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import calendar


@pytest.mark.parametrize(
    ("sent", "last_day"),
    [(date(2019, 4, 1), date(2019, 4, 11)), (date(2019, 4, 18), date(2019, 4, 29))],
)
def test_a_standstill_of_ten_days_ends_as_in_the_authoritys_examples(sent: date, last_day: date) -> None:
    assert calendar.standstill_last_day(sent, 10) == last_day


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 6, 19),  # Midsummer's Eve
        date(2026, 12, 24),
        date(2026, 12, 31),
        date(2026, 1, 6),
        date(2026, 4, 3),  # Good Friday
        date(2026, 11, 21),  # a Saturday
        date(2026, 11, 22),  # a Sunday
    ],
)
def test_no_time_limit_ends_on_a_day_of_rest(day: date) -> None:
    assert not calendar.is_limit_day(day)


def test_an_ordinary_monday_is_a_day_on_which_a_limit_may_end() -> None:
    assert calendar.is_limit_day(date(2026, 11, 23))
    assert not calendar.is_public_holiday(date(2026, 11, 21))  # Saturday is no holiday, but no limit ends on it
    assert calendar.is_public_holiday(date(2026, 11, 22))


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_a_standstill_is_never_shorter_than_its_days_and_ends_on_a_limit_day(sent: date, days: int) -> None:
    last_day = calendar.standstill_last_day(sent, days)
    assert (last_day - sent).days >= days
    assert calendar.is_limit_day(last_day)


def test_the_legal_day_is_stockholms() -> None:
    assert calendar.legal_day(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == date(2026, 11, 23)
    assert calendar.at_stockholm(date(2026, 7, 1), time(10, 0)) == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
