"""The machines of requests and cases, registration numbers, and who may work a case."""

from enum import StrEnum
from uuid import UUID

from shared.kernel.errors import InvalidInput, NotAllowed, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_


class RequestState(StrEnum):
    """Where a training request stands in procurement."""

    WAITING = "waiting"
    IN_CASE = "in_case"
    ORDERED = "ordered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


REQUEST = Moves(
    "request",
    {
        RequestState.WAITING: {RequestState.IN_CASE, RequestState.DECLINED, RequestState.WITHDRAWN},
        RequestState.IN_CASE: {RequestState.WAITING, RequestState.ORDERED, RequestState.WITHDRAWN},
        RequestState.ORDERED: set(),
        RequestState.DECLINED: {RequestState.WAITING},
        RequestState.WITHDRAWN: {RequestState.WAITING},
    },
)


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


CASE = Moves(
    "case",
    {
        CaseState.OPEN: {CaseState.CONCLUDED, CaseState.CANCELLED},
        CaseState.CONCLUDED: set(),
        CaseState.CANCELLED: set(),
    },
)


def registration_number(series: str, year: int, number: int) -> str:
    """Return a registration number (diarienummer) such as `KL 2026/00012`."""
    return f"{series} {year}/{number:05d}"


def check_poolable(*, buyers: set[UUID], projects: set[UUID]) -> None:
    """Raise Refused unless the requests are for one buyer and one project: a case is one buyer's, for one project."""
    if len(buyers) > 1 or len(projects) > 1:
        raise Refused(
            N_("These requests are not of one buyer and one project. Open a case for each."),
            code="requests_not_poolable",
            field="request_ids",
        )


def check_may_work(*, declared: bool, conflict: bool) -> None:
    """Raise NotAllowed unless the officer has declared, for this case, that she has no conflict of interest."""
    if conflict:
        raise NotAllowed(
            N_("You have declared a conflict of interest in this case. Somebody else must do this."),
            code="conflict_of_interest",
        )
    if not declared:
        raise NotAllowed(
            N_("Declare first that you have no conflict of interest in this case; then you are one of its officers."),
            code="declaration_missing",
        )


def check_declaration(*, before: bool | None, conflict: bool) -> None:
    """Raise Refused where somebody with a conflict of interest would declare it away."""
    if before and not conflict:
        raise Refused(
            N_("You have declared a conflict of interest in this case, which cannot be taken back."),
            code="conflict_declared",
            field="conflict",
        )


def check_pooling(*, pooled: bool, not_pooled_reason: str | None) -> None:
    """Raise InvalidInput unless there is a reason exactly when similar needs are left out (LOU 5 kap.)."""
    if not pooled and not not_pooled_reason:
        raise InvalidInput(
            N_("Say why this is not one purchase with the buyer's similar ones, or let them be added up."),
            code="not_pooled_reason_missing",
            field="not_pooled_reason",
        )
    if pooled and not_pooled_reason:
        raise InvalidInput(
            N_("A reason for leaving similar purchases out is given, but they are added up. Choose one."),
            code="not_pooled_reason_unneeded",
            field="not_pooled_reason",
        )
