from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.changes.rules import (
    CONFIRMATION,
    ConfirmationState,
    by_rule,
    check_in_time,
    check_some_stay,
    due_at,
    next_check_at,
)
from services.booking.projects.rules import Unanswered
from shared.kernel.errors import InvalidInput, Refused

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("before", ConfirmationState)
@pytest.mark.parametrize("after", ConfirmationState)
def test_a_question_is_answered_once(before: ConfirmationState, after: ConfirmationState) -> None:
    allowed = before is ConfirmationState.ASKED and after is not ConfirmationState.ASKED
    assert CONFIRMATION.allows(before, after) == allowed


@given(days=st.integers(1, 60), left=st.integers(2, 400 * 86_400))
def test_there_is_time_to_answer_and_then_to_offer_the_seats_to_others(days: int, left: int) -> None:
    starts_at = NOW + left * SECOND
    due = due_at(NOW, days, starts_at)
    assert due is not None
    assert NOW < due < starts_at
    assert due <= NOW + days * DAY
    assert due == NOW + days * DAY or due >= min(starts_at - DAY, NOW + (starts_at - NOW) / 2)
    assert NOW < next_check_at(NOW, due) <= due


def test_nobody_is_asked_where_the_project_does_not_ask_or_the_run_has_begun() -> None:
    assert due_at(NOW, None, NOW + 9 * DAY) is None
    assert due_at(NOW, 5, NOW) is None


def test_a_short_question_has_no_reminder() -> None:
    assert next_check_at(NOW, NOW + DAY - SECOND) == NOW + DAY - SECOND
    assert next_check_at(NOW, NOW + 4 * DAY) == NOW + 2 * DAY


def test_the_rule_releases_only_what_others_can_still_have() -> None:
    assert by_rule(Unanswered.KEEP, NOW + DAY, NOW) is ConfirmationState.KEPT
    assert by_rule(Unanswered.RELEASE, NOW + DAY, NOW) is ConfirmationState.RELEASED
    assert by_rule(Unanswered.RELEASE, NOW, NOW) is ConfirmationState.KEPT


def test_an_answer_is_taken_until_it_is_due() -> None:
    check_in_time(NOW, NOW - SECOND)
    with pytest.raises(Refused):
        check_in_time(NOW, NOW)


def test_whoever_keeps_no_seat_gives_the_booking_up() -> None:
    check_some_stay(3, 2)
    with pytest.raises(InvalidInput):
        check_some_stay(3, 3)
