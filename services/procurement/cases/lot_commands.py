"""Lots of a case, and the officer's choice of a route by the advice on each."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.advice.rules import Advice, Answer, Facts, Route, StatedLimit, advise, cpv_group
from services.procurement.advice.tables import annex2_row, limits_on
from services.procurement.advice.views import packed_advice
from services.procurement.buyers.queries import get_buyer, not_there
from services.procurement.cases.commands import locked_open_case
from services.procurement.cases.queries import check_case_officer
from services.procurement.cases.rules import CaseState, check_pooling
from services.procurement.cases.tables import Case, Lot, LotAdvice
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.kernel.money import Money
from shared.kernel.texts import N_

_GROUP_WINDOW = timedelta(days=365)  # recurring needs: the last twelve months (LOU 5:11)


@dataclass(frozen=True, slots=True)
class LotPlan:
    """A lot as the officer plans it; see `Lot` for what each means."""

    title: str
    cpv: str
    value_ore: int
    value_basis: str
    outside_ore: int
    outside_statement: str
    pooled: bool
    not_pooled_reason: str | None


@dataclass(frozen=True, slots=True)
class Stated:
    """Amounts that the officer has looked up where the table has none."""

    direct: StatedLimit | None = None
    direct_annex2: StatedLimit | None = None
    threshold: StatedLimit | None = None

    def packed(self) -> dict[str, Any]:
        """The same as JSON values."""
        limits = {"direct": self.direct, "direct_annex2": self.direct_annex2, "threshold": self.threshold}
        return {name: {"ore": each.amount.ore, "source": each.source} for name, each in limits.items() if each}


async def add_lot(session: AsyncSession, clock: Clock, case_id: UUID, plan: LotPlan, *, by: UUID) -> Lot:
    """Add a lot to an open case."""
    check_pooling(pooled=plan.pooled, not_pooled_reason=plan.not_pooled_reason)
    case = await locked_open_case(session, case_id)
    await check_case_officer(session, case_id, by)
    lot = Lot(
        case_id=case_id,
        buyer_id=case.buyer_id,
        title=plan.title,
        cpv=plan.cpv,
        value_ore=plan.value_ore,
        value_basis=plan.value_basis,
        outside_ore=plan.outside_ore,
        outside_statement=plan.outside_statement,
        pooled=plan.pooled,
        not_pooled_reason=plan.not_pooled_reason,
        added_at=clock.now(),
        added_by=by,
    )
    session.add(lot)
    return lot


async def advice_on(session: AsyncSession, clock: Clock, lot: Lot, stated: Stated) -> Advice:
    """Return the advice on a lot as of today."""
    buyer = await get_buyer(session, lot.buyer_id)
    now = clock.now()
    day = legal_day(now)
    earlier = await session.exec(
        select(func.coalesce(func.sum(Lot.value_ore), 0))
        .join(Case, col(Case.id) == col(Lot.case_id))
        .where(
            col(Lot.buyer_id) == lot.buyer_id,
            col(Lot.id) != lot.id,
            func.left(Lot.cpv, 3) == cpv_group(lot.cpv),
            col(Lot.added_at) > now - _GROUP_WINDOW,
            col(Case.state) != CaseState.CANCELLED,
        )
    )
    facts = Facts(
        day=day,
        buyer=buyer.kind,
        cpv=lot.cpv,
        value=Money(lot.value_ore),
        earlier_in_group=Money(int(earlier.one())),
        outside=Money(lot.outside_ore),
        pooled=lot.pooled,
        stated_direct=stated.direct,
        stated_direct_annex2=stated.direct_annex2,
        stated_threshold=stated.threshold,
    )
    return advise(facts, limits_on(day), annex2_row(lot.cpv, day))


async def choose_route(
    session: AsyncSession,
    clock: Clock,
    lot_id: UUID,
    *,
    stated: Stated,
    annex2: bool,
    route: Route,
    reason: str,
    by: UUID,
) -> LotAdvice:
    """Give advice on a lot and record it with the officer's choice and reason.

    Raises Refused for a direct purchase that the advice does not allow, or cannot judge for want of an amount.
    """
    lot = await get_lot(session, lot_id)
    await locked_open_case(session, lot.case_id)
    await check_case_officer(session, lot.case_id, by)
    now = clock.now()
    advice = await advice_on(session, clock, lot, stated)
    _check_choice(advice, annex2=annex2, route=route)
    chosen = LotAdvice(
        lot_id=lot.id,
        day=legal_day(now),
        given_at=now,
        given_to=by,
        stated=stated.packed(),
        advice=packed_advice(advice),
        annex2=annex2,
        route=route,
        reason=reason,
    )
    session.add(chosen)
    return chosen


def _check_choice(advice: Advice, *, annex2: bool, route: Route) -> None:
    outcome = advice.outcome(annex2=annex2)
    if route is not Route.DIRECT_PURCHASE or outcome.direct_purchase is Answer.YES:
        return
    if outcome.direct_purchase is Answer.UNKNOWN:
        raise Refused(
            N_("The limit in SEK that holds today is not confirmed. Look it up and state it with its source."),
            code="limit_unconfirmed",
            field="stated",
        )
    assert outcome.limit is not None
    raise Refused(
        N_(
            "A direct purchase is not allowed: {whole} is not below the limit of {limit}. Choose another route; "
            "splitting the purchase to get below is forbidden."
        ),
        code="direct_purchase_not_allowed",
        field="route",
        whole=advice.whole,
        limit=outcome.limit,
    )


async def get_lot(session: AsyncSession, lot_id: UUID) -> Lot:
    """Return the lot; raises NotFound."""
    lot = await session.get(Lot, lot_id)
    if lot is None:
        raise not_there()
    return lot
