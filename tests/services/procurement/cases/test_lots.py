"""Choosing a route by advice: what the advice forbids is refused, and similar lots are added up."""

import pytest

from services.procurement.advice.rules import Route, StatedLimit
from services.procurement.cases.lot_commands import Stated, advice_on, choose_route
from services.procurement.cases.queries import find_choice
from services.procurement.cases.tables import Lot
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.money import Money
from tests.services.procurement.scene import Scene


async def choose(scene: Scene, lot: Lot, route: Route, *, annex2: bool = False, stated: Stated | None = None) -> None:
    await choose_route(
        scene.session,
        scene.clock,
        lot.id,
        stated=stated or Stated(),
        annex2=annex2,
        route=route,
        reason="By the advice",
        by=scene.officer,
    )


async def test_a_direct_purchase_at_the_limit_is_refused_and_an_ore_below_it_is_not(scene: Scene) -> None:
    case = await scene.case()
    at = await scene.lot(case, value_ore=70_000_000)
    with pytest.raises(Refused, match="direct_purchase_not_allowed"):
        await choose(scene, at, Route.DIRECT_PURCHASE)
    below = await scene.lot(await scene.case(), value_ore=69_999_999, pooled=False, not_pooled_reason="Another need")
    await choose(scene, below, Route.DIRECT_PURCHASE)


async def test_another_route_can_be_chosen_where_a_direct_purchase_is_forbidden(scene: Scene) -> None:
    lot = await scene.lot(await scene.case(), value_ore=90_000_000)
    await choose(scene, lot, Route.ANNOUNCED)
    choice = await find_choice(scene.session, lot.id)
    assert choice is not None
    assert choice.route is Route.ANNOUNCED


async def test_an_unconfirmed_limit_needs_the_officers_amount_and_source(scene: Scene) -> None:
    lot = await scene.lot(await scene.case(), value_ore=90_000_000)
    with pytest.raises(Refused, match="limit_unconfirmed"):
        await choose(scene, lot, Route.DIRECT_PURCHASE, annex2=True)
    stated = Stated(direct_annex2=StatedLimit(Money.of_kronor(8_300_000), "The authority's page"))
    await choose(scene, lot, Route.DIRECT_PURCHASE, annex2=True, stated=stated)
    choice = await find_choice(scene.session, lot.id)
    assert choice is not None
    assert choice.stated == {"direct_annex2": {"ore": 830_000_000, "source": "The authority's page"}}


async def test_the_buyers_lots_of_one_group_are_added_up(scene: Scene) -> None:
    await scene.lot(await scene.case(), value_ore=40_000_000)
    await scene.lot(await scene.case(), value_ore=5_000_000, cpv="79632000-3")
    second = await scene.lot(await scene.case(), value_ore=30_000_000)
    advice = await advice_on(scene.session, scene.clock, second, Stated())
    assert advice.whole == Money(70_000_000)
    with pytest.raises(Refused, match="direct_purchase_not_allowed"):
        await choose(scene, second, Route.DIRECT_PURCHASE)


async def test_leaving_similar_lots_out_takes_a_reason(scene: Scene) -> None:
    case = await scene.case()
    with pytest.raises(InvalidInput, match="not_pooled_reason_missing"):
        await scene.lot(case, pooled=False)
    with pytest.raises(InvalidInput, match="not_pooled_reason_unneeded"):
        await scene.lot(case, not_pooled_reason="Because")
