"""What a change does to the seats of a booking, over plain values.

A change says how the booking shall be: how many seats, and who is named. Whoever stays keeps her seat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.booking.courses.rules import REMINDED_AT
from services.booking.projects.rules import BookingApproval
from shared.kernel.calendar import at_stockholm, legal_day
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.roles import Role
from shared.kernel.states import Moves
from shared.kernel.texts import N_


class BookingState(StrEnum):
    """What has been decided about a booking."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


# staying as it is, is a change of seats or names; where nobody approves bookings they begin as confirmed
BOOKING: Final = Moves(
    "booking",
    {
        BookingState.ASKED: {
            BookingState.ASKED,
            BookingState.CONFIRMED,
            BookingState.DECLINED,
            BookingState.CANCELLED,
        },
        BookingState.CONFIRMED: {BookingState.CONFIRMED, BookingState.CANCELLED},
        BookingState.DECLINED: set(),
        BookingState.CANCELLED: set(),
    },
)


HOLDING: Final = (BookingState.ASKED, BookingState.CONFIRMED)
"""The states in which a booking has its seats."""


def may_approve(approval: BookingApproval, acting: Role | None) -> bool:
    """Whether somebody in this role decides bookings of the project; where nobody need approve, everybody does."""
    if approval is BookingApproval.NONE or acting is Role.PROJECT_LEAD:
        return True
    return approval is BookingApproval.COACH and acting is Role.COACH


@dataclass(frozen=True, slots=True)
class HeldSeat:
    """A seat that a booking has: of the employer's kept ones or an open one, for a participant or a placeholder."""

    seat_id: UUID
    number: int
    kept: bool
    participant_id: UUID | None


@dataclass(frozen=True, slots=True)
class SeatChanges:
    """What becomes of the seats: `named` gives held ones another participant or none, `added` are new ones."""

    named: tuple[tuple[UUID, UUID | None], ...]
    released: tuple[UUID, ...]
    added: tuple[UUID | None, ...]
    joined: tuple[UUID, ...]
    left: tuple[UUID, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether all stays as it is."""
        return not (self.named or self.released or self.added)

    @property
    def leave_more_unnamed(self) -> bool:
        """Whether a seat that had a name, or that is new, would have none."""
        return None in self.added or any(name is None for _, name in self.named)


def check_names(participants: Sequence[UUID], seats: int) -> None:
    """Raise InvalidInput where a participant is named twice, or more are named than there are seats."""
    if len(set(participants)) != len(participants):
        raise InvalidInput(
            N_("Somebody is named twice. Name each participant once, and leave the other seats without a name."),
            code="participant_twice",
            field="participants",
        )
    if len(participants) > seats:
        raise InvalidInput(
            N_("{named} participants are named, but there are {seats} seats. Name fewer, or ask for more seats."),
            code="more_names_than_seats",
            field="participants",
            named=len(participants),
            seats=seats,
        )


def plan_change(held: Sequence[HeldSeat], participants: Sequence[UUID], seats: int) -> SeatChanges:
    """Return how the held seats become `seats` seats with exactly these participants named.

    Whoever is named before and after keeps her seat; newcomers take free seats by number, and new ones last. When there
    are fewer seats, unnamed open ones go before unnamed kept ones, and the highest numbers first. Raises InvalidInput
    as `check_names` does.
    """
    check_names(participants, seats)
    wished = set(participants)
    before = {seat.participant_id for seat in held if seat.participant_id is not None}
    joined = tuple(person for person in participants if person not in before)
    free = sorted(
        (seat for seat in held if seat.participant_id not in wished), key=lambda seat: (not seat.kept, seat.number)
    )
    room = seats - (len(held) - len(free))
    staying, released = sorted(free[:room], key=lambda seat: seat.number), free[room:]
    names: list[UUID | None] = [*joined, *([None] * (room - len(joined)))]
    named = [
        (seat.seat_id, name)
        for seat, name in zip(staying, names[: len(staying)], strict=True)
        if seat.participant_id != name
    ]
    return SeatChanges(
        named=tuple(named),
        released=tuple(seat.seat_id for seat in released),
        added=tuple(names[len(staying) :]),
        joined=joined,
        left=tuple(
            seat.participant_id
            for seat in sorted(held, key=lambda seat: seat.number)
            if seat.participant_id is not None and seat.participant_id not in wished
        ),
    )


REMINDED_OF_NAMES: Final = (7, 1)
"""So many days before the names are due the employer's contacts are reminded of them."""
UNWARNED: Final = timedelta(hours=20)
NAMES_DUE: Final = "names_due"
"""Why seats were given back, or a booking was cancelled, when nobody had been named in time."""
UNANSWERED: Final = "unanswered"
"""Why a booking was cancelled when nobody had said whether it holds after a change, and the project's rule says so."""


class NamesStep(StrEnum):
    """What is to be done about a booking's seats that have no name."""

    WAIT = "wait"
    REMIND = "remind"
    RELEASE = "release"


def names_due_at(first_starts_at: datetime, days: int, *, reminded_at: datetime | None = None) -> datetime:
    """Return when seats without a name are given back: at 10:00 in Sweden, `days` before the day of the first meeting.

    Nobody loses seats unwarned: where the date came nearer (the run was moved, the project changed its rule), they
    have twenty hours from the last reminder.
    """
    due = at_stockholm(legal_day(first_starts_at) - timedelta(days=days), REMINDED_AT)
    return due if reminded_at is None else max(due, reminded_at + UNWARNED)


def names_step(
    first_starts_at: datetime, days: int, *, booked_at: datetime, reminded_at: datetime | None, now: datetime
) -> NamesStep:
    """Return what is to be done now about a booking with seats without a name, of a run that has not begun.

    Whoever books later than a reminder would have come has seen the date, and is not reminded of it.
    """
    day = legal_day(first_starts_at) - timedelta(days=days)
    reminders = [at_stockholm(day - timedelta(days=before), REMINDED_AT) for before in REMINDED_OF_NAMES]
    told_at = reminded_at or booked_at
    if any(told_at < at <= now for at in reminders):
        return NamesStep.REMIND
    return NamesStep.RELEASE if now >= names_due_at(first_starts_at, days, reminded_at=reminded_at) else NamesStep.WAIT


def check_named(placeholders: int, first_starts_at: datetime, days: int | None, now: datetime) -> None:
    """Raise InvalidInput where seats would have no name though the names are due already, and the run has not begun."""
    if days is None or not placeholders or now >= first_starts_at:
        return
    due = names_due_at(first_starts_at, days)
    if now >= due:
        raise InvalidInput(
            N_(
                "{count} seats would have no name, but names were needed by {due}. Name somebody for each seat, "
                "or take fewer seats."
            ),
            code="names_were_due",
            field="participants",
            count=placeholders,
            due=due,
        )


def last_substitution_day(first_starts_at: datetime, days: int) -> date:
    """Return the last day, in Sweden, on which an employer exchanges a participant herself."""
    return legal_day(first_starts_at) - timedelta(days=days)


def check_substitution(first_starts_at: datetime, days: int | None, now: datetime, *, may_after: bool) -> bool:
    """Return whether the last day has passed; raise Refused where it has and whoever asks may not exchange then."""
    if days is None or legal_day(now) <= last_substitution_day(first_starts_at, days):
        return False
    if not may_after:
        raise Refused(
            N_(
                "Participants could be exchanged until {day}. Ask your coach or the project: they can still do it. "
                "A seat can be given back, and a seat without a name can get one."
            ),
            code="substitution_locked",
            day=last_substitution_day(first_starts_at, days),
        )
    return True
