from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.needs.commands import add_need, settle_need, write_survey
from services.booking.needs.rules import NeedDetails, SurveyDetails, Way
from services.booking.needs.tables import Need
from services.booking.requests.commands import (
    draft_request,
    edit_request,
    submit_request,
    take_into_case,
    withdraw_request,
)
from services.booking.requests.queries import find_request_scope, request_history
from services.booking.requests.rules import RequestWish
from services.booking.requests.tables import TrainingRequest
from shared.contracts.booking import TrainingRequestSubmitted, TrainingRequestWithdrawn
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    TODAY,
    AnEmployer,
    a_clock,
    a_grant,
    a_person,
    a_project,
    an_employer,
    parts,
    told,
)


def a_wish(**changes: Any) -> RequestWish:  # noqa: ANN401 - any field of it
    given: dict[str, Any] = {
        "title": "Svetsning i aluminium",
        "description": "Sex personer som svetsar stål i dag",
        "persons": 6,
        "minutes": 960,
        "mode": "physical",
        "municipality": "2080",
    }
    return RequestWish(**(given | changes))


async def a_draft(session: AsyncSession, employer: AnEmployer, **changes: Any) -> TrainingRequest:  # noqa: ANN401 - any field of it
    return await draft_request(
        session, a_clock(), a_wish(**changes), project_id=employer.project_id, employer_id=employer.id
    )


async def a_need(session: AsyncSession, employer: AnEmployer) -> UUID:
    survey = SurveyDetails(TODAY, "Platschefen", "Aluminium efterfrågas")
    _, plan = await write_survey(
        session, a_clock(), employer.project_id, employer.id, survey, workplace_id=None, by=employer.contact
    )
    details = NeedDetails("Aluminium", "Svetsare", 6, 960)
    return (await add_need(session, a_clock(), plan.id, details, by=employer.contact)).id


async def test_a_draft_is_told_to_nobody_and_no_officer_sees_it(session: AsyncSession) -> None:
    project = await a_project(session)
    request = await a_draft(session, await an_employer(session, project))
    assert (request.state, request.buyer_id) == ("draft", project.buyers[0])
    assert await told(session) == []
    scope = await find_request_scope(session, request.id)
    assert scope is not None
    assert scope.buyers == frozenset()


async def test_a_submitted_request_is_told_to_contacts_and_the_buyers_officers(session: AsyncSession) -> None:
    project, another = await a_project(session), await a_project(session)
    employer = await an_employer(session, project)
    officer, elsewhere, stranger = [await a_person(session) for _ in range(3)]
    await a_grant(session, officer, Role.PROCUREMENT_OFFICER, buyer_id=project.buyers[0])
    await a_grant(session, elsewhere, Role.PROCUREMENT_OFFICER, buyer_id=project.buyers[0], project_id=another.id)
    await a_grant(session, stranger, Role.PROCUREMENT_OFFICER, buyer_id=another.buyers[0])
    request = await a_draft(session, employer)
    await submit_request(session, a_clock(), request.id, by=employer.contact)
    (fact,) = await told(session)
    assert isinstance(fact, TrainingRequestSubmitted)
    assert (fact.request_id, fact.persons, fact.minutes, fact.municipality) == (request.id, 6, 960, "2080")
    assert parts(fact) == {("contact", employer.contact), ("officer", officer)}
    assert [row.change for row in await request_history(session, request.id)] == ["drafted", "submitted"]
    with pytest.raises(Conflict):
        await submit_request(session, a_clock(), request.id)


async def test_a_submitted_request_is_not_edited(session: AsyncSession) -> None:
    employer = await an_employer(session, await a_project(session))
    request = await a_draft(session, employer)
    await edit_request(session, a_clock(), request.id, a_wish(persons=8))
    assert (request.persons, request.version) == (8, 2)
    await submit_request(session, a_clock(), request.id)
    with pytest.raises(Conflict):
        await edit_request(session, a_clock(), request.id, a_wish(persons=9))


async def test_a_withdrawn_request_is_told_and_a_withdrawn_draft_is_not(session: AsyncSession) -> None:
    employer = await an_employer(session, await a_project(session))
    draft, request = await a_draft(session, employer), await a_draft(session, employer)
    await withdraw_request(session, a_clock(), draft.id, reason="Behövs inte")
    assert await told(session) == []
    await submit_request(session, a_clock(), request.id)
    await withdraw_request(session, a_clock(), request.id, reason="Behövs inte")
    fact = (await told(session))[-1]
    assert isinstance(fact, TrainingRequestWithdrawn)
    assert fact.reason == "Behövs inte"


async def test_a_request_in_a_case_is_not_withdrawn(session: AsyncSession) -> None:
    request = await a_draft(session, await an_employer(session, await a_project(session)))
    await submit_request(session, a_clock(), request.id)
    await take_into_case(session, a_clock(), request.id, case_id=uuid4(), registration_number="RD 2026/12")
    with pytest.raises(Conflict):
        await withdraw_request(session, a_clock(), request.id, reason="Behövs inte")


async def test_a_buyer_is_chosen_where_the_project_has_several(session: AsyncSession) -> None:
    project = await a_project(session, buyers=2)
    employer = await an_employer(session, project)
    with pytest.raises(InvalidInput) as refused:
        await a_draft(session, employer)
    assert refused.value.field == "buyer_id"
    chosen = await draft_request(
        session,
        a_clock(),
        a_wish(),
        project_id=project.id,
        employer_id=employer.id,
        buyer_id=project.buyers[1],
    )
    assert chosen.buyer_id == project.buyers[1]


async def test_a_submitted_request_meets_its_need_until_it_is_withdrawn(session: AsyncSession) -> None:
    employer = await an_employer(session, await a_project(session))
    need_id = await a_need(session, employer)
    request = await a_draft(session, employer, need_id=need_id)
    need = await session.get_one(Need, need_id)
    assert need.met_by == "nothing"
    await submit_request(session, a_clock(), request.id)
    assert (need.met_by, need.met_with_id) == ("request", request.id)
    with pytest.raises(Refused, match="need_is_met"):
        await settle_need(session, a_clock(), need_id, Way.SET_ASIDE, "Inte nu", version=need.version, by=request.id)
    await withdraw_request(session, a_clock(), request.id, reason="Behövs inte")
    assert need.met_by == "nothing"


async def test_a_need_of_another_employer_is_refused(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    with pytest.raises(InvalidInput) as refused:
        await a_draft(session, employer, need_id=await a_need(session, other))
    assert refused.value.field == "need_id"


async def test_an_employer_outside_the_project_asks_for_nothing(session: AsyncSession) -> None:
    project, another = await a_project(session), await a_project(session)
    employer = await an_employer(session, another)
    with pytest.raises(NotFound):
        await draft_request(session, a_clock(), a_wish(), project_id=project.id, employer_id=employer.id)
