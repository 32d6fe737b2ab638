"""Training requests on pages: drafted, edited, sent in and withdrawn, and where each stands in an employer's words."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.employers.rules import Membership
from services.booking.employers.tables import EmployerProject
from services.booking.requests import commands
from services.booking.requests.form import hours_typed
from services.booking.requests.queries import get_request
from services.booking.requests.tables import TrainingRequest
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.offered import TODAY, AnEmployer, AProject, a_project, a_run, an_employer
from tests.services.booking.registered import Office
from tests.services.booking.world import a_need
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

WISH = {
    "title": "Svetsning för nybörjare",
    "description": "Sex svetsare ska klara kälfogar.",
    "persons": "6",
    "hours": "7,5",
    "mode": "physical",
    "municipality": "2080",
    "language": "sv",
}


@dataclass(frozen=True)
class Stage:
    """A project with an employer and its contact, by sub `contact`."""

    office: Office
    project: AProject
    employer: AnEmployer

    @property
    def list(self) -> str:
        return f"/booking/employers/{self.employer.id}/requests"

    async def asked(self, request_id: UUID) -> TrainingRequest:
        async with self.office.transaction() as session:
            return await get_request(session, request_id)


@pytest.fixture(scope="module")
async def stage(office: Office) -> Stage:
    async with office.transaction() as session:
        project = await a_project(session)
        stage = Stage(office, project, await an_employer(session, project))
    await office.holder("contact", Grant(Role.CONTACT, employer_id=stage.employer.id))
    await office.holder("coach", Grant(Role.COACH, project_id=project.id))
    await office.holder("officer", Grant(Role.PROCUREMENT_OFFICER, buyer_id=project.buyers[0]))
    return stage


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield


@pytest.fixture
async def contact(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(office.app, "contact") as client:
        yield client


async def _send(client: httpx.AsyncClient, address: str, **fields: object) -> httpx.Response:
    typed: dict[str, Any] = dict(page_of(await client.get(address)).typed())
    return await client.post(address, data={**typed, **fields})


async def _draft(stage: Stage, client: httpx.AsyncClient, **changes: str) -> UUID:
    answer = await _send(client, f"{stage.list}/new", **{**WISH, **changes})
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/booking/requests/([0-9a-f-]{36})", answer.headers["location"])
    assert found is not None
    return UUID(found[1])


@pytest.mark.parametrize(("minutes", "typed"), [(960, "16"), (450, "7,5"), (6000, "100"), (65, "1,08")])
def test_a_length_is_typed_in_hours(minutes: int, typed: str) -> None:
    assert hours_typed(minutes) == typed


async def test_a_request_is_drafted_and_the_next_step_is_to_send_it_in(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    request_id = await _draft(stage, contact, wished_from="2027-01-11", wished_to="2027-03-31")
    asked = await stage.asked(request_id)
    assert (asked.minutes, asked.persons, asked.municipality, asked.buyer_id) == (
        450,
        6,
        "2080",
        stage.project.buyers[0],
    )
    page = page_of(await contact.get(f"/booking/requests/{request_id}"))
    for told in (
        "Send the request in",
        "Draft",
        "7,5 hours for each",
        "Falun",
        "11 Jan 2027",
        "Region Dalarna",
        "Drafted",
    ):
        assert told in page.text, told
    assert page.tag("a", class_="main")["href"] == f"/booking/requests/{request_id}/submit"


async def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    wrong = {**WISH, "title": " ", "hours": "a day", "wished_from": "2027-02-01", "wished_to": "2027-01-01"}
    page = page_of(await _send(contact, f"{stage.list}/new", **wrong), 422)
    assert "Write the number of hours as 16 or 7,5" in page.text
    assert page.tags("input", id="field-title", aria_invalid="true")
    assert page.tag("input", id="field-hours")["value"] == "a day"
    late = {**wrong, "title": "Svets", "hours": "8"}
    page = page_of(await _send(contact, f"{stage.list}/new", **late), 422)
    assert "The wished period ends" in page.text
    assert page.tags("input", id="field-wished_to", aria_invalid="true")


async def test_a_draft_is_edited_and_what_was_sent_in_is_not(stage: Stage, contact: httpx.AsyncClient) -> None:
    request_id = await _draft(stage, contact)
    address = f"/booking/requests/{request_id}"
    page = page_of(await contact.get(f"{address}/edit"))
    assert page.tag("input", id="field-hours")["value"] == "7,5"
    assert "Sex svetsare" in page.text
    answer = await _send(contact, f"{address}/edit", **{**WISH, "hours": "16", "title": "Svets, fortsättning"})
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert (await stage.asked(request_id)).minutes == 960
    late = {**WISH, "version": "1"}
    assert "This was changed by somebody else" in page_of(await _send(contact, f"{address}/edit", **late), 422).text
    assert (await _send(contact, f"{address}/submit")).status_code == 303
    led = await contact.get(f"{address}/edit")
    assert (led.status_code, led.headers["location"]) == (303, address)


async def test_sending_in_says_who_hears_of_it_and_withdrawing_asks_why(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    request_id = await _draft(stage, contact)
    address = f"/booking/requests/{request_id}"
    assert "so nobody is told" in page_of(await contact.get(f"{address}/withdraw")).text
    assert "procurement officers of Region Dalarna" in page_of(await contact.get(f"{address}/submit")).text
    async with browser(stage.office.app, "officer") as officer:
        assert (await officer.get(address)).status_code == 404, "nobody else sees a draft"
        assert (await _send(contact, f"{address}/submit")).status_code == 303
        seen = page_of(await officer.get(address))
    assert "It waits for a procurement officer of Region Dalarna." in seen.text
    assert not seen.tags("a", href=f"{address}/withdraw")
    assert page_of(await _send(contact, f"{address}/withdraw", reason=" "), 422).tags("textarea", aria_invalid="true")
    assert (await _send(contact, f"{address}/withdraw", reason="Solved in another way")).status_code == 303
    page = page_of(await contact.get(address))
    assert "You have withdrawn the request." in page.text
    assert "Reason: Solved in another way" in page.text
    assert not page.tags("a", href=f"{address}/withdraw")


async def test_it_is_told_where_a_request_stands_in_procurement(stage: Stage, contact: httpx.AsyncClient) -> None:
    office = stage.office
    request_id = await _draft(stage, contact)
    address = f"/booking/requests/{request_id}"
    await _send(contact, f"{address}/submit")
    async with office.transaction() as session:
        await commands.take_into_case(
            session, office.clock, request_id, case_id=new_id(), registration_number="DK 2026-7"
        )
    taken = page_of(await contact.get(address))
    assert "Region Dalarna is procuring the training in case DK 2026-7" in taken.text
    assert "Taken up in case DK 2026-7" in taken.text
    assert not taken.tags("a", href=f"{address}/withdraw")
    async with office.transaction() as session:
        run = await a_run(session, stage.project, kept={stage.employer.id: 6})
        await commands.arrange_request(session, office.clock, request_id, run=run, seats=6)
    page = page_of(await contact.get(address))
    assert "6 seats kept for you" in page.text
    assert page.tags("a", class_="main", href=f"/booking/employers/{stage.employer.id}/runs/{run.id}/book")
    async with browser(office.app, "contact", language="sv") as reader:
        swedish = page_of(await reader.get(address)).text
    assert "Region Dalarna har beställt utbildningen, och platser hålls för er." in swedish


async def test_a_declined_request_tells_the_officer_s_reason(stage: Stage, contact: httpx.AsyncClient) -> None:
    request_id = await _draft(stage, contact)
    await _send(contact, f"/booking/requests/{request_id}/submit")
    async with stage.office.transaction() as session:
        await commands.decline_request(session, stage.office.clock, request_id, reason="En öppen kurs täcker behovet")
    page = page_of(await contact.get(f"/booking/requests/{request_id}"))
    assert "Region Dalarna has declined the request." in page.text
    assert "Reason: En öppen kurs täcker behovet" in page.text


async def test_a_need_of_the_plan_fills_the_form_in(stage: Stage, contact: httpx.AsyncClient) -> None:
    async with stage.office.transaction() as session:
        need = await a_need(session, stage.project.id, stage.employer.id, stage.employer.contact)
    page = page_of(await contact.get(f"{stage.list}/new?need={need.id}"))
    assert page.tag("input", id="field-title")["value"] == "Svetsning"
    assert page.tag("input", id="field-hours")["value"] == "16"
    assert "selected" in page.tag("option", value=str(need.id))
    for name, value in (("mode", "digital"), ("wished_time", "evenings")):
        assert "checked" in page.tag("input", name=name, value=value), name
    request_id = await _draft(stage, contact, need_id=str(need.id), wished_time="evenings")
    assert "Weekdays, in the evening" in page_of(await contact.get(f"/booking/requests/{request_id}")).text
    assert (await stage.asked(request_id)).need_id == need.id
    await _send(contact, f"/booking/requests/{request_id}/submit")
    edited = page_of(await contact.get(f"/booking/requests/{request_id}"))
    assert "Svetsning" in edited.text


async def test_where_there_are_several_projects_one_is_chosen_first(office: Office) -> None:
    async with office.transaction() as session:
        first, second = await a_project(session), await a_project(session, buyers=2)
        employer = await an_employer(session, first)
        session.add(
            EmployerProject(
                employer_id=employer.id,
                project_id=second.id,
                membership=Membership.JOINED.value,
                size_at_entry="small",
                joined_on=TODAY,
            )
        )
    await office.holder("two", Grant(Role.CONTACT, employer_id=employer.id))
    await office.holder("coach-of-one", Grant(Role.COACH, project_id=first.id))
    address = f"/booking/employers/{employer.id}/requests/new"
    async with browser(office.app, "two") as two, browser(office.app, "coach-of-one") as coach:
        page = page_of(await two.get(address))
        assert {f"{address}?project={project.id}" for project in (first, second)} <= {
            link["href"] for link in page.tags("a")
        }
        form = page_of(await two.get(f"{address}?project={second.id}"))
        assert {str(buyer) for buyer in second.buyers} <= {option.get("value") for option in form.tags("option")}
        own = page_of(await coach.get(address))
        assert own.tag("input", name="project_id")["value"] == str(first.id)
        assert "You act for Verkstaden AB as its coach." in own.text
        foreign = {**own.typed(), **WISH, "project_id": str(second.id)}
        assert (await coach.post(address, data=foreign)).status_code == 404


async def test_the_list_is_filtered_sorted_and_had_as_a_file(office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session)
        stage = Stage(office, project, await an_employer(session, project))
    await office.holder("lister", Grant(Role.CONTACT, employer_id=stage.employer.id))
    async with browser(office.app, "lister") as lister:
        assert "has asked for no training of its own" in page_of(await lister.get(stage.list)).text
        for title in ("Ängsskötsel", "Zonindelning", "Åkerbruk"):
            await _draft(stage, lister, title=title)
        sent = await _draft(stage, lister, title="Bokföring")
        await _send(lister, f"/booking/requests/{sent}/submit")
        for question, titles in (
            ("", ["Bokföring", "Åkerbruk", "Zonindelning", "Ängsskötsel"]),
            ("?sort=title", ["Bokföring", "Zonindelning", "Åkerbruk", "Ängsskötsel"]),
            ("?sort=-title&limit=2", ["Ängsskötsel", "Åkerbruk"]),
            ("?state=submitted", ["Bokföring"]),
            ("?q=ÅKER", ["Åkerbruk"]),
            ("?q=nothing", []),
        ):
            page = page_of(await lister.get(f"{stage.list}{question}"))
            shown = re.findall("Bokföring|Zonindelning|Åkerbruk|Ängsskötsel", page.text)
            assert shown == titles, question
        following = str(page_of(await lister.get(f"{stage.list}?sort=title&limit=3")).tag("a", rel="next")["href"])
        assert "Ängsskötsel" in page_of(await lister.get(following)).text
        file = (await lister.get(f"{stage.list}?format=csv")).content.decode("utf-8-sig").splitlines()
        assert len(file) == 5
        costs = []
        for question in ("?q=zon", ""):
            with statements_of(office.database) as statements:
                await lister.get(f"{stage.list}{question}")
            costs.append(len(statements))
        assert costs[0] == costs[1] <= 10
    async with browser(office.app, "coach") as coach:
        assert (await coach.get(stage.list)).status_code in (403, 404)
