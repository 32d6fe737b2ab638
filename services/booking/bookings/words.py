"""How a booking's state and history are said to people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.booking.bookings.rules import NAMES_DUE, UNANSWERED, BookingState
from services.booking.bookings.tables import BookingHistory
from shared.kernel.texts import N_, Text

STATE_NAMES: Final[Mapping[BookingState, str]] = {
    BookingState.ASKED: N_("Waits for approval"),
    BookingState.CONFIRMED: N_("Booked"),
    BookingState.DECLINED: N_("Not approved"),
    BookingState.CANCELLED: N_("Cancelled"),
}
_CODES: Final[Mapping[str, str]] = {
    NAMES_DUE: N_("Nobody was named when names were due."),
    UNANSWERED: N_("Nobody answered after the change of the course, and the project's rule is to release."),
}
_NOT_SHOWN: Final = N_("a participant")
# what needs no names; the seats are those that the booking has then, or had
_TOLD: Final[Mapping[str, str]] = {
    "asked_after_change": N_("The course was changed: asked whether you still come"),
    "still_coming": N_("Answered: still coming"),
    "kept_by_rule": N_("Nobody answered after the change. The seats are kept, by the project's rule"),
    "cancelled_unanswered": N_(
        "Released by the project's rule: nobody said whether you still come. Seats given back: {seats}"
    ),
    "asked": N_("Asked for, and waits for approval. Seats: {seats}"),
    "approved": N_("Approved"),
    "declined": N_("Not approved. Seats given back: {seats}"),
    "confirmed": N_("Booked. Seats: {seats}"),
    "cancelled": N_("Cancelled. Seats given back: {seats}"),
    "cancelled_unnamed": N_("Cancelled, since nobody was named when names were due. Seats given back: {seats}"),
    "unnamed_released": N_(
        "Seats without a name were given back when names were due. Seats changed from {before} to {after}"
    ),
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


def told_reason(reason: str | None) -> Text | str | None:
    """Return why a booking was cancelled: the words of whoever did it, or what a code means."""
    return Text(_CODES[reason]) if reason is not None and reason in _CODES else reason


def people_in(history: Sequence[BookingHistory]) -> Collection[UUID]:
    """Return everybody whose name the history needs."""
    actors = {row.actor_id for row in history if row.actor_id is not None}
    return actors.union(*(row.joined for row in history), *(row.left_out for row in history))


def told_history(history: Sequence[BookingHistory], names: Mapping[UUID, str]) -> list[Happened]:
    """Return what happened to a booking, the latest first. Who must not be named is “a participant”."""
    return [
        Happened(
            row.at,
            None if row.actor_id is None else names.get(row.actor_id),
            _text(row, names),
            row.reason,
        )
        for row in reversed(history)
    ]


def _text(row: BookingHistory, names: Mapping[UUID, str]) -> Text:
    if row.change in _TOLD:
        seats = row.seats_after or row.seats_before
        return Text(_TOLD[row.change], {"seats": seats, "before": row.seats_before, "after": row.seats_after})
    if row.change == "substituted":
        return Text(
            N_("{left} was replaced by {joined}"),
            {"left": _named(row.left_out, names), "joined": _named(row.joined, names)},
        )
    fields = {
        "before": row.seats_before,
        "after": row.seats_after,
        "joined": _named(row.joined, names),
        "left": _named(row.left_out, names),
    }
    return Text(_CHANGED[row.seats_before != row.seats_after, bool(row.joined), bool(row.left_out)], fields)


def _named(people: Sequence[UUID], names: Mapping[UUID, str]) -> tuple[str, ...]:
    return tuple(names.get(person, _NOT_SHOWN) for person in people)


# by whether the number of seats is another, and whether somebody came or left
_CHANGED: Final[Mapping[tuple[bool, bool, bool], str]] = {
    (False, False, False): N_("Changed"),
    (True, False, False): N_("Seats changed from {before} to {after}"),
    (False, True, False): N_("New participants: {joined}"),
    (False, False, True): N_("No longer participants: {left}"),
    (False, True, True): N_("New participants: {joined}. No longer participants: {left}"),
    (True, True, False): N_("Seats changed from {before} to {after}. New participants: {joined}"),
    (True, False, True): N_("Seats changed from {before} to {after}. No longer participants: {left}"),
    (True, True, True): N_(
        "Seats changed from {before} to {after}. New participants: {joined}. No longer participants: {left}"
    ),
}
