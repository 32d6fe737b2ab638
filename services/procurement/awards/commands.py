"""Deciding an award, and revoking it where the winner falls away."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.awards.queries import find_award
from services.procurement.awards.rules import check_binding, choose_winner, standstill_until
from services.procurement.awards.tables import Award
from services.procurement.bids.queries import Evaluation, evaluation_of
from services.procurement.bids.tables import Bid
from services.procurement.cases.queries import check_case_officer
from services.procurement.procedures.commands import locked_procedure, move_procedure, told_of_procedure
from services.procurement.procedures.rules import ProcedureState
from services.procurement.procedures.tables import Procedure
from shared.contracts.facts import Recipient
from shared.contracts.procurement import AwardDecided, BidOutcome
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict
from shared.kernel.texts import N_
from shared.messaging.outbox import record


async def decide_award(
    session: AsyncSession, clock: Clock, procedure_id: UUID, *, reasons: str, winner_bid_id: UUID | None, by: UUID
) -> Award:
    """Decide, as the buyer's delegate without a conflict of interest, which bid wins; every bidder is told.

    Raises Refused while scores are missing, for a tie without a choice, and for a bid that no longer binds.
    """
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    now = clock.now()
    if procedure.state is not ProcedureState.OPENED:
        raise Conflict(N_("An award is decided after the opening, and once."), code="not_in_evaluation")
    evaluation = await evaluation_of(session, procedure)
    disqualified = frozenset(bid.id for bid in evaluation.bids if bid.disqualified_reason is not None)
    winner = choose_winner(evaluation.ranked, disqualified=disqualified, wanted=winner_bid_id)
    bid = next(each for each in evaluation.bids if each.id == winner.id)
    today = legal_day(now)
    check_binding(bid.valid_until, today=today)
    award = Award(
        procedure_id=procedure.id,
        bid_id=bid.id,
        supplier_id=bid.supplier_id,
        decided_at=now,
        decided_by=by,
        reasons=reasons,
        standstill_until=standstill_until(today, procedure.its_policy().standstill_days),
    )
    session.add(award)
    move_procedure(session, procedure, ProcedureState.AWARDED, at=now, by=by, reason=reasons)
    await _tell(session, procedure, award, evaluation, now)
    return award


async def _tell(
    session: AsyncSession, procedure: Procedure, award: Award, evaluation: Evaluation, now: datetime
) -> None:
    fact = AwardDecided(
        **await told_of_procedure(session, procedure),
        decided_on=legal_day(now),
        standstill_until=award.standstill_until,
        outcomes=_outcomes(award, evaluation),
        recipients=_recipients(award, evaluation.bids, notice=procedure.its_policy().award_notice),
    )
    await record(session, fact, version=procedure.version, at=now)


def _outcomes(award: Award, evaluation: Evaluation) -> tuple[BidOutcome, ...]:
    by_id = {bid.id: bid for bid in evaluation.bids}
    return tuple(
        BidOutcome(
            supplier_id=by_id[ranked.id].supplier_id,
            won=ranked.id == award.bid_id,
            rank=ranked.rank,
            points=None if ranked.total is None else f"{ranked.total.normalize():f}",
            reason=by_id[ranked.id].disqualified_reason or award.reasons,
        )
        for ranked in evaluation.ranked
    )


def _recipients(award: Award, bids: Sequence[Bid], *, notice: bool) -> tuple[Recipient, ...]:
    """Return who is told: all bidders, or the winner alone where the buyer sends no award notice."""
    return tuple(
        Recipient(kind="supplier", id=bid.supplier_id, part="winner" if bid.id == award.bid_id else "bidder")
        for bid in bids
        if notice or bid.id == award.bid_id
    )


async def revoke_award(
    session: AsyncSession, clock: Clock, procedure_id: UUID, *, reason: str, winner_fell_away: bool, by: UUID
) -> Award:
    """Take an award back before the contract, so that it can be decided anew while bids are binding.

    Where the winner has fallen away its bid is out; otherwise the scores may be corrected.
    """
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    award = await find_award(session, procedure_id)
    if award is None or procedure.state is not ProcedureState.AWARDED:
        raise Conflict(N_("There is no award decision that can be revoked."), code="no_award")
    now = clock.now()
    award.revoked_at, award.revoke_reason = now, reason
    session.add(award)
    if winner_fell_away:
        bid = await session.get(Bid, award.bid_id)
        assert bid is not None
        bid.disqualified_reason = reason
        session.add(bid)
    move_procedure(session, procedure, ProcedureState.OPENED, at=now, by=by, reason=reason)
    return award


def decided_on(award: Award) -> date:
    """Return the day of a decision in Sweden."""
    return legal_day(award.decided_at)
