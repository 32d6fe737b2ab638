"""Ordering lines, and the file note."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from services.procurement.cases.queries import requests_of
from services.procurement.cases.rules import CaseState, RequestState
from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.contracts.commands import MeetingPlan, order_line, sign_contract
from services.procurement.contracts.file_note import file_note
from services.procurement.contracts.queries import list_project_contracts
from services.procurement.contracts.rules import MeetingMode, check_meetings, check_prices, check_term
from services.procurement.contracts.tables import Contract, ContractLine
from services.procurement.procedures.tables import Procedure
from shared.contracts.procurement import ContractLineOrdered
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.ids import new_id
from shared.web.paging import PageFilter
from tests.services.procurement.scene import NOW, Scene

START = datetime(2027, 2, 1, 8, 0, tzinfo=UTC)
MEETING = MeetingPlan(START, START + timedelta(hours=8), MeetingMode.PHYSICAL, "Falun")


async def signed(scene: Scene, price_ore: int = 10_000_000) -> tuple[Procedure, Contract, ContractLine]:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier], await scene.request())
    await scene.bid(procedure, supplier, price_ore)
    (bid,) = await scene.open(procedure)
    await scene.score(bid)
    await scene.award(procedure)
    contract = await scene.contract(procedure, price_ore)
    await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
    found = select(ContractLine).where(col(ContractLine.contract_id) == contract.id)
    return procedure, contract, (await scene.session.exec(found)).one()


async def asked(scene: Scene, contract: Contract) -> TrainingRequest:
    (request,) = await requests_of(scene.session, contract.case_id)
    return request


async def test_a_case_is_concluded_when_what_is_contracted_is_ordered(scene: Scene) -> None:
    _, contract, line = await signed(scene)
    case = await scene.session.get(Case, contract.case_id)
    assert case is not None
    states = [case.state]
    await order_line(scene.session, scene.clock, contract.id, line.id, meetings=[MEETING], seats=[], by=scene.officer)
    states.append(case.state)
    assert states == [CaseState.OPEN, CaseState.CONCLUDED]


async def test_an_order_tells_meetings_and_for_whom_the_seats_are(scene: Scene) -> None:
    _, contract, line = await signed(scene)
    request = await asked(scene, contract)
    await order_line(
        scene.session, scene.clock, contract.id, line.id, meetings=[MEETING], seats=[(request.id, 6)], by=scene.officer
    )
    fact = (await scene.told())[-1]
    assert isinstance(fact, ContractLineOrdered)
    assert (fact.seats, [(each.employer_id, each.seats) for each in fact.requests]) == (10, [(request.employer_id, 6)])
    assert request.state is RequestState.ORDERED
    with pytest.raises(Conflict):
        await order_line(
            scene.session, scene.clock, contract.id, line.id, meetings=[MEETING], seats=[], by=scene.officer
        )


async def test_more_seats_than_the_line_has_or_for_a_stranger_are_refused(scene: Scene) -> None:
    _, contract, line = await signed(scene)
    request = await asked(scene, contract)
    for seats, code in (
        ([(request.id, 11)], "seats_above_line"),
        ([(new_id(), 1)], "request_unknown"),
        ([(request.id, 1), (request.id, 1)], "request_unknown"),
    ):
        with pytest.raises(InvalidInput, match=code):
            await order_line(
                scene.session, scene.clock, contract.id, line.id, meetings=[MEETING], seats=seats, by=scene.officer
            )


def test_meetings_that_cannot_be_held_are_refused() -> None:
    late, hour = START + timedelta(hours=7), timedelta(hours=1)
    for meetings, code in (
        ([(NOW - hour, NOW)], "meeting_off"),
        ([(START, START)], "meeting_off"),
        ([(START, START + timedelta(hours=25))], "meeting_off"),
        ([(late, late + hour), (START, START + 8 * hour)], "meetings_overlap"),
    ):
        with pytest.raises(InvalidInput, match=code):
            check_meetings(meetings, now=NOW)


def test_terms_and_prices_fit_the_contract() -> None:
    with pytest.raises(InvalidInput, match="term_reversed"):
        check_term(START.date(), NOW.date())
    with pytest.raises(InvalidInput, match="lines_above_value"):
        check_prices([60, 41], 100)
    check_prices([60, 40], 100)


@pytest.mark.parametrize(("price_ore", "required"), [(9_999_999, False), (10_000_000, True)])
async def test_a_file_note_holds_all_that_the_law_asks_for(scene: Scene, price_ore: int, *, required: bool) -> None:
    procedure, _, _ = await signed(scene, price_ore)
    note = await file_note(scene.session, scene.keys, procedure.id, person_id=scene.officer, translate=str)
    assert note.required is required
    assert (note.buyer_organisation_number, note.supplier_organisation_number) == ("212000-9903", "556900-3303")
    assert (note.bids, note.suppliers_asked) == (1, ["Utbildning supplier"])
    for fact in ("DK 2026/00001", "Dalabygden", "Best teaching for the price", "Utbildning supplier"):
        assert fact in note.text


async def test_no_file_note_is_made_before_the_award(scene: Scene) -> None:
    procedure = await scene.invited([await scene.supplier()])
    with pytest.raises(Refused, match="not_awarded"):
        await file_note(scene.session, scene.keys, procedure.id, person_id=scene.officer, translate=str)


async def test_an_officer_lists_her_own_buyers_contracts_alone(scene: Scene) -> None:
    _, contract, _ = await signed(scene)
    query = PageFilter()
    for buyers, found in ((None, 1), (frozenset({contract.buyer_id}), 1), (frozenset({new_id()}), 0)):
        page = await list_project_contracts(scene.session, scene.project_id, query, buyers=buyers)
        assert len(page.items) == found
