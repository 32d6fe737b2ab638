"""The life of a training request, over plain values.

Facts of procurement come on two topics, in no order between them: a run may be arranged before the request is known to
be in a case. What comes too late is kept in the history and changes nothing.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.booking.needs.rules import WishedTime
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_


class RequestState(StrEnum):
    """How far a request has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_CASE = "in_case"
    ARRANGED = "arranged"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


# a draft is edited in place; an arranged request may get a second run from the same contract
REQUEST: Final = Moves(
    "training_request",
    {
        RequestState.DRAFT: {RequestState.DRAFT, RequestState.SUBMITTED, RequestState.WITHDRAWN},
        RequestState.SUBMITTED: {
            RequestState.WITHDRAWN,
            RequestState.IN_CASE,
            RequestState.DECLINED,
            RequestState.ARRANGED,
        },
        RequestState.IN_CASE: {RequestState.ARRANGED, RequestState.SUBMITTED, RequestState.DECLINED},
        RequestState.ARRANGED: {RequestState.ARRANGED},
        RequestState.DECLINED: set(),
        RequestState.WITHDRAWN: set(),
    },
)


@dataclass(frozen=True, slots=True)
class RequestWish:
    """What is asked for. `minutes` is the length for one person; the wished days are the first and the last."""

    title: str
    description: str
    persons: int
    minutes: int
    mode: str
    municipality: str
    language: str = "sv"
    wished_from: date | None = None
    wished_to: date | None = None
    wished_time: str = WishedTime.ANY.value
    need_id: UUID | None = None


def check_wish(wish: RequestWish) -> None:
    """Raise InvalidInput where the wished period ends before it begins."""
    if wish.wished_from is not None and wish.wished_to is not None and wish.wished_to < wish.wished_from:
        raise InvalidInput(
            N_("The wished period ends {last}, before it begins {first}. Change one of the days."),
            code="period_backwards",
            field="wished_to",
            first=wish.wished_from,
            last=wish.wished_to,
        )


def check_is_draft(state: RequestState) -> None:
    """Raise Conflict unless it is a draft: one that procurement has returned waits again by itself."""
    if state is not RequestState.DRAFT:
        raise Conflict(
            N_("Only a draft is submitted, and this is “{state}”. Reload to see how it stands."),
            code="training_request_not_draft",
            state=state.value,
        )


def choose_buyer(wished: UUID | None, buyers: tuple[UUID, ...]) -> UUID:
    """Return in whose name the training will be bought: the wished buyer, or the project's only one.

    Raises InvalidInput where it is none of the project's or must be chosen, Refused where the project has none.
    """
    if not buyers:
        raise Refused(
            N_("The project buys nothing: it has no buyer, so training cannot be asked for here."), code="no_buyer"
        )
    if wished is None and len(buyers) == 1:
        return buyers[0]
    if wished not in buyers:
        raise InvalidInput(
            N_("Choose in whose name the training is to be bought: one of the project's {count} buyers."),
            code="buyer_unknown",
            field="buyer_id",
            count=len(buyers),
        )
    return wished
