"""The life of a notification, its tries, and the hours when nobody is disturbed."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName, OnUnknown
from services.notification.notifications.rules import (
    MOVES,
    NOT_REACHED,
    OPEN,
    SENDABLE,
    UNKNOWN_TRIES,
    Schedule,
    State,
    Tried,
    after_attempt,
    after_receipt,
    is_soft_failure,
    quiet_until,
)
from shared.kernel.calendar import STOCKHOLM, at_stockholm, is_public_holiday
from shared.kernel.errors import Conflict

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SCHEDULE = Schedule()
FORWARD = {State.SENDING, State.SENT, State.UNKNOWN, State.FAILED_TEMPORARY}


def tried(
    channel: ChannelName = ChannelName.EMAIL,
    tries: int = 1,
    unknown_tries: int = 0,
    on_unknown: OnUnknown = OnUnknown.AGAIN,
    *,
    honours_key: bool = False,
) -> Tried:
    return Tried(channel, tries, unknown_tries, on_unknown, honours_key)


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_every_pair_of_states_is_a_move_or_a_conflict(before: State, after: State) -> None:
    if after in MOVES.next(before):
        MOVES.check(before, after)
    else:
        with pytest.raises(Conflict):
            MOVES.check(before, after)


def test_what_was_delivered_stays_delivered() -> None:
    assert MOVES.final() == {State.DELIVERED, State.CANCELLED}


def test_what_is_sent_was_first_being_sent() -> None:
    reaching_sent = {state for state in State if MOVES.allows(state, State.SENT)}
    assert reaching_sent == {State.SENDING, State.UNKNOWN}


def test_an_open_notification_can_be_taken_up_or_is_in_hand() -> None:
    assert {State.SENDING} == OPEN - SENDABLE
    assert not OPEN & NOT_REACHED


@pytest.mark.parametrize("state", State)
def test_a_receipt_moves_forward_from_the_states_that_allow_it(state: State) -> None:
    assert (after_receipt(state, "delivered") is State.DELIVERED) == (state in FORWARD)
    failed = after_receipt(state, "failed") is State.FAILED_PERMANENT
    assert failed == (state in {State.SENDING, State.SENT, State.UNKNOWN})
    assert after_receipt(state, "created") is None


def test_an_sms_awaits_its_receipt_and_an_email_has_none() -> None:
    accepted = Outcome(Result.ACCEPTED)
    assert after_attempt(accepted, tried(ChannelName.SMS), SCHEDULE, NOW).check_at == NOW + timedelta(days=3)
    assert after_attempt(accepted, tried(), SCHEDULE, NOW).check_at is None


def test_the_first_retry_of_an_sms_is_at_once_and_the_others_wait_five_minutes() -> None:
    failed = Outcome(Result.TEMPORARY, "http_503")
    waits = [
        (after_attempt(failed, tried(channel, tries), SCHEDULE, NOW).check_at or NOW) - NOW
        for channel, tries in ((ChannelName.SMS, 1), (ChannelName.SMS, 2), (ChannelName.EMAIL, 1))
    ]
    assert waits == [timedelta(0), timedelta(seconds=300), timedelta(seconds=300)]


@given(st.integers(min_value=1, max_value=100), st.sampled_from(ChannelName))
def test_a_temporary_failure_is_tried_48_times_and_is_then_technical(tries: int, channel: ChannelName) -> None:
    step = after_attempt(Outcome(Result.TEMPORARY, "x"), tried(channel, tries), SCHEDULE, NOW)
    assert step.state is (State.PENDING if tries < 48 else State.FAILED_TECHNICAL)
    assert (step.check_at is None) == (tries >= 48)


@pytest.mark.parametrize(
    ("on_unknown", "honours_key", "again"),
    [
        (OnUnknown.AGAIN, False, True),
        (OnUnknown.HOLD, False, False),
        (OnUnknown.HOLD, True, True),
        (OnUnknown.AGAIN, True, True),
    ],
)
def test_not_knowing_is_tried_again_where_that_does_no_harm(
    on_unknown: OnUnknown,
    honours_key: bool,  # noqa: FBT001 - a case of the test
    again: bool,  # noqa: FBT001 - a case of the test
) -> None:
    step = after_attempt(Outcome(Result.UNKNOWN), tried(on_unknown=on_unknown, honours_key=honours_key), SCHEDULE, NOW)
    assert step.state is State.UNKNOWN
    assert (step.check_at is not None) == again


def test_not_knowing_is_not_repeated_for_ever() -> None:
    step = after_attempt(Outcome(Result.UNKNOWN), tried(tries=3, unknown_tries=UNKNOWN_TRIES), SCHEDULE, NOW)
    assert (step.state, step.check_at) == (State.UNKNOWN, None)


@given(
    st.sampled_from(Result),
    st.sampled_from(ChannelName),
    st.integers(1, 60),
    st.integers(0, 5),
    st.sampled_from(OnUnknown),
    st.booleans(),
)
def test_every_outcome_leads_to_a_move_from_sending(
    result: Result,
    channel: ChannelName,
    tries: int,
    unknown: int,
    on_unknown: OnUnknown,
    honours_key: bool,  # noqa: FBT001 - a case of the test
) -> None:
    step = after_attempt(
        Outcome(result, "x"), tried(channel, tries, unknown, on_unknown, honours_key=honours_key), SCHEDULE, NOW
    )
    assert MOVES.allows(State.SENDING, step.state)
    assert step.check_at is None or step.check_at >= NOW


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-24T10:00", None),
        ("2026-11-24T08:00", None),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-11-24T19:59", None),
        ("2026-11-24T20:00", "2026-11-25T08:00"),
        ("2026-11-28T21:00", "2026-11-30T08:00"),  # Saturday evening, past Sunday
        ("2026-11-29T12:00", "2026-11-30T08:00"),  # Sunday
        ("2026-12-24T21:00", "2026-12-28T08:00"),  # Christmas Day, Boxing Day on a Saturday, Sunday
        ("2027-03-25T22:00", "2027-03-27T08:00"),  # Good Friday
        ("2027-05-01T12:00", "2027-05-03T08:00"),  # May Day on a Saturday
        ("2027-03-28T01:30", "2027-03-30T08:00"),  # the clock moves; Easter Sunday and Monday
    ],
)
def test_nobody_is_disturbed_at_night_or_on_sundays_and_holidays(at: str, until: str | None) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=STOCKHOLM)
    found = quiet_until(now, SCHEDULE)
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=STOCKHOLM)
    assert (found and found.astimezone(STOCKHOLM)) == expected


@given(st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants them naive
def test_after_quiet_comes_a_time_that_is_not_quiet(now: datetime) -> None:
    until = quiet_until(now, SCHEDULE)
    if until is None:
        local = now.astimezone(STOCKHOLM)
        assert time(8) <= local.time() < time(20)
        assert not is_public_holiday(local.date())
    else:
        assert until > now
        assert quiet_until(until, SCHEDULE) is None
        assert until - now < timedelta(days=6)


def test_the_morning_is_by_the_swedish_clock_in_summer_and_winter() -> None:
    assert quiet_until(at_stockholm(date(2026, 7, 1), time(8)), SCHEDULE) is None
    assert quiet_until(datetime(2026, 7, 1, 5, 59, tzinfo=UTC), SCHEDULE) == datetime(2026, 7, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "cause", "soft"),
    [
        (State.FAILED_PERMANENT, "receipt_failed", True),
        (State.FAILED_TEMPORARY, "no_receipt", True),
        (State.FAILED_TECHNICAL, "smtp_450", True),
        (State.FAILED_TECHNICAL, "http_503", False),
        (State.FAILED_PERMANENT, "smtp_550", False),
        (State.SENT, None, False),
        (State.FAILED_TECHNICAL, None, False),
    ],
)
def test_a_soft_failure_is_about_the_address(state: State, cause: str | None, soft: bool) -> None:  # noqa: FBT001 - a case of the test
    assert is_soft_failure(state, cause) is soft
