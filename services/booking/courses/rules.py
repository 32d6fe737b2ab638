"""What holds for runs and their meetings, over plain values. A run's mode follows from its meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.booking.courses.terms import NO_TERMS, Terms
from shared.kernel.calendar import at_stockholm, legal_day
from shared.kernel.errors import InvalidInput, KurslotsError, Refused, Several
from shared.kernel.states import Moves
from shared.kernel.texts import N_

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
LONGEST_MEETING: Final = timedelta(hours=24)
MOST_MEETINGS: Final = 200
REMINDED_AT: Final = time(10)  # in Sweden
NOT_IN_CALENDARS: Final = (
    *("kept_seats", "capacity", "minimum", "decide_on", "upheld", "registration_opens", "registration_closes"),
    *("trainer_named", "trainer_released", "materials"),
)
"""What a run's history tells of that a calendar does not show."""


class CourseKind(StrEnum):
    """Where a course comes from."""

    OPEN = "open"
    TAILORED = "tailored"
    OUTSIDE = "outside"


class Mode(StrEnum):
    """How people take part."""

    PHYSICAL = "physical"
    DIGITAL = "digital"
    BOTH = "both"


class FeePayer(StrEnum):
    """Who pays the fee of a seat."""

    EMPLOYER = "employer"
    PROJECT = "project"
    PROVIDER = "provider"


class RunState(StrEnum):
    """What has been decided about a run; that it has begun or ended follows from its meetings and the time."""

    SCHEDULED = "scheduled"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


# a run that is postponed has no meetings; its times are those that it had, and say nothing until it has new ones
RUN: Final = Moves(
    "run",
    {
        RunState.SCHEDULED: {RunState.SCHEDULED, RunState.POSTPONED, RunState.CANCELLED},
        RunState.POSTPONED: {RunState.SCHEDULED, RunState.CANCELLED},
        RunState.CANCELLED: set(),
    },
)


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A course as it is wished; `language` by its two letters (ISO 639-1), `cpv` in normal form, `area` by name."""

    title: str
    description: str
    kind: CourseKind
    language: str = "sv"
    cpv: str | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class CourseWords:
    """What a course is called and said to be, as it may be changed."""

    title: str
    description: str
    area: str | None
    language: str


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """A meeting as it is wished; `meeting_id` where it is one that the run has already, `keeps_link` with its link."""

    starts_at: datetime
    ends_at: datetime
    mode: Mode
    place: str | None = None
    digital_link: str | None = None
    meeting_id: UUID | None = None
    keeps_link: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run as it is wished. `price_ore` is for one seat without VAT.

    `employer_cap` is the most open seats of one employer, `undertaking_cap` that of all employers of an undertaking.
    """

    capacity: int
    meetings: tuple[MeetingPlan, ...]
    municipality: str | None = None
    price_ore: int | None = None
    fee_payer: FeePayer | None = None
    employer_cap: int | None = None
    undertaking_cap: int | None = None
    terms: Terms = NO_TERMS


def mode_of(modes: Sequence[Mode]) -> Mode:
    """Return the mode of a run whose meetings have these modes."""
    kinds = set(modes)
    return kinds.pop() if len(kinds) == 1 else Mode.BOTH


def in_order(meetings: Sequence[MeetingPlan]) -> tuple[MeetingPlan, ...]:
    """Return the meetings by the time they begin. Raises Several where they cannot be held as they stand."""
    errors: list[KurslotsError] = []
    if not meetings:
        errors.append(
            InvalidInput(N_("A run has at least one meeting. Give its times."), code="no_meetings", field="meetings")
        )
    for index, meeting in enumerate(meetings):
        errors += _wrong_with(meeting, f"meetings.{index}")
    ordered = sorted(meetings, key=lambda meeting: (meeting.starts_at, meeting.ends_at))
    errors += [
        InvalidInput(
            N_("Two meetings of the run overlap: one begins {starts}, before another has ended {ends}. Move one."),
            code="meetings_overlap",
            field="meetings",
            starts=later.starts_at,
            ends=earlier.ends_at,
        )
        for earlier, later in pairwise(ordered)
        if later.starts_at < earlier.ends_at
    ]
    if errors:
        raise Several(errors)
    return tuple(ordered)


def _wrong_with(meeting: MeetingPlan, field: str) -> list[KurslotsError]:
    if not EARLIEST <= meeting.starts_at < LATEST:
        return [
            InvalidInput(
                N_("A meeting begins between {earliest} and {latest}; check the year."),
                code="meeting_out_of_time",
                field=f"{field}.starts_at",
                earliest=EARLIEST,
                latest=LATEST,
            )
        ]
    if not timedelta(0) < meeting.ends_at - meeting.starts_at <= LONGEST_MEETING:
        return [
            InvalidInput(
                N_("A meeting ends after it has begun, and within {hours} hours. Split one that is longer."),
                code="meeting_length",
                field=f"{field}.ends_at",
                hours=int(LONGEST_MEETING.total_seconds() // 3600),
            )
        ]
    return []


def check_plan(plan: RunPlan) -> None:
    """Raise InvalidInput where the fee names no payer or a cap says nothing."""
    if (plan.price_ore is None) != (plan.fee_payer is None):
        raise InvalidInput(
            N_("A fee has an amount and names who pays it. Give both, or neither."),
            code="fee_incomplete",
            field="price_ore" if plan.price_ore is None else "fee_payer",
        )
    if plan.employer_cap is not None and plan.employer_cap > plan.capacity:
        raise InvalidInput(
            N_("One employer may take {cap} seats, but the run has {capacity}. Lower the cap, or leave it out."),
            code="cap_above_capacity",
            field="employer_cap",
            cap=plan.employer_cap,
            capacity=plan.capacity,
        )
    if plan.undertaking_cap is None:
        return
    if plan.undertaking_cap > plan.capacity:
        raise InvalidInput(
            N_("One undertaking may take {cap} seats, but the run has {capacity}. Lower the cap, or leave it out."),
            code="cap_above_capacity",
            field="undertaking_cap",
            cap=plan.undertaking_cap,
            capacity=plan.capacity,
        )
    if plan.employer_cap is not None and plan.undertaking_cap < plan.employer_cap:
        raise InvalidInput(
            N_(
                "One employer may take {own} seats, so its whole undertaking may take as many at least. "
                "Raise the undertaking's cap, or lower the employer's."
            ),
            code="caps_backwards",
            field="undertaking_cap",
            own=plan.employer_cap,
        )


def changes_between(before: Sequence[MeetingPlan], after: Sequence[MeetingPlan]) -> tuple[str, ...]:
    """Return which of times, place and mode are other than they were; a new digital link is not among them."""
    seen = (
        ("times", lambda meeting: (meeting.starts_at, meeting.ends_at)),
        ("place", lambda meeting: meeting.place),
        ("mode", lambda meeting: meeting.mode),
    )
    return tuple(name for name, part in seen if [part(each) for each in before] != [part(each) for each in after])


def reminder_at(starts_at: datetime, days: int, now: datetime) -> datetime | None:
    """Return when those with a seat are reminded: 10:00 in Sweden, `days` before the day of the meeting.

    None where that has passed already: who books or hears of a change so late needs no reminder of it.
    """
    at = at_stockholm(legal_day(starts_at) - timedelta(days=days), REMINDED_AT)
    return at if at > now else None


def check_has_dates(state: RunState) -> None:
    """Raise Refused for a run that is postponed: nothing new is booked until it has dates again."""
    if state is RunState.POSTPONED:
        raise Refused(
            N_("The run is postponed and has no dates yet. Those who have booked and those who wait are told of them."),
            code="run_postponed",
        )


def check_not_begun(first_starts_at: datetime, now: datetime) -> None:
    """Raise Refused once the first meeting has begun."""
    if now >= first_starts_at:
        raise Refused(
            N_("The run began {starts}; seats can no longer be booked, returned or cancelled. Speak to the project."),
            code="run_has_begun",
            starts=first_starts_at,
        )


def check_not_over(last_ends_at: datetime, now: datetime) -> None:
    """Raise Refused once the last meeting has ended."""
    if now >= last_ends_at:
        raise Refused(N_("The run ended {ends}; nothing of it can be changed."), code="run_is_over", ends=last_ends_at)


def is_late_cancellation(first_starts_at: datetime, now: datetime, free_cancellation_days: int) -> bool:
    """Whether a cancellation comes after the last day on which it is free, counted in days of Sweden.

    With 14 days, a run that begins on the 20th is free to leave to the end of the 6th.
    """
    return legal_day(now) > legal_day(first_starts_at) - timedelta(days=free_cancellation_days)
