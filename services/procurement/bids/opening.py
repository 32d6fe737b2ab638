"""Opening the bids, and scoring them. The one place where a procedure's private key is unwrapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.bids.sealing import receipt_of, unseal
from services.procurement.bids.tables import Bid, Score, SealedBid
from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import check_case_officer
from services.procurement.procedures.commands import locked_procedure, move_procedure
from services.procurement.procedures.queries import criteria_of, openers_of
from services.procurement.procedures.rules import PROCEDURE, CriterionKind, ProcedureState
from services.procurement.procedures.sealing import unwrap_key
from services.procurement.procedures.tables import Opener, Procedure
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, NotAllowed, Refused
from shared.kernel.texts import N_


async def confirm_opening(
    session: AsyncSession, clock: Clock, keys: Keys, procedure_id: UUID, *, by: UUID
) -> Procedure:
    """Confirm, as an appointed opener after the deadline, that the bids be opened; the last to confirm opens them all.

    Raises Refused before the deadline, NotAllowed for anybody else, Conflict for the same opener twice.
    """
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    now = clock.now()
    PROCEDURE.check(procedure.state, ProcedureState.OPENED)
    if procedure.state is not ProcedureState.INVITED:
        raise Conflict(N_("The bids are opened already."), code="opened_already")
    if now < procedure.deadline:
        raise Refused(
            N_("Bids are opened after the deadline, which is {deadline}."),
            code="deadline_ahead",
            deadline=procedure.deadline,
        )
    openers = await openers_of(session, procedure_id)
    _confirm(openers, by, now)
    if all(opener.confirmed_at is not None for opener in openers):
        await _open(session, keys, procedure, now)
        move_procedure(session, procedure, ProcedureState.OPENED, at=now, by=by)
        procedure.opened_at = now
    await session.flush()
    return procedure


def _confirm(openers: Sequence[Opener], by: UUID, now: datetime) -> None:
    mine = next((opener for opener in openers if opener.person_id == by), None)
    if mine is None:
        raise NotAllowed(N_("You are not appointed to open these bids."), code="not_an_opener")
    if mine.confirmed_at is not None:
        raise Conflict(N_("You have confirmed already; the other opener has not."), code="opening_confirmed")
    mine.confirmed_at = now


async def _open(session: AsyncSession, keys: Keys, procedure: Procedure, now: datetime) -> None:
    boxes = await boxes_of(session, procedure.id)
    private_key = unwrap_key(keys, procedure.id, procedure.wrapped_key)
    for row in boxes:
        content = unseal(private_key, row.box)
        session.add(
            Bid(
                procedure_id=procedure.id,
                supplier_id=content.supplier_id,
                price_ore=content.price_ore,
                vat_rate=content.vat_rate,
                description=content.description,
                answers=[answer.model_dump(mode="json") for answer in content.answers],
                valid_until=content.valid_until,
                received_at=row.received_at,
                receipt=receipt_of(row.box),
            )
        )
    assert procedure.deadline <= now


async def boxes_of(session: AsyncSession, procedure_id: UUID) -> Sequence[SealedBid]:
    """Return the boxes that came in time, in the order in which they came."""
    found = await session.exec(
        select(SealedBid)
        .where(col(SealedBid.procedure_id) == procedure_id, col(SealedBid.late).is_(other=False))
        .order_by(col(SealedBid.received_at), col(SealedBid.pseudonym))
    )
    return found.all()


@dataclass(frozen=True, slots=True)
class GivenScore:
    """The points that an officer gives a bid on one criterion, 0 to 10, and why."""

    criterion_id: UUID
    points: Decimal
    reason: str


async def score_bid(
    session: AsyncSession,
    clock: Clock,
    bid_id: UUID,
    scores: Sequence[GivenScore],
    *,
    disqualified_reason: str | None,
    by: UUID,
) -> Bid:
    """Give a bid its scores in place of earlier ones, or disqualify it with a reason; until the award decision."""
    bid = await session.get(Bid, bid_id)
    if bid is None:
        raise not_there()
    procedure = await locked_procedure(session, bid.procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    if procedure.state is not ProcedureState.OPENED:
        raise Conflict(N_("Bids are scored between the opening and the award decision."), code="not_in_evaluation")
    await session.refresh(bid)
    judged = {row.id for row in await criteria_of(session, procedure.id) if row.kind is CriterionKind.QUALITY}
    given = [score.criterion_id for score in scores]
    if len(set(given)) < len(given) or not set(given) <= judged:
        raise InvalidInput(
            N_("Score each criterion that officers judge once; the points of the price follow from the prices."),
            code="scores_off",
            field="scores",
        )
    now = clock.now()
    bid.disqualified_reason = disqualified_reason
    session.add(bid)
    for score in scores:
        await session.merge(
            Score(
                bid_id=bid.id,
                criterion_id=score.criterion_id,
                points=score.points,
                reason=score.reason,
                scored_by=by,
                scored_at=now,
            )
        )
    await session.flush()
    return bid
