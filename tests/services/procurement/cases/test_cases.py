"""The inbox and the cases: numbers without gaps, pooling, declining, returning, and who may work a case."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from services.procurement.cases.commands import (
    add_requests,
    cancel_case,
    declare,
    decline_request,
    open_case,
    receive_request,
    withdraw_request,
)
from services.procurement.cases.queries import RequestFilter, list_requests
from services.procurement.cases.rules import CaseState, RequestState
from services.procurement.cases.tables import TrainingRequest
from services.procurement.history import HistoryRow
from services.procurement.procedures.commands import cancel_whole_case
from services.procurement.reactions import REACTIONS
from shared.contracts.booking import TrainingRequestWithdrawn
from shared.contracts.facts import Fact
from shared.contracts.procurement import (
    ProcedureCancelled,
    TrainingRequestDeclined,
    TrainingRequestReturned,
    TrainingRequestTaken,
)
from shared.kernel.errors import Conflict, InvalidInput, NotAllowed, Refused
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.messaging.reactions import NotYetKnown
from tests.services.procurement.office import opened_office
from tests.services.procurement.scene import Scene
from tests.support.databases import ServiceDatabase
from tests.support.messaging import a_message, deliver


async def test_numbers_follow_one_another_and_begin_anew_each_year(scene: Scene) -> None:
    numbers = [(await scene.case()).registration_number for _ in range(2)]
    scene.clock.advance(datetime(2026, 12, 31, 23, 30, tzinfo=UTC) - scene.clock.now())
    numbers.append((await scene.case()).registration_number)
    assert numbers == ["DK 2026/00001", "DK 2026/00002", "DK 2027/00001"]


async def test_a_number_is_not_used_up_by_a_case_that_was_not_opened(service_database: ServiceDatabase) -> None:
    async with opened_office(await service_database("procurement")) as office:
        scene = office.scene

        async def open_one(*, commits: bool) -> str:
            async with office.database.sessions() as session:
                case = await open_case(
                    session,
                    scene.clock,
                    scene.buyer.id,
                    project_id=scene.project_id,
                    title="Case",
                    request_ids=[],
                    by=scene.officer,
                )
                number = case.registration_number
                await (session.commit() if commits else session.rollback())
                return number

        await asyncio.gather(*(open_one(commits=place % 2 == 0) for place in range(8)))
        assert await open_one(commits=True) == "DK 2026/00005"


async def test_a_request_waits_and_is_listed_for_its_project_alone(scene: Scene) -> None:
    request = await scene.request()
    for projects, found in ((frozenset({scene.project_id}), [request.id]), (frozenset({new_id()}), [])):
        page = await list_requests(scene.session, scene.buyer.id, RequestFilter(), projects=projects)
        assert [each.request_id for each in page.items] == found


async def test_requests_are_pooled_and_their_employers_told(scene: Scene) -> None:
    first, second = await scene.request(), await scene.request()
    case = await scene.case(first)
    await add_requests(scene.session, scene.clock, case.id, [second.id], by=scene.officer)
    taken = [fact for fact in await scene.told() if isinstance(fact, TrainingRequestTaken)]
    assert [fact.request_id for fact in taken] == [first.id, second.id]
    assert {fact.registration_number for fact in taken} == {case.registration_number}
    assert [str(recipient.id) for recipient in taken[0].recipients] == first.contacts


async def test_an_employers_contacts_of_today_are_told_too(scene: Scene) -> None:
    request = await scene.request()
    grant = {"role": Role.CONTACT.value, "employer_id": str(request.employer_id)}
    mine = await scene.person("contact", {**grant, "project_id": str(scene.project_id)})
    await scene.person("contact.elsewhere", {**grant, "project_id": str(new_id())})
    await scene.case(request)
    (taken,) = [fact for fact in await scene.told() if isinstance(fact, TrainingRequestTaken)]
    assert {str(recipient.id) for recipient in taken.recipients} == {*request.contacts, str(mine)}


async def test_requests_of_two_projects_are_not_pooled(scene: Scene) -> None:
    foreign = await scene.request(project_id=new_id())
    with pytest.raises(Refused, match="requests_not_poolable"):
        await scene.case(foreign)


async def test_a_request_of_another_buyer_is_not_found(scene: Scene) -> None:
    with pytest.raises(InvalidInput, match="request_unknown"):
        await add_requests(scene.session, scene.clock, (await scene.case()).id, [new_id()], by=scene.officer)


async def test_a_declined_request_tells_why_and_cannot_be_taken(scene: Scene) -> None:
    request = await scene.request()
    await decline_request(scene.session, scene.clock, request.id, reason="Use the open course", by=scene.officer)
    (fact,) = await scene.told()
    assert isinstance(fact, TrainingRequestDeclined)
    assert fact.reason == "Use the open course"
    with pytest.raises(Conflict):
        await scene.case(request)


async def test_a_declined_request_that_is_submitted_again_waits_again(scene: Scene) -> None:
    fact = scene.submitted()
    request = await receive_request(scene.session, scene.clock, fact)
    await decline_request(scene.session, scene.clock, request.id, reason="Too early", by=scene.officer)
    again = await receive_request(scene.session, scene.clock, fact)
    assert (again.state, again.case_id) == (RequestState.WAITING, None)


async def test_a_withdrawn_request_is_marked_even_in_a_case(scene: Scene) -> None:
    request = await scene.request()
    case = await scene.case(request)
    await withdraw_request(scene.session, scene.clock, a_message(TrainingRequestWithdrawn, request_id=request.id))
    assert (request.state, request.case_id) == (RequestState.WITHDRAWN, case.id)


async def test_a_request_for_an_unknown_buyer_waits_for_it(scene: Scene) -> None:
    with pytest.raises(NotYetKnown):
        await receive_request(scene.session, scene.clock, scene.submitted(buyer_id=new_id()))


async def test_submitting_and_withdrawing_take_effect_once(service_database: ServiceDatabase) -> None:
    async with opened_office(await service_database("procurement")) as office:
        fact = office.scene.submitted()
        await deliver(REACTIONS, fact, office.database)
        withdrawn = a_message(TrainingRequestWithdrawn, request_id=fact.request_id)
        await deliver(REACTIONS, withdrawn, office.database, version=2)
        request = await office.scene.session.get(TrainingRequest, fact.request_id)
        assert request is not None
        assert request.state is RequestState.WITHDRAWN


async def test_cancelling_a_case_returns_its_requests_and_cancels_its_procedures(scene: Scene) -> None:
    request = await scene.request()
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier], request)
    case = await cancel_whole_case(
        scene.session, scene.clock, procedure.case_id, reason="The need is gone", by=scene.officer
    )
    assert case.state is CaseState.CANCELLED
    assert (request.state, request.case_id) == (RequestState.WAITING, None)
    kinds: list[type[Fact]] = [type(fact) for fact in await scene.told()][-2:]
    expected: list[type[Fact]] = [ProcedureCancelled, TrainingRequestReturned]
    assert kinds == expected
    with pytest.raises(Conflict):
        await cancel_case(scene.session, scene.clock, case.id, reason="Again", by=scene.officer)


async def test_only_who_has_declared_works_a_case(scene: Scene) -> None:
    case = await open_case(
        scene.session,
        scene.clock,
        scene.buyer.id,
        project_id=scene.project_id,
        title="Case",
        request_ids=[],
        by=scene.officer,
    )
    with pytest.raises(NotAllowed, match="declaration_missing"):
        await scene.lot(case)
    await declare(scene.session, scene.clock, case.id, conflict=True, statement="My cousin bids", by=scene.officer)
    with pytest.raises(NotAllowed, match="conflict_of_interest"):
        await scene.lot(case)
    with pytest.raises(Refused, match="conflict_declared"):
        await declare(scene.session, scene.clock, case.id, conflict=False, statement=None, by=scene.officer)


async def test_each_change_leaves_a_row_that_says_who_when_from_to_and_why(scene: Scene) -> None:
    request = await scene.request()
    await decline_request(scene.session, scene.clock, request.id, reason="Too early", by=scene.officer)
    await scene.session.flush()
    rows = (
        await scene.session.exec(
            select(HistoryRow).where(col(HistoryRow.subject_id) == request.id).order_by(col(HistoryRow.id))
        )
    ).all()
    assert [(row.before, row.after, row.actor_id, row.reason) for row in rows] == [
        (None, "waiting", None, None),
        ("waiting", "declined", scene.officer, "Too early"),
    ]
