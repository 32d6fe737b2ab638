"""How outside courses are said to people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.booking.proof.outside_rules import OutsideState, ProviderKind
from services.booking.proof.tables import OutsideCourseHistory
from shared.kernel.texts import N_, Text

PROVIDERS: Final[Mapping[str, str]] = {
    ProviderKind.UNIVERSITY: N_("University"),
    ProviderKind.VOCATIONAL: N_("Vocational college"),
    ProviderKind.ADULT: N_("Adult education"),
    ProviderKind.OTHER: N_("Other provider"),
}
OUTSIDE_STATES: Final[Mapping[str, str]] = {
    OutsideState.ENTERED: N_("Waits for a decision"),
    OutsideState.ACCEPTED: N_("Counts"),
    OutsideState.DECLINED: N_("Does not count"),
}
OUTSIDE_KINDS: Final[Mapping[str, str]] = {
    OutsideState.ENTERED: "care",
    OutsideState.ACCEPTED: "good",
    OutsideState.DECLINED: "bad",
}
_CHANGES: Final[Mapping[str, str]] = {
    OutsideState.ENTERED: N_("Entered, with evidence"),
    OutsideState.ACCEPTED: N_("Accepted: the hours count"),
    OutsideState.DECLINED: N_("Declined: the hours do not count"),
}
_OTHERWISE: Final = N_("Something was changed")


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


def people_in(history: Sequence[OutsideCourseHistory]) -> Collection[UUID]:
    """Return everybody whose name the history needs."""
    return {row.actor_id for row in history if row.actor_id is not None}


def told_history(history: Sequence[OutsideCourseHistory], names: Mapping[UUID, str]) -> list[Happened]:
    """Return what happened, the latest first."""
    return [
        Happened(
            row.at,
            None if row.actor_id is None else names.get(row.actor_id),
            Text(_CHANGES.get(row.change, _OTHERWISE)),
            row.reason,
        )
        for row in reversed(history)
    ]
