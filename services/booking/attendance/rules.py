"""What holds for attendance, over plain values: minutes of a meeting, how they are signed for, and what is asked when.

Minutes are what is stored; whether somebody was there wholly or in part follows from the meeting's length.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.booking.projects.rules import HourRounding, SigningWay
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.texts import N_

MINUTE: Final = timedelta(minutes=1)
HOUR_MINUTES: Final = 60
MOST_MINUTES: Final = 24 * 60
# Whoever marks has this long to mend a slip before the participants are asked.
ASKED_AFTER: Final = timedelta(minutes=15)
# Somebody may sign when she packs her things: so much before the minutes that she signs for are over.
SIGNED_BEFORE: Final = timedelta(minutes=15)
LINK_LIFE: Final = timedelta(days=120)
CODE_LIFE: Final = timedelta(minutes=15)
CODE_TRIES: Final = 5
MOST_CODES_IN_AN_HOUR: Final = 4
DOOR_OPENS_BEFORE: Final = timedelta(minutes=30)
# A queue at the door is nobody's lateness.
DOOR_GRACE: Final = timedelta(minutes=15)
DOOR_CODE_LIFE: Final = timedelta(minutes=5)


class Standing(StrEnum):
    """How somebody who is booked stands with a meeting, as the field's ladder has it from `booked` on."""

    BOOKED = "booked"
    NO_SHOW = "no_show"
    PARTLY = "partly"
    FULLY = "fully"


class Source(StrEnum):
    """By what her minutes were first told."""

    TRAINER = "trainer"
    DOOR = "door"


class Asked(StrEnum):
    """How far the signature has been asked for."""

    NOT_YET = "not_yet"
    ASKED = "asked"
    REMINDED = "reminded"
    GIVEN_UP = "given_up"


NEXT_ASKED: Final = {Asked.NOT_YET: Asked.ASKED, Asked.ASKED: Asked.REMINDED, Asked.REMINDED: Asked.GIVEN_UP}


BY_HERSELF: Final = frozenset({SigningWay.CODE, SigningWay.LINK})
NOTED: Final = frozenset({SigningWay.PAPER, SigningWay.EMAIL})


def length_of(starts_at: datetime, ends_at: datetime) -> int:
    """Return a meeting's length in whole minutes."""
    return (ends_at - starts_at) // MINUTE


def standing_of(minutes: int | None, length: int) -> Standing:
    """Return how somebody stands who attended so many minutes of the length; none: nothing is told of her yet."""
    if minutes is None:
        return Standing.BOOKED
    if minutes == 0:
        return Standing.NO_SHOW
    return Standing.FULLY if minutes >= length else Standing.PARTLY


def check_minutes(minutes: int, length: int, field: str = "minutes") -> None:
    """Raise InvalidInput for more minutes than the meeting has."""
    if not 0 <= minutes <= length:
        raise InvalidInput(
            N_("The meeting has {length} minutes; {minutes} cannot have been attended."),
            code="minutes_beyond_meeting",
            field=field,
            length=length,
            minutes=minutes,
        )


def check_begun(starts_at: datetime, now: datetime) -> None:
    """Raise Refused before the meeting begins."""
    if now < starts_at:
        raise Refused(
            N_("The meeting begins {starts}. Who was there can be marked from then on."),
            code="meeting_not_begun",
            starts=starts_at,
        )


def check_at_the_door(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise Refused where nobody can arrive just now."""
    if not starts_at - DOOR_OPENS_BEFORE <= now < ends_at:
        raise Refused(
            N_("Arrivals are registered from {opens} until the meeting ends {ends}."),
            code="door_shut",
            opens=starts_at - DOOR_OPENS_BEFORE,
            ends=ends_at,
        )


def minutes_from(arrived_at: datetime, starts_at: datetime, ends_at: datetime) -> int:
    """Return the minutes of whoever arrives then and stays: all of them within the grace, else those that are left."""
    began = starts_at if arrived_at <= starts_at + DOOR_GRACE else arrived_at
    return max(0, (ends_at - began) // MINUTE)


def check_signable(minutes: int, starts_at: datetime, now: datetime) -> None:
    """Raise Refused where there is nothing to sign, or the time that would be signed for has not passed."""
    if minutes == 0:
        raise Refused(N_("No time is marked for this meeting, so there is nothing to sign."), code="nothing_to_sign")
    signable = starts_at + minutes * MINUTE - SIGNED_BEFORE
    if now < signable:
        raise Refused(
            N_("The time has not passed yet. It can be signed from {signable}."),
            code="too_early_to_sign",
            signable=signable,
        )


def check_seen(seen: int, minutes: int) -> None:
    """Raise Conflict where the minutes are others than those that the participant saw."""
    if seen != minutes:
        raise Conflict(
            N_(
                "The time was changed meanwhile: you saw {seen} minutes, and it is now {minutes}. Look again, and sign."
            ),
            code="minutes_changed",
            seen=seen,
            minutes=minutes,
        )


def check_way(way: SigningWay, ways: Collection[str]) -> None:
    """Raise Refused where the project does not take this way of signing."""
    if way not in ways:
        raise Refused(N_("The project does not take signatures in this way."), code="way_not_taken")


def asked_at(ends_at: datetime, now: datetime) -> datetime:
    """Return when the participant is asked to sign."""
    return max(ends_at, now) + ASKED_AFTER


def is_link_over(ends_at: datetime, now: datetime) -> bool:
    """Whether a personal link to the meeting works no longer."""
    return now >= ends_at + LINK_LIFE


@dataclass(frozen=True, slots=True)
class Attended:
    """Minutes that somebody attended: of a meeting, of a course run, in a month (by its first day)."""

    person_id: UUID
    meeting_id: UUID
    activity_id: UUID
    month: date
    minutes: int


def reported_minutes(attended: Sequence[Attended], rounding: HourRounding) -> int:
    """Return the minutes that count by the project's rule: as they are, or whole hours, never more than were attended.

    Whole hours are rounded down for each person and meeting, activity or month (DOMAIN §4; the unit is unconfirmed).
    """
    if rounding is HourRounding.EXACT:
        return sum(each.minutes for each in attended)
    together: Counter[Hashable] = Counter()
    for each in attended:
        units: dict[HourRounding, Hashable] = {
            HourRounding.PER_MEETING: each.meeting_id,
            HourRounding.PER_ACTIVITY: each.activity_id,
            HourRounding.PER_MONTH: each.month,
        }
        together[each.person_id, units[rounding]] += each.minutes
    return sum(minutes // HOUR_MINUTES * HOUR_MINUTES for minutes in together.values())
