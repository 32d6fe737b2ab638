"""Minutes, standing, and the hours that count: never more than were attended, nor fewer for attending more."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.attendance.rules import (
    Asked,
    Attended,
    Standing,
    asked_at,
    check_at_the_door,
    check_begun,
    check_minutes,
    check_seen,
    check_signable,
    check_way,
    is_link_over,
    length_of,
    minutes_from,
    reported_minutes,
    standing_of,
)
from services.booking.projects.rules import HourRounding, SigningWay
from shared.kernel.errors import Conflict, InvalidInput, Refused

BEGINS = datetime(2026, 12, 7, 9, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=3)
IDS = st.integers(0, 3).map(lambda number: UUID(int=number))
ATTENDED = st.lists(
    st.builds(
        Attended,
        person_id=IDS,
        meeting_id=IDS,
        activity_id=IDS,
        month=st.sampled_from([date(2026, 11, 1), date(2026, 12, 1)]),
        minutes=st.integers(0, 600),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("minutes", "standing"),
    [
        (None, Standing.BOOKED),
        (0, Standing.NO_SHOW),
        (1, Standing.PARTLY),
        (179, Standing.PARTLY),
        (180, Standing.FULLY),
    ],
)
def test_how_somebody_stands_follows_from_her_minutes(minutes: int | None, standing: Standing) -> None:
    assert length_of(BEGINS, ENDS) == 180
    assert standing_of(minutes, 180) is standing


@pytest.mark.parametrize("minutes", [-1, 181])
def test_more_minutes_than_the_meeting_has_are_refused(minutes: int) -> None:
    check_minutes(180, 180)
    with pytest.raises(InvalidInput, match="minutes_beyond_meeting"):
        check_minutes(minutes, 180)


def test_nobody_is_marked_before_the_meeting_begins_and_from_then_on_anybody_is() -> None:
    check_begun(BEGINS, BEGINS)
    with pytest.raises(Refused, match="meeting_not_begun"):
        check_begun(BEGINS, BEGINS - timedelta(seconds=1))


@pytest.mark.parametrize(("late", "minutes"), [(-20, 180), (0, 180), (15, 180), (16, 164), (179, 1)])
def test_who_comes_late_has_the_minutes_that_are_left_and_a_queue_is_nobodys_lateness(late: int, minutes: int) -> None:
    assert minutes_from(BEGINS + timedelta(minutes=late), BEGINS, ENDS) == minutes


@pytest.mark.parametrize("off", [BEGINS - timedelta(minutes=31), ENDS])
def test_nobody_arrives_long_before_or_after(off: datetime) -> None:
    check_at_the_door(BEGINS, ENDS, BEGINS - timedelta(minutes=30))
    with pytest.raises(Refused, match="door_shut"):
        check_at_the_door(BEGINS, ENDS, off)


def test_time_is_signed_for_when_it_has_passed_and_where_there_is_any() -> None:
    check_signable(60, BEGINS, BEGINS + timedelta(minutes=45))
    with pytest.raises(Refused, match="too_early_to_sign"):
        check_signable(60, BEGINS, BEGINS + timedelta(minutes=44))
    with pytest.raises(Refused, match="nothing_to_sign"):
        check_signable(0, BEGINS, ENDS)
    with pytest.raises(Conflict, match="minutes_changed"):
        check_seen(60, 90)
    check_way(SigningWay.LINK, ["link"])
    with pytest.raises(Refused, match="way_not_taken"):
        check_way(SigningWay.CODE, ["link"])


def test_a_signature_is_asked_for_after_the_meeting_and_a_link_ends() -> None:
    assert asked_at(ENDS, BEGINS) == ENDS + timedelta(minutes=15)
    assert asked_at(ENDS, ENDS + timedelta(days=1)) == ENDS + timedelta(days=1, minutes=15)
    assert not is_link_over(ENDS, ENDS + timedelta(days=119))
    assert is_link_over(ENDS, ENDS + timedelta(days=120))
    assert set(Asked) == {"not_yet", "asked", "reminded", "given_up"}


@given(ATTENDED, st.sampled_from(HourRounding))
def test_hours_that_count_are_never_more_than_were_attended(attended: list[Attended], rounding: HourRounding) -> None:
    minutes = sum(each.minutes for each in attended)
    counted = reported_minutes(attended, rounding)
    assert 0 <= counted <= minutes
    if rounding is HourRounding.EXACT:
        assert counted == minutes
    else:
        assert counted % 60 == 0


@given(ATTENDED, ATTENDED, st.sampled_from(HourRounding))
def test_who_attends_more_has_never_fewer_hours(
    attended: list[Attended], more: list[Attended], rounding: HourRounding
) -> None:
    assert reported_minutes(attended, rounding) <= reported_minutes([*attended, *more], rounding)


@given(ATTENDED)
def test_a_wider_unit_never_counts_less_than_a_narrower_one(attended: list[Attended]) -> None:
    within = [
        Attended(each.person_id, UUID(int=number), each.activity_id, each.month, each.minutes)
        for number, each in enumerate(attended)
    ]
    by_meeting = reported_minutes(within, HourRounding.PER_MEETING)
    assert by_meeting <= reported_minutes(within, HourRounding.PER_ACTIVITY)
    assert by_meeting <= reported_minutes(within, HourRounding.PER_MONTH)


def test_whole_hours_are_rounded_down_in_their_unit() -> None:
    person, other = UUID(int=1), UUID(int=2)
    course = [
        Attended(person, UUID(int=1), UUID(int=9), date(2026, 11, 1), 90),
        Attended(person, UUID(int=2), UUID(int=9), date(2026, 12, 1), 90),
        Attended(other, UUID(int=1), UUID(int=9), date(2026, 11, 1), 45),
    ]
    assert {rounding: reported_minutes(course, rounding) for rounding in HourRounding} == {
        HourRounding.EXACT: 225,
        HourRounding.PER_MEETING: 120,
        HourRounding.PER_ACTIVITY: 180,
        HourRounding.PER_MONTH: 120,
    }
