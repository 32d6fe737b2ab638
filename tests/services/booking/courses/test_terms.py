"""The terms of a run over plain values: what cannot be kept, when somebody is asked, and when bookings are taken."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.courses.terms import (
    NO_TERMS,
    Standing,
    Terms,
    asked_at,
    check_registration,
    check_terms,
    check_uphold,
    fitting,
    next_ask,
    standing_of,
)
from shared.kernel.calendar import legal_day
from shared.kernel.errors import Refused, Several

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STARTS = datetime(2026, 12, 7, 9, 0, tzinfo=UTC)
DECIDED = date(2026, 12, 1)
_TIMES = st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 31), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


def wrong_with(terms: Terms, *, before: Terms | None = None) -> set[tuple[str, str | None]]:
    try:
        check_terms(terms, capacity=12, first_starts_at=STARTS, now=NOW, before=before)
    except Several as several:
        return {(error.code, error.field) for error in several.errors}
    return set()


@pytest.mark.parametrize(
    ("terms", "wrong"),
    [
        (NO_TERMS, set()),
        (Terms(8, DECIDED, NOW, STARTS), set()),
        (Terms(minimum=8), {("minimum_incomplete", "decide_on")}),
        (Terms(decide_on=DECIDED), {("minimum_incomplete", "minimum")}),
        (Terms(13, DECIDED), {("minimum_above_capacity", "minimum")}),
        (Terms(8, legal_day(STARTS)), {("decided_too_late", "decide_on")}),
        (Terms(8, date(2026, 11, 22)), {("decision_day_passed", "decide_on")}),
        (Terms(8, date(2026, 11, 23)), set()),
        (
            Terms(registration_opens=STARTS, registration_closes=NOW),
            {("registration_backwards", "registration_opens")},
        ),
        (Terms(registration_opens=STARTS), {("registration_backwards", "registration_opens")}),
        (
            Terms(registration_closes=STARTS + timedelta(minutes=1)),
            {("registration_too_long", "registration_closes")},
        ),
    ],
)
def test_what_cannot_be_kept_is_told_at_its_field(terms: Terms, wrong: set[tuple[str, str]]) -> None:
    assert wrong_with(terms) == wrong


def test_a_day_that_stays_may_have_passed() -> None:
    passed = date(2026, 11, 20)
    assert wrong_with(Terms(5, passed), before=Terms(8, passed)) == set()


def test_one_is_warned_a_week_before_and_asked_at_ten_on_the_day() -> None:
    assert next_ask(None, NOW) is None
    warned = next_ask(DECIDED, NOW)
    assert warned == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # 10:00 in Sweden
    assert next_ask(DECIDED, warned) == asked_at(DECIDED) == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert asked_at(date(2026, 7, 1)) == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


@given(first=_TIMES)
def test_a_moved_run_is_decided_on_before_its_first_day(first: datetime) -> None:
    fits = fitting(DECIDED, first)
    assert fits is not None
    assert fits < legal_day(first)
    assert fits <= DECIDED
    assert fitting(None, first) is None


@given(booked=st.integers(0, 20), upheld=st.booleans(), now=_TIMES)
def test_only_what_is_short_and_undecided_waits_for_a_decision(booked: int, upheld: bool, now: datetime) -> None:  # noqa: FBT001 - as hypothesis gives it
    terms = Terms(8, DECIDED)
    standing = standing_of(terms, booked=booked, upheld=upheld, now=now)
    waits = standing in (Standing.SHORT, Standing.TO_DECIDE)
    assert waits == (booked < 8 and not upheld)
    assert (standing is Standing.TO_DECIDE) == (waits and legal_day(now) >= DECIDED)
    if waits:
        check_uphold(terms, booked=booked, upheld=upheld)
    else:
        with pytest.raises(Refused):
            check_uphold(terms, booked=booked, upheld=upheld)
    assert standing_of(NO_TERMS, booked=booked, upheld=False, now=now) is Standing.NO_MINIMUM


@given(opens=st.none() | _TIMES, closes=st.none() | _TIMES, now=_TIMES)
def test_registration_is_open_from_its_first_instant_to_before_its_last(
    opens: datetime | None, closes: datetime | None, now: datetime
) -> None:
    is_open = (opens is None or opens <= now) and (closes is None or now < closes)
    if is_open:
        check_registration(opens, closes, now)
        return
    with pytest.raises(Refused) as refused:
        check_registration(opens, closes, now)
    assert refused.value.text.fields
