"""The machine of a procedure and what must hold before suppliers are invited. What follows from time is derived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.procurement.buyers.rules import CriteriaKind, Policy
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_

WHOLE_WEIGHT: Final = 100
LONGEST_BIDDING: Final = timedelta(days=365)


class ProcedureState(StrEnum):
    """What has been decided about a procedure."""

    DRAFT = "draft"
    INVITED = "invited"
    OPENED = "opened"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    CANCELLED = "cancelled"


PROCEDURE = Moves(
    "procedure",
    {
        ProcedureState.DRAFT: {ProcedureState.INVITED, ProcedureState.CANCELLED},
        ProcedureState.INVITED: {ProcedureState.OPENED, ProcedureState.CANCELLED},
        ProcedureState.OPENED: {ProcedureState.AWARDED, ProcedureState.CANCELLED},
        ProcedureState.AWARDED: {ProcedureState.OPENED, ProcedureState.CONTRACTED, ProcedureState.CANCELLED},
        ProcedureState.CONTRACTED: set(),
        ProcedureState.CANCELLED: set(),
    },
)


class Phase(StrEnum):
    """What a procedure is in now: its state, and whether the deadline has passed."""

    DRAFT = "draft"
    OPEN_FOR_BIDS = "open_for_bids"
    CLOSED_FOR_BIDS = "closed_for_bids"
    EVALUATION = "evaluation"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    CANCELLED = "cancelled"


_PHASES = {
    ProcedureState.DRAFT: Phase.DRAFT,
    ProcedureState.OPENED: Phase.EVALUATION,
    ProcedureState.AWARDED: Phase.AWARDED,
    ProcedureState.CONTRACTED: Phase.CONTRACTED,
    ProcedureState.CANCELLED: Phase.CANCELLED,
}


def phase_of(state: ProcedureState, *, deadline: datetime, now: datetime) -> Phase:
    """Return the phase at `now`; bids are taken strictly before the deadline."""
    if state is ProcedureState.INVITED:
        return Phase.OPEN_FOR_BIDS if now < deadline else Phase.CLOSED_FOR_BIDS
    return _PHASES[state]


class CriterionKind(StrEnum):
    """Whether a criterion is the price, whose points follow from the bids, or something that officers judge."""

    PRICE = "price"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class CriterionPlan:
    """A criterion as it will be published; `weight` is in percent, and none where criteria are not weighted."""

    name: str
    description: str
    kind: CriterionKind
    weight: int | None


class CancelReason(StrEnum):
    """Why a procedure ends without a contract (LOU 12 kap., objective reasons)."""

    LACK_OF_COMPETITION = "lack_of_competition"
    CHANGED_NEED = "changed_need"
    FAULTY_DOCUMENTS = "faulty_documents"
    PRICE_ABOVE_BUDGET = "price_above_budget"
    CASE_CANCELLED = "case_cancelled"
    OTHER = "other"


def check_criteria(kind: CriteriaKind, criteria: Sequence[CriterionPlan]) -> None:
    """Raise InvalidInput unless the criteria can be published: at most one price, weights that add up to 100."""
    if sum(criterion.kind is CriterionKind.PRICE for criterion in criteria) > 1:
        raise InvalidInput(N_("The price is a criterion only once."), code="price_twice", field="criteria")
    if len({criterion.name for criterion in criteria}) < len(criteria):
        raise InvalidInput(N_("Two criteria have the same name."), code="criterion_twice", field="criteria")
    if kind is not CriteriaKind.WEIGHTED:
        if any(criterion.weight is not None for criterion in criteria):
            raise InvalidInput(
                N_("The buyer's policy has no weights: leave them out."), code="weights_unneeded", field="criteria"
            )
        return
    if any(criterion.weight is None for criterion in criteria):
        raise InvalidInput(N_("Every criterion needs its weight."), code="weight_missing", field="criteria")
    total = sum(criterion.weight or 0 for criterion in criteria)
    if total != WHOLE_WEIGHT:
        raise InvalidInput(
            N_("The weights add up to {total}; they must add up to 100."),
            code="weights_off",
            field="criteria",
            total=total,
        )


def check_openers(policy: Policy, openers: Sequence[UUID]) -> None:
    """Raise InvalidInput unless as many different people as the policy says are appointed to open the bids."""
    if len(set(openers)) != policy.openers or len(openers) != policy.openers:
        raise InvalidInput(
            N_("Appoint {needed} different people to open the bids; {given} were given."),
            code="openers_off",
            field="opener_ids",
            needed=policy.openers,
            given=len(set(openers)),
        )


def check_deadline(deadline: datetime, *, now: datetime) -> None:
    """Raise InvalidInput unless the deadline is ahead, and within a year."""
    if not now < deadline <= now + LONGEST_BIDDING:
        raise InvalidInput(
            N_("The deadline must be after now ({now}) and within a year; {deadline} was given."),
            code="deadline_off",
            field="deadline",
            now=now,
            deadline=deadline,
        )


def check_questions_until(until: datetime | None, *, deadline: datetime, now: datetime) -> None:
    """Raise InvalidInput unless the last moment for questions, where one is given, is ahead and within the deadline."""
    if until is not None and not now < until <= deadline:
        raise InvalidInput(
            N_("Questions must be taken until after now and not past the deadline ({deadline}); {until} was given."),
            code="questions_until_off",
            field="questions_until",
            deadline=deadline,
            until=until,
        )


def check_new_deadline(phase: Phase, *, before: datetime, after: datetime, now: datetime) -> None:
    """Raise unless bidding still goes on and gets longer: who has begun a bid must not lose time."""
    if phase is not Phase.OPEN_FOR_BIDS:
        raise Refused(
            N_("The deadline ({deadline}) has passed, or nobody is invited yet; it cannot be changed."),
            code="deadline_passed",
            deadline=before,
        )
    check_deadline(after, now=now)
    if after <= before:
        raise Refused(
            N_("The deadline can be moved to later only; it is {deadline}. To stop earlier, cancel and start again."),
            code="deadline_shortened",
            field="deadline",
            deadline=before,
        )
