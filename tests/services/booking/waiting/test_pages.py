"""The queue on pages: joining a full run, one's place and why, answering an offer, leaving, and what the lead does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.bookings.commands import Order, book_seats, cancel_booking
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.seats.queries import get_entry
from services.booking.seats.tables import WaitingEntry
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import AnEmployer, AProject, a_plan, a_project, a_run, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import problem_of


@dataclass(frozen=True)
class Stage:
    """A project with two employers, and who acts in it, by sub."""

    office: Office
    project: AProject
    employer: AnEmployer
    other: AnEmployer

    async def full_run(self, seats: int = 3) -> tuple[Run, Booking]:
        async with self.office.transaction() as session:
            run = await a_run(session, self.project, plan=a_plan(capacity=seats))
            order = Order(self.project.id, self.other.id, run.id, seats)
            return run, await book_seats(session, self.office.clock, order, by=self.other.contact)

    async def freed(self, booking: Booking) -> None:
        async with self.office.transaction() as session:
            await cancel_booking(session, self.office.clock, booking.id, reason="Fler order")

    async def waits(self, run: Run, employer: AnEmployer, seats: int) -> WaitingEntry:
        async with self.office.transaction() as session:
            wish = Wish(self.project.id, employer.id, run.id, seats, seats)
            return await join_queue(session, self.office.clock, wish)

    async def state(self, entry_id: UUID) -> str:
        async with self.office.transaction() as session:
            return (await get_entry(session, entry_id)).state


@pytest.fixture(scope="module")
async def stage(office: Office) -> Stage:
    async with office.transaction() as session:
        project = await a_project(session)
        stage = Stage(office, project, await an_employer(session, project), await an_employer(session, project))
    await office.holder("contact", Grant(Role.CONTACT, employer_id=stage.employer.id))
    await office.holder("stranger", Grant(Role.CONTACT, employer_id=stage.other.id))
    await office.holder("coach", Grant(Role.COACH, project_id=project.id))
    await office.holder("leader", Grant(Role.PROJECT_LEAD, project_id=project.id))
    return stage


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Any:  # noqa: ANN401 - a generator
    with known_visitors(office.app):
        yield


@pytest.fixture
async def contact(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(office.app, "contact") as client:
        yield client


async def _send(client: httpx.AsyncClient, address: str, **fields: object) -> httpx.Response:
    typed: dict[str, object] = dict(page_of(await client.get(address)).typed())
    typed.pop("q", None)
    return await client.post(address, data={**typed, **fields})


async def test_from_a_full_run_one_joins_sees_ones_place_accepts_and_names(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run, booking = await stage.full_run()
    shown = page_of(await contact.get(f"/booking/runs/{run.id}"))
    assert "Nobody waits yet." in shown.text
    led = await contact.get(shown.tag("a", href=f"/booking/runs/{run.id}/book?queue=yes")["href"] or "")
    address = led.headers["location"]
    assert address == f"/booking/employers/{stage.employer.id}/runs/{run.id}/wait"
    answer = await _send(contact, address, seats="3", least="2")
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    page = page_of(await contact.get(place))
    for told in ("Place 1 of 1", "Too few seats are free for the whole group", "3, or at least 2", "Joined the queue"):
        assert told in page.text, told
    assert "1 group waits." in page_of(await contact.get(f"/booking/runs/{run.id}")).text
    assert "You wait here already" in page_of(await contact.get(address)).text
    await stage.freed(booking)
    page = page_of(await contact.get(place))
    assert "3 seats are held for you" in page.text
    start = page_of(await contact.get("/booking/"))
    assert "Answer the offer of seats" in start.text
    assert start.tag("a", href=place)
    person = str(stage.employer.people[0])
    accepted = await _send(contact, f"{place}/accept", participants=[person])
    assert accepted.status_code == 303, accepted.text
    booked = page_of(await contact.get(accepted.headers["location"]))
    assert "2 names missing" in booked.text
    assert "Offer accepted. Seats booked: 3" in page_of(await contact.get(place)).text
    assert "Nothing is offered just now" in page_of(await contact.get(f"{place}/accept")).text


async def test_whoever_books_while_others_wait_is_led_to_the_queue(stage: Stage, contact: httpx.AsyncClient) -> None:
    run, _ = await stage.full_run()
    await stage.waits(run, stage.other, 2)
    form = f"/booking/employers/{stage.employer.id}/runs/{run.id}/book"
    page = page_of(await contact.get(form))
    assert "1 group waits for the open seats, so they go to the queue first." in page.text
    refused = page_of(await _send(contact, form, seats="1"), 422)
    assert "Others wait for seats here (1 in the queue)" in refused.text
    assert refused.tag("a", href=f"/booking/employers/{stage.employer.id}/runs/{run.id}/wait")


async def test_a_wrong_number_is_told_at_its_field(stage: Stage, contact: httpx.AsyncClient) -> None:
    run, _ = await stage.full_run()
    address = f"/booking/employers/{stage.employer.id}/runs/{run.id}/wait"
    page = page_of(await _send(contact, address, seats="4"), 422)
    assert "3 is the most" in page.text
    assert page.tags("input", id="field-seats", aria_invalid="true")
    page = page_of(await _send(contact, address, seats="2", least="3"), 422)
    assert page.tags("input", id="field-least", aria_invalid="true")


async def test_an_offer_is_declined_and_a_place_given_up_after_it_is_said_what_that_does(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run, booking = await stage.full_run()
    entry = await stage.waits(run, stage.employer, 2)
    left = page_of(await contact.get(f"/booking/queue/{entry.id}/leave"))
    assert "Place 1 goes to the group behind you." in left.text
    await stage.freed(booking)
    page = page_of(await contact.get(f"/booking/queue/{entry.id}/decline"))
    assert "The 2 seats that are held for you go to those who wait on." in page.text
    assert (await _send(contact, f"/booking/queue/{entry.id}/decline")).status_code == 303
    assert await stage.state(entry.id) == "left"
    again = page_of(await _send(contact, f"/booking/queue/{entry.id}/leave"), 422)
    assert "This cannot go from “left” to “left”" in again.text


async def test_a_link_lets_whoever_has_it_leave_once_without_signing_in(stage: Stage) -> None:
    run, _ = await stage.full_run()
    entry = await stage.waits(run, stage.employer, 2)
    address = f"/booking/queue/leave/{stage.office.app.state.links.token(entry.id, entry.employer_id)}"
    async with browser(stage.office.app) as anybody:
        assert "The group waits for 2 seats." in page_of(await anybody.get(address)).text
        assert await stage.state(entry.id) == "waiting"
        assert (await _send(anybody, address)).status_code == 303
        assert await stage.state(entry.id) == "left"
        assert "The group waits no longer" in page_of(await anybody.get(address)).text
        page_of(await anybody.get(f"/booking/queue/leave/{'A' * 43}"), 404)


async def test_the_lead_sees_the_queue_and_gives_a_turn_with_a_reason_that_the_employer_reads(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run, _ = await stage.full_run()
    await stage.waits(run, stage.other, 2)
    entry = await stage.waits(run, stage.employer, 3)
    led = f"/booking/projects/{stage.project.id}/runs/{run.id}"
    async with browser(stage.office.app, "leader") as lead:
        planned = page_of(await lead.get(led))
        assert planned.tag("a", href=f"{led}/queue")
        assert "2 groups wait" in planned.text
        page = page_of(await lead.get(f"{led}/queue"))
        assert "Too few seats are free for the whole group" in page.text
        move = f"/booking/queue/{entry.id}/move"
        wrong = page_of(await _send(lead, move, turn="first"), 422)
        assert wrong.tags("textarea", id="field-reason", aria_invalid="true")
        assert (await _send(lead, move, turn="first", reason="De missade en inställd kurs")).status_code == 303
        csv = await lead.get(f"{led}/queue", params={"format": "csv"})
        assert csv.text.count("Verkstaden AB") == 2
    page = page_of(await contact.get(f"/booking/queue/{entry.id}"))
    for told in ("Place 1 of 2", "Before the others", "from place 2 to 1", "De missade en inställd kurs"):
        assert told in page.text, told
    page_of(await contact.get(f"/booking/queue/{entry.id}/move"), 403)


async def test_pages_cost_the_same_number_of_statements_whatever_their_rows(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    counts: list[tuple[int, int]] = []
    own = f"/booking/employers/{stage.employer.id}/queue"
    run, _ = await stage.full_run()
    of_run = f"/booking/projects/{stage.project.id}/runs/{run.id}/queue"
    async with browser(stage.office.app, "leader") as lead:
        for _ in range(2):
            another, _booking = await stage.full_run()
            await stage.waits(another, stage.employer, 2)
            async with stage.office.transaction() as session:
                employer = await an_employer(session, stage.project, people=0)
            await stage.waits(run, employer, 2)
            with statements_of(stage.office.database) as in_own:
                assert page_of(await contact.get(own)).tags("tr")
            with statements_of(stage.office.database) as in_run:
                assert page_of(await lead.get(of_run)).tags("tr")
            counts.append((len(in_own), len(in_run)))
    assert counts[0] == counts[1]


async def test_another_employer_sees_nothing_of_it_and_a_coach_acts_for_it(stage: Stage) -> None:
    run, _ = await stage.full_run()
    entry = await stage.waits(run, stage.employer, 2)
    async with browser(stage.office.app, "stranger") as stranger:
        for rest in ("", "/leave", "/accept", "/decline"):
            page_of(await stranger.get(f"/booking/queue/{entry.id}{rest}"), 404)
    async with browser(stage.office.app, "coach", language="sv") as coach:
        page = page_of(await coach.get(f"/booking/queue/{entry.id}"))
        assert "Plats 1 av 1" in page.text
        assert "företagscoach" in page.text


async def test_the_api_tells_place_and_why_and_answers_an_offer(stage: Stage, office: Office) -> None:
    run, booking = await stage.full_run()
    client = office.ask("contact")
    collection = f"projects/{stage.project.id}/employers/{stage.employer.id}/waiting-entries"
    joined = await client.post(collection, json={"run_id": str(run.id), "seats": 2})
    assert joined.status_code == 201, joined.text
    entry = joined.json()
    assert (entry["place"], entry["why"], entry["least"], entry["run"]["waiting"]) == (1, "too_few_free", 2, 1)
    path = f"waiting-entries/{entry['entry_id']}"
    refused = await client.post(
        f"projects/{stage.project.id}/employers/{stage.employer.id}/bookings",
        json={"run_id": str(run.id), "seats": 1},
    )
    problem_of(refused, 409, "others_wait", field="seats")
    await stage.freed(booking)
    found = (await client.get(path)).json()
    assert (found["state"], found["offer"]["seats"], found["place"]) == ("offered", 2, None)
    booked = await client.post(f"{path}/accept", json={"participants": []})
    assert booked.status_code == 201, booked.text
    assert (booked.json()["seat_count"], booked.json()["run"]["free_seats"]) == (2, 1)
    problem_of(await client.post(f"{path}/decline"), 409, "seat_offer_cannot_move")
    history = (await client.get(f"{path}/history")).json()["items"]
    assert [item["change"] for item in history] == ["joined", "offered", "accepted"]
    assert (await client.get(collection)).json()["items"][0]["entry_id"] == entry["entry_id"]
    listed = await office.ask("leader").get(f"runs/{run.id}/waiting-entries")
    assert listed.json()["items"] == []
