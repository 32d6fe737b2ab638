"""Roles in a project on its lead's pages: listed, given with an invitation that is shown once, and taken back."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import col, select

from services.booking.people.tables import Person, RoleGrant
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture
async def lead(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


def roles_of(office: Office, rest: str = "") -> str:
    return f"/booking/projects/{office.project_id}/roles{rest}"


def typed(page: PageText, **changes: str) -> dict[str, str]:
    return {**page.typed(), "_csrf": TOKEN, **changes}


async def _grant_of(office: Office, family_name: str, role: Role) -> RoleGrant:
    async with office.database.sessions() as session:
        found = await session.exec(
            select(RoleGrant)
            .join(Person, col(Person.id) == col(RoleGrant.person_id))
            .where(col(Person.family_name) == family_name, col(RoleGrant.role) == role.value)
        )
        return found.one()


async def test_a_new_coach_is_invited_by_a_link_that_is_shown_once(office: Office, lead: httpx.AsyncClient) -> None:
    page = page_of(await lead.get(roles_of(office, "/new")))
    half = typed(page, role="coach", given_name="Sara", family_name="", language="sv")
    wrong = page_of(await lead.post(roles_of(office, "/new"), data=half), 422)
    assert wrong.tag("input", id="field-family_name")["aria-invalid"] == "true"
    assert wrong.tag("input", id="field-given_name")["value"] == "Sara"
    sent = typed(page, role="coach", given_name="Sara", family_name="Holm", email="sara@example.test", language="sv")
    made = page_of(await lead.post(roles_of(office, "/new"), data=sent))
    assert "/booking/invitation?code=" in made.text
    again = page_of(await lead.post(roles_of(office, "/new"), data=sent))
    assert again.text == made.text, "what was sent twice is done once"
    listed = page_of(await lead.get(roles_of(office), params={"role": "coach", "q": "sara"}))
    for told in ("Sara Holm", "Has not signed in yet", "The whole project", "Per lead"):
        assert told in listed.text
    assert "invitation?code=" not in listed.text
    grant = await _grant_of(office, "Holm", Role.COACH)
    assert grant.project_id == office.project_id


async def test_a_role_is_given_to_somebody_who_is_here_and_taken_back(office: Office, lead: httpx.AsyncClient) -> None:
    person = await office.holder("tage", Grant(Role.TRAINER, project_id=office.project_id))
    page = page_of(await lead.get(roles_of(office, "/new")))
    answer = await lead.post(roles_of(office, "/new"), data=typed(page, role="coach", person_id=str(person)))
    assert (answer.status_code, answer.headers["location"]) == (303, roles_of(office)), answer.text
    grant = await _grant_of(office, "tage", Role.COACH)
    asked = page_of(await lead.get(roles_of(office, f"/{grant.id}/withdraw")))
    assert "Take a role back from Per tage" in asked.text
    taken = await lead.post(roles_of(office, f"/{grant.id}/withdraw"), data=typed(asked))
    assert (taken.status_code, taken.headers["location"]) == (303, roles_of(office))
    assert (await _grant_of(office, "tage", Role.COACH)).withdrawn_at is not None
    page_of(await lead.get(roles_of(office, f"/{grant.id}/withdraw")), 404)


async def test_a_lead_gives_no_role_that_is_the_operators_to_give(office: Office, lead: httpx.AsyncClient) -> None:
    page = page_of(await lead.get(roles_of(office, "/new")))
    assert {tag["value"] for tag in page.tags("input", name="role")} == {"coach", "trainer", "project_lead"}
    sent = typed(page, role="award_delegate", given_name="Ali", family_name="Ek", buyer_id=str(office.buyer_id))
    page_of(await lead.post(roles_of(office, "/new"), data=sent), 403)
    async with browser(office.app, "operator") as operator:
        page = page_of(await operator.get(roles_of(office, "/new")))
        sent = typed(page, role="procurement_officer", given_name="Ali", family_name="Ek", language="sv")
        missing = page_of(await operator.post(roles_of(office, "/new"), data=sent), 422)
        assert missing.tag("select", id="field-buyer_id")["aria-invalid"] == "true"
        made = page_of(await operator.post(roles_of(office, "/new"), data={**sent, "buyer_id": str(office.buyer_id)}))
    assert "/booking/invitation?code=" in made.text


async def test_who_takes_her_own_role_back_is_told_so_and_led_away(office: Office) -> None:
    await office.holder("leaver", Grant(Role.PROJECT_LEAD, project_id=office.project_id))
    grant = await _grant_of(office, "leaver", Role.PROJECT_LEAD)
    with known_visitors(office.app):
        async with browser(office.app, "leaver") as leaver:
            page = page_of(await leaver.get(roles_of(office, f"/{grant.id}/withdraw")))
            assert "It is your own role" in page.text
            taken = await leaver.post(roles_of(office, f"/{grant.id}/withdraw"), data=typed(page))
            assert (taken.status_code, taken.headers["location"]) == (303, "/booking/")
            page_of(await leaver.get(roles_of(office)), 403)


async def test_another_projects_lead_sees_no_role_of_this_one(office: Office) -> None:
    grant = await _grant_of(office, "lead", Role.PROJECT_LEAD)
    with known_visitors(office.app):
        async with browser(office.app, "other-lead") as other:
            for rest in ("", "/new", f"/{grant.id}/withdraw"):
                page_of(await other.get(roles_of(office, rest)), 404)


async def test_the_list_costs_the_same_however_long_and_is_had_as_a_file(
    office: Office, lead: httpx.AsyncClient
) -> None:
    costs = []
    for number in range(2):
        with statements_of(office.database) as sent:
            page_of(await lead.get(roles_of(office), params={"limit": "200"}))
        costs.append(len(sent))
        await office.holder(f"more-{number}", Grant(Role.TRAINER, project_id=office.project_id))
    assert costs[0] == costs[1]
    file = await lead.get(roles_of(office), params={"format": "csv"})
    assert "Per lead" in file.text


async def test_settings_are_told_with_where_they_are_changed(office: Office, lead: httpx.AsyncClient) -> None:
    address = f"/booking/projects/{office.project_id}/settings"
    page = page_of(await lead.get(address))
    for told in (
        "500",
        "4,500",
        "SEK 3,706,566",
        "Privata företag",
        "set up from its file",
        "which the operator loads",
    ):
        assert told in page.text, told
    page.tag("a", href="/notification/wordings")
    page.tag("a", href=f"{address}/change")
    async with browser(office.app, "lead", language="sv") as swedish:
        page = page_of(await swedish.get(address))
    assert "Regler för platser" in page.text
    async with browser(office.app, "other-lead") as other:
        page_of(await other.get(address), 404)
