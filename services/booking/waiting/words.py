"""How places in queues, and what happens to them, are said to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.booking.seats.rules import EntryState, Turn, Why
from services.booking.seats.tables import WaitingHistory
from services.booking.waiting.views import WaitingEntryView
from shared.kernel.texts import N_, Text

STATE_NAMES: Final[Mapping[EntryState, str]] = {
    EntryState.WAITING: N_("Waits"),
    EntryState.OFFERED: N_("Seats offered"),
    EntryState.BOOKED: N_("Seats booked"),
    EntryState.LEFT: N_("Left the queue"),
    EntryState.LAPSED: N_("Offer not answered"),
    EntryState.CLOSED: N_("Course called off"),
}
STATE_KINDS: Final[Mapping[EntryState, str]] = {
    EntryState.WAITING: "told",
    EntryState.OFFERED: "care",
    EntryState.BOOKED: "good",
    EntryState.LEFT: "told",
    EntryState.LAPSED: "bad",
    EntryState.CLOSED: "bad",
}
TURN_NAMES: Final[Mapping[Turn, str]] = {
    Turn.FIRST: N_("Before the others"),
    Turn.ORDINARY: N_("In the order of joining"),
    Turn.LAST: N_("After the others"),
}
_WHY: Final[Mapping[Why, str]] = {
    Why.TOO_FEW_FREE: N_("Too few seats are free for the whole group. It is offered seats as soon as enough are."),
    Why.KEPT_FOR_ANOTHER: N_(
        "A group before this one has been passed as often as it may be. What becomes free is kept for that group first."
    ),
    Why.OVER_CAP: N_(
        "One employer, or its group, may not have so many of the open seats. A seat that it gives back helps."
    ),
    Why.NEVER_FITS: N_("So many seats will not become free here any more. Leave the queue, and ask for fewer."),
}
_HAPPENED: Final[Mapping[str, str]] = {
    "joined": N_("Joined the queue"),
    "offered": N_("Seats offered: {after}"),
    "accepted": N_("Offer accepted. Seats booked: {after}"),
    "declined": N_("Offer declined. Seats given up: {after}"),
    "expired": N_("The offer was not answered in time. Seats given up: {after}"),
    "left": N_("Left the queue"),
    "left_by_link": N_("Left the queue by the link in the message"),
    "closed": N_("The queue was closed, for the course is called off"),
    "passed": N_("A group that fits was offered seats first. Times passed so far: {after}"),
    "moved": N_("Moved by the project, from place {before} to {after}"),
    "another_joined": N_("From place {before} to {after}: another group joined before this one"),
    "another_left": N_("From place {before} to {after}: another group left the queue"),
    "another_offered": N_("From place {before} to {after}: another group was offered seats"),
    "another_moved": N_("From place {before} to {after}: the project moved another group"),
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


def why_text(view: WaitingEntryView, *, most_passes: int) -> tuple[Text, ...]:
    """Return why a group waits where it does, in sentences."""
    if view.state is not EntryState.WAITING or view.why is None:
        return ()
    told = [Text(_WHY[view.why])]
    if view.why is Why.TOO_FEW_FREE:
        told.append(
            Text(
                N_("Groups behind it that fit may be offered seats first, {most} times at most. So far: {passed}."),
                {"most": most_passes, "passed": view.passed},
            )
        )
    return tuple(told)


def told_history(history: Sequence[WaitingHistory], names: Mapping[UUID, str]) -> list[Happened]:
    """Return what happened to an entry, the latest first."""
    return [
        Happened(
            row.at,
            None if row.actor_id is None else names.get(row.actor_id),
            Text(_HAPPENED[row.change], {"before": row.before, "after": row.after}),
            row.reason,
        )
        for row in reversed(history)
    ]
