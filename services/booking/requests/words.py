"""Where a training request stands and what has happened to it, in an employer's words.

What procurement keeps secret until an award is decided is not known here, so nothing of it can be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from services.booking.requests.rules import RequestState
from services.booking.requests.tables import RequestHistory, TrainingRequest
from shared.kernel.texts import N_, Text

STATE_NAMES: Final[Mapping[RequestState, str]] = {
    RequestState.DRAFT: N_("Draft"),
    RequestState.SUBMITTED: N_("Sent in"),
    RequestState.IN_CASE: N_("Being procured"),
    RequestState.ARRANGED: N_("Ordered"),
    RequestState.DECLINED: N_("Declined"),
    RequestState.WITHDRAWN: N_("Withdrawn"),
}
STATE_KINDS: Final[Mapping[RequestState, str]] = {
    RequestState.DRAFT: "care",
    RequestState.SUBMITTED: "told",
    RequestState.IN_CASE: "told",
    RequestState.ARRANGED: "good",
    RequestState.DECLINED: "bad",
    RequestState.WITHDRAWN: "bad",
}
_STANDS: Final[Mapping[RequestState, str]] = {
    RequestState.DRAFT: N_("The draft has not been sent in yet. Send it in when it is complete."),
    RequestState.SUBMITTED: N_("It waits for a procurement officer of {buyer}. You are told when it is taken up."),
    RequestState.IN_CASE: N_(
        "{buyer} is procuring the training in case {number}, perhaps together with requests of other employers. Bids"
        " are compared in secret until the decision is made. You are told when the training is ordered."
    ),
    RequestState.ARRANGED: N_("{buyer} has ordered the training, and seats are kept for you."),
    RequestState.DECLINED: N_("{buyer} has declined the request."),
    RequestState.WITHDRAWN: N_("You have withdrawn the request. Ask anew if the training is needed after all."),
}
_STEPS: Final = (
    (N_("Written"), RequestState.DRAFT),
    (N_("With the procurement officer"), RequestState.SUBMITTED),
    (N_("Being procured"), RequestState.IN_CASE),
    (N_("Ordered, with seats for you"), RequestState.ARRANGED),
)
_CHANGES: Final[Mapping[str, str]] = {
    "drafted": N_("Drafted"),
    "edited": N_("Edited"),
    "submitted": N_("Sent in"),
    "withdrawn": N_("Withdrawn"),
    "in_case": N_("Taken up in case {number}"),
    "declined": N_("Declined"),
    "returned": N_("The case was ended, and the request waits again"),
    "arranged": N_("Ordered as {number}"),
    "in_case_too_late": N_("Taken up in case {number}, after the request had ended"),
    "declined_too_late": N_("Declined, after the request had ended"),
    "returned_too_late": N_("The case was ended, after the request had"),
}
_OTHERWISE: Final = N_("Changed")


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of a history, as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


def stands(request: TrainingRequest, buyer: str) -> Text:
    """Return how the request stands."""
    message = _STANDS[RequestState(request.state)]
    fields = {"buyer": buyer, "number": request.registration_number or "–"}
    return Text(message, {name: value for name, value in fields.items() if f"{{{name}}}" in message})


def steps(state: RequestState) -> list[tuple[str, Literal["done", "now", "next"]]]:
    """Return how far it has come; none where it has ended without training."""
    if state in (RequestState.DECLINED, RequestState.WITHDRAWN):
        return []
    here = next(place for place, (_, step) in enumerate(_STEPS) if step is state)
    if state is RequestState.ARRANGED:
        return [(name, "done") for name, _ in _STEPS]
    return [
        (name, "done" if place < here else "now" if place == here else "next") for place, (name, _) in enumerate(_STEPS)
    ]


def told_history(history: Sequence[RequestHistory], names: Mapping[UUID, str]) -> list[Happened]:
    """Return what happened to a request, the latest first."""
    return [
        Happened(
            row.at,
            None if row.actor_id is None else names.get(row.actor_id),
            _text(row),
            None if "{number}" in _CHANGES.get(row.change, "") else row.reason,
        )
        for row in reversed(history)
    ]


def _text(row: RequestHistory) -> Text:
    message = _CHANGES.get(row.change, _OTHERWISE)
    return Text(message, {"number": row.reason or "–"} if "{number}" in message else {})
