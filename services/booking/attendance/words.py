"""How attendance is said to people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.booking.attendance.rules import Standing
from services.booking.attendance.tables import AttendanceHistory
from services.booking.projects.rules import SigningWay
from shared.kernel.texts import N_, Text

STANDINGS: Final[Mapping[str, str]] = {
    Standing.BOOKED: N_("Booked"),
    Standing.NO_SHOW: N_("Did not come"),
    Standing.PARTLY: N_("There for a part"),
    Standing.FULLY: N_("There all the time"),
}
STANDING_KINDS: Final[Mapping[str, str]] = {
    Standing.BOOKED: "told",
    Standing.NO_SHOW: "bad",
    Standing.PARTLY: "care",
    Standing.FULLY: "good",
}
SIGNED: Final[Mapping[str, str]] = {
    SigningWay.CODE: N_("Signed by code"),
    SigningWay.LINK: N_("Signed by link"),
    SigningWay.PAPER: N_("Signed on paper"),
    SigningWay.EMAIL: N_("Signed by e-mail"),
}
_CHANGES: Final[Mapping[str, str]] = {
    "trainer": N_("Marked: {after} minutes"),
    "door": N_("Came, by the code at the door: {after} minutes"),
    "corrected": N_("Corrected from {before} to {after} minutes"),
    "code_sent": N_("A code to sign with was sent"),
    "signed_code": N_("Signed by code: {after} minutes"),
    "signed_link": N_("Signed by link: {after} minutes"),
    "signed_paper": N_("Signed on paper: {after} minutes"),
    "signed_email": N_("Signed by e-mail: {after} minutes"),
    "asked": N_("The participant was asked to sign"),
    "reminded": N_("The participant was reminded to sign"),
    "given_up": N_("Not signed in time"),
}
_OTHERWISE: Final = N_("Something was changed")


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


def people_in(history: Sequence[AttendanceHistory]) -> Collection[UUID]:
    """Return everybody whose name the history needs."""
    return {row.actor_id for row in history if row.actor_id is not None}


def told_history(history: Sequence[AttendanceHistory], names: Mapping[UUID, str]) -> list[Happened]:
    """Return what happened, the latest first."""
    return [
        Happened(row.at, None if row.actor_id is None else names.get(row.actor_id), _text(row), row.reason)
        for row in reversed(history)
    ]


def _text(row: AttendanceHistory) -> Text:
    message = _CHANGES.get(row.change, _OTHERWISE)
    fields = {"before": row.before or "–", "after": row.after or "–"}
    return Text(message, fields if "{after}" in message else {})
