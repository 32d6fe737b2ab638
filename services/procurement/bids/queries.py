"""Reading bids: the supplier its own receipts, the case's officers the opened bids and how they rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.bids.opening import boxes_of
from services.procurement.bids.rules import Candidate, Ranked, Standing, Weighed, ranking
from services.procurement.bids.sealing import pseudonym, receipt_of, unseal
from services.procurement.bids.tables import Bid, Score, SealedBid
from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import check_case_officer
from services.procurement.procedures.queries import OpenerView, criteria_of, get_procedure, is_invited, openers_of
from services.procurement.procedures.rules import ProcedureState
from services.procurement.procedures.sealing import unwrap_key
from services.procurement.procedures.tables import Procedure
from services.procurement.suppliers.queries import supplier_names
from shared.kernel.errors import Refused
from shared.kernel.texts import N_
from shared.web.bodies import View, own_id


class ReceiptView(View):
    """The proof that a box was received: a SHA-256 over it, and when. What is in it can be read by nobody yet."""

    standing: Standing
    receipt: str
    received_at: datetime


class OwnBidView(View):
    """What a supplier has sent in a procedure."""

    procedure_id: UUID
    bid: ReceiptView | None
    late: ReceiptView | None


class ScoreView(View):
    """The points on one criterion; those of the price follow from the prices and have no reason."""

    criterion_id: UUID
    points: Decimal
    reason: str | None


class BidView(View):
    """An opened bid and how it fares; amounts in öre without VAT."""

    bid_id: UUID = own_id("bid_id")
    procedure_id: UUID
    supplier_id: UUID
    supplier_name: str
    price_ore: int
    vat_rate: Decimal
    description: str
    answers: list[dict[str, Any]]
    valid_until: date
    received_at: datetime
    receipt: str
    disqualified_reason: str | None
    scores: list[ScoreView]
    total: Decimal | None
    rank: int | None
    tied: bool


class OpeningView(View):
    """The certified list: who opened when, what was opened, how many came too late and were not."""

    procedure_id: UUID
    opened_at: datetime | None
    openers: list[OpenerView]
    late: int
    bids: list[BidView]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The opened bids of a procedure and how they rank."""

    bids: Sequence[Bid]
    scores: Sequence[Score]
    ranked: Sequence[Ranked]


async def own_bid(session: AsyncSession, keys: Keys, procedure_id: UUID, supplier_id: UUID) -> OwnBidView:
    """Return the receipts of what a supplier has sent; raises NotFound where it is not invited."""
    if not await is_invited(session, procedure_id, supplier_id):
        raise not_there()
    name = pseudonym(keys, procedure_id, supplier_id)
    in_time = await session.get(SealedBid, (procedure_id, name, False))
    late = await session.get(SealedBid, (procedure_id, name, True))
    return OwnBidView(procedure_id=procedure_id, bid=_receipt(in_time), late=_receipt(late))


async def own_receipts(
    session: AsyncSession, keys: Keys, procedure_ids: Sequence[UUID], supplier_id: UUID
) -> dict[UUID, OwnBidView]:
    """Return the receipts of a supplier in procedures that it is invited to, by procedure."""
    names = {pseudonym(keys, procedure_id, supplier_id): procedure_id for procedure_id in procedure_ids}
    found = await session.exec(
        select(SealedBid).where(
            col(SealedBid.procedure_id).in_(names.values()), col(SealedBid.pseudonym).in_(names.keys())
        )
    )
    boxes = {(row.procedure_id, row.late): row for row in found if names.get(row.pseudonym) == row.procedure_id}
    return {
        procedure_id: OwnBidView(
            procedure_id=procedure_id,
            bid=_receipt(boxes.get((procedure_id, False))),
            late=_receipt(boxes.get((procedure_id, True))),
        )
        for procedure_id in procedure_ids
    }


def _receipt(row: SealedBid | None) -> ReceiptView | None:
    if row is None:
        return None
    return ReceiptView(
        standing=Standing.LATE if row.late else Standing.RECEIVED,
        receipt=receipt_of(row.box),
        received_at=row.received_at,
    )


async def evaluation_of(session: AsyncSession, procedure: Procedure) -> Evaluation:
    """Return the opened bids and how they rank."""
    criteria = await criteria_of(session, procedure.id)
    bids = (
        await session.exec(
            select(Bid).where(col(Bid.procedure_id) == procedure.id).order_by(col(Bid.received_at), col(Bid.id))
        )
    ).all()
    scores = (await session.exec(select(Score).where(col(Score.bid_id).in_([bid.id for bid in bids])))).all()
    ranked = ranking(
        procedure.its_policy().criteria,
        [Weighed(criterion.id, criterion.kind, criterion.weight) for criterion in criteria],
        [
            Candidate(
                id=bid.id,
                price_ore=bid.price_ore,
                points={score.criterion_id: score.points for score in scores if score.bid_id == bid.id},
                disqualified=bid.disqualified_reason is not None,
            )
            for bid in bids
        ],
    )
    return Evaluation(bids, scores, ranked)


async def opening_view(session: AsyncSession, keys: Keys, procedure_id: UUID, person_id: UUID) -> OpeningView:
    """Return the opened bids, best first, to one of the case's officers.

    Raises Refused before the opening, with the same words whether anybody has bid or not. A buyer whose policy is not
    to seal lets its case's officers read bids as they come.
    """
    procedure = await get_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, person_id)
    late = 0
    if procedure.opened_at is None:
        if procedure.its_policy().sealed or procedure.state is not ProcedureState.INVITED:
            raise Refused(N_("The bids are sealed until they are opened after the deadline."), code="bids_sealed")
        bids = await _unsealed(session, keys, procedure)
    else:
        bids = await bid_views(session, procedure)
        late = await _late_count(session, procedure_id)
    return OpeningView(
        procedure_id=procedure_id,
        opened_at=procedure.opened_at,
        openers=[OpenerView.model_validate(opener) for opener in await openers_of(session, procedure_id)],
        late=late,
        bids=bids,
    )


async def bid_views(session: AsyncSession, procedure: Procedure) -> list[BidView]:
    """Return the opened bids of a procedure, best first."""
    evaluation = await evaluation_of(session, procedure)
    names = await supplier_names(session, [bid.supplier_id for bid in evaluation.bids])
    by_id = {bid.id: bid for bid in evaluation.bids}
    reasons = {(score.bid_id, score.criterion_id): score.reason for score in evaluation.scores}
    return [
        BidView(
            **by_id[ranked.id].model_dump(),
            supplier_name=names[by_id[ranked.id].supplier_id],
            scores=[
                ScoreView(criterion_id=criterion_id, points=points, reason=reasons.get((ranked.id, criterion_id)))
                for criterion_id, points in ranked.points.items()
            ],
            total=ranked.total,
            rank=ranked.rank,
            tied=ranked.tied,
        )
        for ranked in evaluation.ranked
    ]


async def _unsealed(session: AsyncSession, keys: Keys, procedure: Procedure) -> list[BidView]:
    private_key = unwrap_key(keys, procedure.id, procedure.wrapped_key)
    rows = [(row, unseal(private_key, row.box)) for row in await boxes_of(session, procedure.id)]
    names = await supplier_names(session, [content.supplier_id for _, content in rows])
    return [
        BidView(
            **content.model_dump(exclude={"answers"}),
            bid_id=content.supplier_id,
            procedure_id=procedure.id,
            supplier_name=names[content.supplier_id],
            answers=[answer.model_dump(mode="json") for answer in content.answers],
            received_at=row.received_at,
            receipt=receipt_of(row.box),
            disqualified_reason=None,
            scores=[],
            total=None,
            rank=None,
            tied=False,
        )
        for row, content in rows
    ]


async def _late_count(session: AsyncSession, procedure_id: UUID) -> int:
    found = await session.exec(
        select(func.count())
        .select_from(SealedBid)
        .where(col(SealedBid.procedure_id) == procedure_id, col(SealedBid.late))
    )
    return found.one()
