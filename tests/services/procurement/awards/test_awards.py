"""The award decision: by the delegate, from complete scores, once; and again where the winner falls away."""

from datetime import date, timedelta

import pytest

from services.procurement.awards.commands import decide_award, revoke_award
from services.procurement.awards.queries import award_notice
from services.procurement.awards.rules import check_standstill, standstill_until
from services.procurement.buyers.rules import Policy
from services.procurement.cases.commands import declare
from services.procurement.contracts.commands import discard_contract, order_line, sign_contract
from services.procurement.contracts.queries import lines_of
from services.procurement.contracts.rules import ContractState
from services.procurement.procedures.rules import ProcedureState
from services.procurement.procedures.tables import Procedure
from shared.contracts.procurement import AwardDecided, ContractSigned
from shared.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from shared.kernel.ids import new_id
from tests.services.procurement.scene import Scene


async def evaluated(scene: Scene, *prices: int) -> Procedure:
    suppliers = (await scene.suppliers())[: len(prices)]
    procedure = await scene.invited(suppliers, await scene.request())
    for supplier, price in zip(suppliers, prices, strict=True):
        await scene.bid(procedure, supplier, price)
    for bid in await scene.open(procedure):
        await scene.score(bid)
    return procedure


async def test_the_best_bid_wins_and_every_bidder_is_told_how_it_fared(scene: Scene) -> None:
    procedure = await evaluated(scene, 300, 100, 200)
    await scene.award(procedure)
    fact = (await scene.told())[-1]
    assert isinstance(fact, AwardDecided)
    assert [(outcome.won, outcome.rank, outcome.points) for outcome in fact.outcomes] == [
        (True, 1, "88"),
        (False, 2, "68"),
        (False, 3, "61.32"),
    ]


async def test_without_award_notice_the_winner_alone_is_told(scene: Scene) -> None:
    scene.buyer.policy = Policy(award_notice=False).model_dump(mode="json")
    procedure = await evaluated(scene, 300, 100)
    await scene.award(procedure)
    fact = (await scene.told())[-1]
    assert isinstance(fact, AwardDecided)
    assert [recipient.part for recipient in fact.recipients] == ["winner"]


async def test_nothing_is_decided_while_scores_are_missing_or_without_a_bid(scene: Scene) -> None:
    suppliers = await scene.suppliers()
    procedure = await scene.invited(suppliers)
    await scene.bid(procedure, suppliers[0])
    (bid,) = await scene.open(procedure)
    with pytest.raises(Refused, match="scores_missing"):
        await scene.award(procedure)
    await scene.score(bid, disqualified="Incomplete")
    with pytest.raises(Refused, match="no_bid"):
        await scene.award(procedure)


async def test_a_tie_takes_a_choice_among_the_tied(scene: Scene) -> None:
    suppliers = await scene.suppliers()
    procedure = await scene.invited(suppliers)
    for supplier, price in zip(suppliers, (100, 100, 900), strict=True):
        await scene.bid(procedure, supplier, price)
    bids = await scene.open(procedure)
    for bid in bids:
        await scene.score(bid)
    with pytest.raises(Refused, match="tied"):
        await scene.award(procedure)
    with pytest.raises(InvalidInput, match="not_ranked_first"):
        await scene.award(procedure, bids[2])
    assert (await scene.award(procedure, bids[1])).bid_id == bids[1].id


async def test_a_delegate_with_a_conflict_of_interest_decides_nothing(scene: Scene) -> None:
    procedure = await evaluated(scene, 100)
    await declare(scene.session, scene.clock, procedure.case_id, conflict=True, statement=None, by=scene.delegate)
    with pytest.raises(NotAllowed, match="conflict_of_interest"):
        await scene.award(procedure)


async def test_a_bid_that_no_longer_binds_cannot_win(scene: Scene) -> None:
    procedure = await evaluated(scene, 100)
    scene.clock.advance(timedelta(days=300))
    with pytest.raises(Refused, match="bid_not_binding"):
        await scene.award(procedure)


async def test_the_next_bid_wins_where_the_winner_falls_away(scene: Scene) -> None:
    procedure = await evaluated(scene, 100, 200)
    first = await scene.award(procedure)
    await revoke_award(
        scene.session, scene.clock, procedure.id, reason="Bankrupt", winner_fell_away=True, by=scene.delegate
    )
    await scene.session.flush()
    second = await scene.award(procedure)
    assert second.bid_id != first.bid_id
    assert procedure.state is ProcedureState.AWARDED
    with pytest.raises(Conflict, match="not_in_evaluation"):
        await decide_award(
            scene.session, scene.clock, procedure.id, reasons="Again", winner_bid_id=None, by=scene.delegate
        )


async def test_a_bidder_reads_its_notice_and_who_did_not_bid_finds_nothing(scene: Scene) -> None:
    procedure = await evaluated(scene, 100)
    award = await scene.award(procedure)
    assert (await award_notice(scene.session, procedure.id, award.supplier_id)).won
    with pytest.raises(NotFound):
        await award_notice(scene.session, procedure.id, new_id())


@pytest.mark.parametrize(
    ("sent", "days", "last"),
    [
        (date(2019, 4, 1), 10, date(2019, 4, 11)),
        (date(2019, 4, 18), 10, date(2019, 4, 29)),
        (date(2026, 11, 23), 0, None),
    ],
)
def test_a_standstill_ends_as_the_authority_counts(sent: date, days: int, last: date | None) -> None:
    assert standstill_until(sent, days) == last
    check_standstill(last, today=(last or sent) + timedelta(days=1))
    if last is not None:
        with pytest.raises(Refused, match="standstill_runs"):
            check_standstill(last, today=last)


async def test_a_contract_is_signed_the_day_after_the_standstill(scene: Scene) -> None:
    scene.buyer.policy = Policy(standstill_days=10).model_dump(mode="json")
    procedure = await evaluated(scene, 20_000_000)
    await scene.award(procedure)
    contract = await scene.contract(procedure)
    with pytest.raises(Refused, match="standstill_runs"):
        await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
    scene.clock.advance(timedelta(days=13))
    await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
    fact = (await scene.told())[-1]
    assert isinstance(fact, ContractSigned)
    assert contract.state is ContractState.SIGNED
    assert len(fact.request_ids) == 1


async def test_a_draft_of_a_revoked_award_is_not_signed(scene: Scene) -> None:
    procedure = await evaluated(scene, 20_000_000)
    await scene.award(procedure)
    contract = await scene.contract(procedure)
    await revoke_award(
        scene.session, scene.clock, procedure.id, reason="Wrong score", winner_fell_away=False, by=scene.delegate
    )
    await scene.session.flush()
    with pytest.raises(Conflict, match="award_revoked"):
        await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
    await scene.award(procedure)
    with pytest.raises(Conflict, match="contract_there"):
        await scene.contract(procedure)
    await discard_contract(scene.session, scene.clock, contract.id, reason="Old award", by=scene.officer)
    await scene.session.flush()
    await scene.contract(procedure)


async def test_lines_are_ordered_after_signing(scene: Scene) -> None:
    procedure = await evaluated(scene, 20_000_000)
    await scene.award(procedure)
    contract = await scene.contract(procedure)
    (line,) = await lines_of(scene.session, contract.id)
    with pytest.raises(Conflict, match="not_signed"):
        await order_line(scene.session, scene.clock, contract.id, line.id, meetings=[], seats=[], by=scene.officer)
