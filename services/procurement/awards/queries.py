"""Reading award decisions: the buyer's officers all of it, a bidder what the award notice says."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.awards.tables import Award
from services.procurement.bids.queries import evaluation_of
from services.procurement.bids.tables import Bid
from services.procurement.buyers.queries import not_there
from services.procurement.procedures.queries import get_procedure, is_invited
from services.procurement.suppliers.queries import get_supplier
from shared.web.bodies import View, own_id


class AwardView(View):
    """An award decision."""

    award_id: UUID = own_id("award_id")
    procedure_id: UUID
    bid_id: UUID
    supplier_id: UUID
    supplier_name: str
    decided_at: datetime
    decided_by: UUID
    reasons: str
    standstill_until: date | None
    revoked_at: datetime | None
    revoke_reason: str | None


class AwardNoticeView(View):
    """The award notice to one bidder: who was chosen, why, how it fared itself, and until when the standstill runs."""

    procedure_id: UUID
    chosen_supplier: str
    reasons: str
    decided_at: datetime
    standstill_until: date | None
    won: bool
    rank: int | None
    points: str | None


async def find_award(session: AsyncSession, procedure_id: UUID) -> Award | None:
    """Return the decision that stands, if there is one."""
    found = await session.exec(
        select(Award).where(col(Award.procedure_id) == procedure_id, col(Award.revoked_at).is_(None))
    )
    return found.one_or_none()


async def get_award(session: AsyncSession, procedure_id: UUID) -> Award:
    """Return the decision that stands; raises NotFound."""
    award = await find_award(session, procedure_id)
    if award is None:
        raise not_there()
    return award


async def award_view(session: AsyncSession, award: Award) -> AwardView:
    """Return a decision with the name of the chosen supplier."""
    supplier = await get_supplier(session, award.supplier_id)
    return AwardView(**award.model_dump(), supplier_name=supplier.name)


async def award_notice(session: AsyncSession, procedure_id: UUID, supplier_id: UUID) -> AwardNoticeView:
    """Return the award notice to a bidder; raises NotFound for anybody else, and while nothing is decided."""
    if not await is_invited(session, procedure_id, supplier_id):
        raise not_there()
    award = await get_award(session, procedure_id)
    own = (
        await session.exec(
            select(Bid).where(col(Bid.procedure_id) == procedure_id, col(Bid.supplier_id) == supplier_id)
        )
    ).one_or_none()
    if own is None:
        raise not_there()
    evaluation = await evaluation_of(session, await get_procedure(session, procedure_id))
    ranked = next(each for each in evaluation.ranked if each.id == own.id)
    chosen = await get_supplier(session, award.supplier_id)
    return AwardNoticeView(
        procedure_id=procedure_id,
        chosen_supplier=chosen.name,
        reasons=own.disqualified_reason or award.reasons,
        decided_at=award.decided_at,
        standstill_until=award.standstill_until,
        won=own.id == award.bid_id,
        rank=ranked.rank,
        points=None if ranked.total is None else f"{ranked.total.normalize():f}",
    )
