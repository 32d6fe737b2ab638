"""How certificates are said to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.booking.proof.rules import CertificateKind, CertificateState, Lacking
from services.booking.proof.tables import CertificateHistory
from shared.kernel.texts import N_, Text

KINDS: Final[Mapping[str, str]] = {
    CertificateKind.COURSE: N_("Course certificate"),
    CertificateKind.MONTH: N_("Statement of hours"),
}
STATES: Final[Mapping[str, str]] = {
    CertificateState.VALID: N_("Valid"),
    CertificateState.REVOKED: N_("Revoked"),
    CertificateState.REPLACED: N_("Replaced by a later one"),
}
STATE_KINDS: Final[Mapping[str, str]] = {
    CertificateState.VALID: "good",
    CertificateState.REVOKED: "bad",
    CertificateState.REPLACED: "care",
}
_REASONS: Final[Mapping[str, str]] = {
    Lacking.NOT_OVER: N_("Revoked: the time was moved, and has not passed yet"),
    Lacking.NOT_MARKED: N_("Revoked: a meeting is not marked"),
    Lacking.NOT_SIGNED: N_("Revoked: the time was corrected and is not signed for yet"),
    Lacking.NOT_ATTENDED: N_("Revoked: no attended time is left"),
    "corrected": N_("Revoked: the time was corrected"),
}
_ISSUED: Final = N_("Issued")
_REPLACED: Final = N_("Replaced by a later one")
_OTHERWISE: Final = N_("Something was changed")


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it: the system did it."""

    at: datetime
    text: Text
    actor_name: str | None = None
    reason: str | None = None


def told_history(history: Sequence[CertificateHistory]) -> list[Happened]:
    """Return what happened, the latest first."""
    return [Happened(row.at, Text(_text(row))) for row in reversed(history)]


def _text(row: CertificateHistory) -> str:
    match row.change:
        case "issued":
            return _ISSUED
        case CertificateState.REPLACED:
            return _REPLACED
        case CertificateState.REVOKED:
            return _REASONS.get(row.after or "", _OTHERWISE)
        case _:
            return _OTHERWISE
