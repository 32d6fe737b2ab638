"""Planning, inviting, moving the deadline, cancelling."""

from datetime import timedelta

import pytest

from services.procurement.buyers.commands import BuyerInput, load_buyer
from services.procurement.buyers.rules import BuyerKind, CriteriaKind, Policy
from services.procurement.procedures.commands import cancel_procedure, change_deadline, invite, plan_procedure
from services.procurement.procedures.rules import (
    CancelReason,
    CriterionKind,
    CriterionPlan,
    Phase,
    ProcedureState,
    check_criteria,
    phase_of,
)
from services.procurement.procedures.sealing import new_key_pair, unwrap_key
from shared.contracts.procurement import ProcedureCancelled, SupplierInvited
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.ids import new_id
from tests.services.procurement.scene import KEYS, NOW, Scene


def criterion(name: str, weight: int | None, kind: CriterionKind = CriterionKind.QUALITY) -> CriterionPlan:
    return CriterionPlan(name, "What it means", kind, weight)


@pytest.mark.parametrize(
    ("kind", "criteria", "code"),
    [
        (CriteriaKind.WEIGHTED, [criterion("A", 50), criterion("B", 49)], "weights_off"),
        (CriteriaKind.WEIGHTED, [criterion("A", 100), criterion("B", None)], "weight_missing"),
        (CriteriaKind.WEIGHTED, [criterion("A", 50), criterion("A", 50)], "criterion_twice"),
        (CriteriaKind.RANKED, [criterion("A", 100)], "weights_unneeded"),
        (
            CriteriaKind.WEIGHTED,
            [criterion("A", 50, CriterionKind.PRICE), criterion("B", 50, CriterionKind.PRICE)],
            "price_twice",
        ),
    ],
)
def test_criteria_that_cannot_be_published_are_refused(
    kind: CriteriaKind, criteria: list[CriterionPlan], code: str
) -> None:
    with pytest.raises(InvalidInput, match=code):
        check_criteria(kind, criteria)


def test_bids_are_taken_strictly_before_the_deadline() -> None:
    for ahead, phase in ((1, Phase.OPEN_FOR_BIDS), (0, Phase.CLOSED_FOR_BIDS), (-1, Phase.CLOSED_FOR_BIDS)):
        deadline = NOW + timedelta(microseconds=ahead)
        assert phase_of(ProcedureState.INVITED, deadline=deadline, now=NOW) is phase


def test_a_private_key_is_not_stored_in_the_clear_and_belongs_to_its_procedure() -> None:
    procedure, other = new_id(), new_id()
    public, wrapped = new_key_pair(KEYS, procedure)
    private = unwrap_key(KEYS, procedure, wrapped)
    assert bytes(private.public_key) == public
    assert bytes(private) not in wrapped
    with pytest.raises(Exception, match=r"^$"):
        unwrap_key(KEYS, other, wrapped)


async def test_a_procedure_needs_a_choice_by_advice(scene: Scene) -> None:
    lot = await scene.lot(await scene.case())
    with pytest.raises(Refused, match="route_not_chosen"):
        await plan_procedure(scene.session, scene.clock, scene.keys, lot.id, scene.plan(), by=scene.officer)


async def test_a_lot_is_bought_once_at_a_time(scene: Scene) -> None:
    procedure = await scene.invited([])
    with pytest.raises(Conflict, match="lot_taken"):
        await plan_procedure(scene.session, scene.clock, scene.keys, procedure.lot_id, scene.plan(), by=scene.officer)
    await cancel_procedure(
        scene.session, scene.clock, procedure.id, code=CancelReason.CHANGED_NEED, reason="Other", by=scene.officer
    )
    await plan_procedure(scene.session, scene.clock, scene.keys, procedure.lot_id, scene.plan(), by=scene.officer)


async def test_the_strict_policy_takes_two_different_openers_of_the_buyer(scene: Scene) -> None:
    lot = await scene.lot(await scene.case())
    await scene.choose_direct(lot)
    for openers, code in (
        ((scene.officer,), "openers_off"),
        ((scene.officer, scene.officer), "openers_off"),
        ((scene.officer, scene.delegate), "opener_unknown"),
        ((scene.officer, new_id()), "opener_unknown"),
    ):
        plan = scene.plan(opener_ids=openers)
        with pytest.raises(InvalidInput, match=code):
            await plan_procedure(scene.session, scene.clock, scene.keys, lot.id, plan, by=scene.officer)


async def test_each_invitation_tells_one_supplier_alone(scene: Scene) -> None:
    suppliers = await scene.suppliers()
    await scene.invited(suppliers)
    told = [fact for fact in await scene.told() if isinstance(fact, SupplierInvited)]
    assert [[recipient.id for recipient in fact.recipients] for fact in told] == [[each.id] for each in suppliers]


async def test_a_supplier_is_invited_once_and_only_from_the_register(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    for supplier_id in (supplier.id, new_id()):
        with pytest.raises(InvalidInput, match="supplier_not_invitable"):
            await invite(scene.session, scene.clock, procedure.id, [supplier_id], by=scene.officer)


async def test_nobody_is_invited_after_the_deadline(scene: Scene) -> None:
    procedure = await scene.invited([await scene.supplier()])
    other = await scene.supplier("556900-4400", "other")
    scene.clock.advance(timedelta(days=1))
    with pytest.raises(Refused, match="deadline_passed"):
        await invite(scene.session, scene.clock, procedure.id, [other.id], by=scene.officer)


async def test_a_deadline_moves_to_later_only_and_before_it_passes(scene: Scene) -> None:
    procedure = await scene.invited([await scene.supplier()])
    before = procedure.deadline
    with pytest.raises(Refused, match="deadline_shortened"):
        await change_deadline(
            scene.session, scene.clock, procedure.id, before - timedelta(hours=1), reason="Sooner", by=scene.officer
        )
    later = before + timedelta(days=1)
    await change_deadline(scene.session, scene.clock, procedure.id, later, reason="Later", by=scene.officer)
    told = [fact.deadline for fact in await scene.told() if isinstance(fact, SupplierInvited)]
    assert told == [before, later]
    scene.clock.advance(timedelta(days=2))
    with pytest.raises(Refused, match="deadline_passed"):
        await change_deadline(
            scene.session, scene.clock, procedure.id, later + timedelta(days=1), reason="More", by=scene.officer
        )


async def test_cancelling_tells_every_invited_supplier_why(scene: Scene) -> None:
    suppliers = await scene.suppliers()
    procedure = await scene.invited(suppliers)
    await cancel_procedure(
        scene.session,
        scene.clock,
        procedure.id,
        code=CancelReason.PRICE_ABOVE_BUDGET,
        reason="Above the budget",
        by=scene.officer,
    )
    fact = (await scene.told())[-1]
    assert isinstance(fact, ProcedureCancelled)
    assert {recipient.id for recipient in fact.recipients} == {supplier.id for supplier in suppliers}


async def test_loading_a_buyer_twice_changes_nothing_and_a_new_policy_is_taken(scene: Scene) -> None:
    given = BuyerInput(
        name="Region", organisation_number="212000-9911", kind=BuyerKind.MUNICIPALITY_OR_REGION, series="R"
    )
    first = await load_buyer(scene.session, scene.clock, given)
    loaded_at = first.loaded_at
    scene.clock.advance(timedelta(days=1))
    assert (await load_buyer(scene.session, scene.clock, given)).loaded_at == loaded_at
    changed = given.model_copy(update={"policy": Policy(openers=1)})
    assert (await load_buyer(scene.session, scene.clock, changed)).its_policy().openers == 1
