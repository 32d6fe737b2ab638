"""A project's participants on its lead's pages, and protected identities: asked why, kept, and shown for a while."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from services.booking.people.looking import SHOWN_FOR
from services.booking.people.tables import IdentityLook, Participation
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import AProject, an_employee, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of

SECRET_NAME = "Quintilia"


@pytest.fixture
async def lead(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


async def _hidden(office: Office, *, others: int = 2) -> UUID:
    """Add a participant with protected identity, and some without."""
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        employer = await an_employer(session, project, people=others)
        return await an_employee(session, project.id, employer.workplace_id, name=SECRET_NAME, protected=True)


def address_of(office: Office, rest: str) -> str:
    return f"/booking/projects/{office.project_id}{rest}"


def typed(page: PageText, **changes: str) -> dict[str, str]:
    return {**page.typed(), "_csrf": TOKEN, **changes}


async def test_participants_are_listed_and_nobody_protected_has_a_name(office: Office, lead: httpx.AsyncClient) -> None:
    await _hidden(office)
    for query in ({}, {"q": SECRET_NAME}, {"standing": "protected"}, {"sort": "-name"}, {"sort": "since"}):
        page = page_of(await lead.get(address_of(office, "/participants"), params={**query, "limit": "200"}))
        assert SECRET_NAME not in page.text.replace(f"value {SECRET_NAME}", ""), query
    found = page_of(await lead.get(address_of(office, "/participants"), params={"q": "anna berg"}))
    assert "Anna Berg" in found.text
    assert (
        "Nobody is like that"
        in page_of(await lead.get(address_of(office, "/participants"), params={"q": SECRET_NAME})).text
    )
    file = await lead.get(address_of(office, "/participants"), params={"format": "csv"})
    assert SECRET_NAME not in file.text
    assert "Anna Berg" in file.text


async def test_the_list_costs_the_same_however_long(office: Office, lead: httpx.AsyncClient) -> None:
    costs = []
    for _ in range(2):
        await _hidden(office)
        with statements_of(office.database) as sent:
            page_of(await lead.get(address_of(office, "/participants"), params={"limit": "200"}))
        costs.append(len(sent))
    assert costs[0] == costs[1]


async def test_a_name_is_shown_after_a_reason_that_is_kept_and_only_for_a_while(
    office: Office, lead: httpx.AsyncClient
) -> None:
    person = await _hidden(office)
    question = address_of(office, f"/protected/{person}")
    listed = page_of(await lead.get(address_of(office, "/protected"), params={"limit": "200"}))
    listed.tag("a", href=question)
    assert SECRET_NAME not in listed.text
    page = page_of(await lead.get(question))
    assert SECRET_NAME not in page.text
    wrong = page_of(await lead.post(question, data=typed(page, reason=" ")), 422)
    assert wrong.tag("textarea", id="field-reason")["aria-invalid"] == "true"
    assert SECRET_NAME not in wrong.text
    answer = await lead.post(question, data=typed(page, reason="She has to be called about tomorrow"))
    assert (answer.status_code, answer.headers["location"]) == (303, question)
    assert SECRET_NAME in page_of(await lead.get(question)).text
    looks = page_of(await lead.get(address_of(office, "/looks")))
    assert "Per lead" in looks.text
    assert "She has to be called about tomorrow" in looks.text
    assert SECRET_NAME not in looks.text
    async with office.transaction() as session:
        (look,) = await session.exec(select(IdentityLook).where(col(IdentityLook.person_id) == person))
        look.at -= SHOWN_FOR + timedelta(seconds=1)
    late = page_of(await lead.get(question))
    assert SECRET_NAME not in late.text
    assert "Why do you need to know who it is?" in late.text


async def test_what_one_lead_was_shown_another_is_asked_for(office: Office, lead: httpx.AsyncClient) -> None:
    person = await _hidden(office)
    question = address_of(office, f"/protected/{person}")
    page = page_of(await lead.get(question))
    assert (await lead.post(question, data=typed(page, reason="An accident"))).status_code == 303
    await office.holder("second-lead", Grant(Role.PROJECT_LEAD, project_id=office.project_id))
    async with browser(office.app, "second-lead") as second:
        assert SECRET_NAME not in page_of(await second.get(question)).text


@pytest.mark.parametrize("rest", ["/protected", "/looks", "/participants", "/protected/{person}"])
async def test_nobody_but_the_lead_comes_here(office: Office, rest: str) -> None:
    person = await _hidden(office)
    for role in (Role.COACH, Role.TRAINER):
        await office.holder(f"{role}-{rest}", Grant(role, project_id=office.project_id))
    address = address_of(office, rest.format(person=person))
    with known_visitors(office.app):
        for sub, status in (("operator", 403), (f"coach-{rest}", 403), (f"trainer-{rest}", 403), ("other-lead", 404)):
            async with browser(office.app, sub) as other:
                page_of(await other.get(address), status)


async def test_somebody_who_is_not_protected_is_not_asked_for(office: Office, lead: httpx.AsyncClient) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        employer = await an_employer(session, project)
    page_of(await lead.get(address_of(office, f"/protected/{employer.people[0]}")), 404)


async def test_a_participation_is_ended_after_it_is_said_what_that_does(
    office: Office, lead: httpx.AsyncClient
) -> None:
    person = await _hidden(office)
    address = address_of(office, f"/participants/{person}/end")
    page = page_of(await lead.get(address))
    assert "a participant with protected identity" in page.text
    assert SECRET_NAME not in page.text
    wrong = page_of(await lead.post(address, data=typed(page, ends_on="2001-01-01")), 422)
    assert wrong.tag("input", id="field-ends_on")["aria-invalid"] == "true"
    answer = await lead.post(address, data=typed(page, ends_on="2027-01-01"))
    assert answer.status_code == 303
    async with office.database.sessions() as session:
        (part,) = await session.exec(select(Participation).where(col(Participation.person_id) == person))
    assert str(part.ends_on) == "2027-01-01"


async def test_a_project_for_employers_people_says_where_a_participant_is_added(
    office: Office, lead: httpx.AsyncClient
) -> None:
    page = page_of(await lead.get(address_of(office, "/participants/new")))
    page.tag("a", href=f"/booking/employers?project={office.project_id}", class_="main")
    assert not page.tags("input", id="field-given_name")
    sent = {"_csrf": TOKEN, "given_name": "Eva", "family_name": "Ek", "language": "sv"}
    page_of(await lead.post(address_of(office, "/participants/new"), data=sent), 422)


async def test_a_coach_ends_and_adds_what_the_api_lets_her_and_is_led_on_to_what_she_may_see(office: Office) -> None:
    await office.holder("taking-part-coach", Grant(Role.COACH, project_id=office.project_id))
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        employer = await an_employer(session, project, people=1)
        person = await an_employee(session, project.id, employer.workplace_id, name="Slutar")
    with known_visitors(office.app):
        async with browser(office.app, "taking-part-coach") as coach:
            start = page_of(await coach.get("/booking/"))
            start.tag("a", href=address_of(office, "/figures"))
            figures = page_of(await coach.get(address_of(office, "/figures")))
            figures.tag("a", href=address_of(office, "/participants/new"))
            assert (
                "is for people of employers" in page_of(await coach.get(address_of(office, "/participants/new"))).text
            )
            employee = page_of(await coach.get(address_of(office, f"/employers/{employer.id}/people/{person}")))
            end = address_of(office, f"/participants/{person}/end")
            employee.tag("a", href=end)
            done = await coach.post(end, data=typed(page_of(await coach.get(end))))
            assert (done.status_code, done.headers["location"]) == (303, address_of(office, "/figures"))
            page_of(await coach.get(done.headers["location"]))
            page_of(await coach.get(address_of(office, "/participants")), 403)
        async with browser(office.app, "other-lead") as other:
            page_of(await other.get(end), 404)
    async with office.transaction() as session:
        (ended,) = await session.exec(select(Participation).where(col(Participation.person_id) == person))
        assert ended.ends_on is not None


@pytest.mark.parametrize(
    ("role", "held_for"),
    [
        (Role.PROCUREMENT_OFFICER, "buyer"),
        (Role.AWARD_DELEGATE, "buyer"),
        (Role.COACH, "project"),
        (Role.OPERATOR, "all"),
    ],
)
async def test_whoever_may_see_figures_finds_the_way_to_them_from_the_start(
    office: Office, role: Role, held_for: str
) -> None:
    grant = {
        "buyer": Grant(role, buyer_id=office.buyer_id),
        "project": Grant(role, project_id=office.project_id),
        "all": Grant(role),
    }[held_for]
    sub = f"figures-{role.value}"
    await office.holder(sub, grant)
    with known_visitors(office.app):
        async with browser(office.app, sub) as reader:
            links = {tag["href"] for tag in page_of(await reader.get("/booking/")).tags("a")}
            own = {link for link in links if str(link).endswith("/figures")}
            assert address_of(office, "/figures") in own
            for link in own:
                page_of(await reader.get(str(link)))
