"""Changing a run and answering on pages: the contact's answer, the link of a message, and the lead's list."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.tables import Booking
from services.booking.changes.commands import change_run
from services.booking.changes.queries import find_latest
from services.booking.changes.tables import Confirmation
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Run
from services.booking.projects.tables import Project
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    AProject,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employee,
    an_employer,
)
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import problem_of

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stage:
    """A project that asks, with an employer, and who acts in it, by sub."""

    office: Office
    project: AProject
    employer: AnEmployer

    async def booked(self, *, seats: int = 3) -> tuple[Run, Booking]:
        async with self.office.transaction() as session:
            run = await a_run(session, self.project, plan=a_plan(capacity=12))
            own = self.employer
            people = [await an_employee(session, self.project.id, own.workplace_id) for _ in range(2)]
            order = Order(self.project.id, own.id, run.id, seats, tuple(people))
            return run, await book_seats(session, self.office.clock, order, by=self.employer.contact)

    async def moved(self, run: Run, booking: Booking) -> Confirmation:
        async with self.office.transaction() as session:
            first = (await meetings_of(session, run.id))[0]
            moved = a_meeting(IN_TWO_WEEKS + DAY, meeting_id=first.id)
            await change_run(session, self.office.clock, run.id, meetings=[moved], reason="Lokalen är upptagen")
            asked = await find_latest(session, booking.id)
        assert asked is not None
        return asked


@pytest.fixture(scope="module")
async def stage(office: Office) -> Stage:
    async with office.transaction() as session:
        project = await a_project(session)
        row = await session.get_one(Project, project.id)
        row.confirmation_days, row.unanswered = 4, "release"
        stage = Stage(office, project, await an_employer(session, project))
        other = await an_employer(session, project)
    await office.holder("contact", Grant(Role.CONTACT, employer_id=stage.employer.id))
    await office.holder("stranger", Grant(Role.CONTACT, employer_id=other.id))
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


@pytest.fixture
async def leader(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(office.app, "leader") as client:
        yield client


async def _send(client: httpx.AsyncClient, address: str, **fields: object) -> httpx.Response:
    typed: dict[str, object] = dict(page_of(await client.get(address)).typed())
    return await client.post(address, data={**typed, **fields})


async def test_a_lead_changes_a_run_and_sees_who_has_answered(
    stage: Stage, leader: httpx.AsyncClient, contact: httpx.AsyncClient
) -> None:
    run, booking = await stage.booked()
    led = f"/booking/projects/{stage.project.id}/runs/{run.id}"
    form = page_of(await leader.get(f"{led}/change"))
    assert "asked to say within 4 days" in form.text
    answer = await _send(leader, f"{led}/change", **{"meetings.0.place": "Stadshuset", "reason": "Läcka i taket"})
    assert answer.status_code == 303, answer.text
    assert "Answers after changes: 1 missing" in page_of(await leader.get(led)).text
    own = f"/booking/bookings/{booking.id}"
    assert page_of(await contact.get(own)).tag("a", href=f"{own}/answer")
    page = page_of(await contact.get(f"{own}/answer"))
    for each in ("The course has a new place.", "Läcka i taket", "Stadshuset"):
        assert each in page.text, each
    with statements_of(stage.office.database) as ran:
        listed = page_of(await leader.get(f"{led}/answers"))
    assert "Not answered yet" in listed.text
    assert len(ran) < 20


async def test_a_contact_gives_a_seat_back_and_then_the_booking_is_answered(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run, booking = await stage.booked()
    await stage.moved(run, booking)
    own = f"/booking/bookings/{booking.id}"
    form = page_of(await contact.get(f"{own}/answer"))
    seats = [each["value"] for each in form.tags("input", name="staying")]
    kept: dict[str, Any] = dict(form.typed())
    nobody = await contact.post(f"{own}/answer", data={**kept, "held": seats, "staying": []})
    assert "Somebody must stay ticked" in page_of(nobody, 422).text
    answer = await contact.post(f"{own}/answer", data={**kept, "held": seats, "staying": seats[:2]})
    assert answer.status_code == 303, answer.text
    page = page_of(await contact.get(own))
    for each in ("2 seats", "Answered: still coming", "Seats changed from 3 to 2"):
        assert each in page.text, each
    assert "What was answered: Still coming" in page_of(await contact.get(f"{own}/answer")).text


async def test_a_contact_gives_the_booking_up(
    stage: Stage, contact: httpx.AsyncClient, leader: httpx.AsyncClient
) -> None:
    run, booking = await stage.booked()
    await stage.moved(run, booking)
    own = f"/booking/bookings/{booking.id}"
    assert "Why" in page_of(await _send(contact, f"{own}/give-up", reason=""), 422).text
    answer = await _send(contact, f"{own}/give-up", reason="Vi kan inte den dagen")
    assert answer.status_code == 303, answer.text
    page = page_of(await contact.get(own))
    assert "The booking is cancelled" in page.text
    assert "It was cancelled after the last day" not in page.text
    answers = f"/booking/projects/{stage.project.id}/runs/{run.id}/answers"
    assert "Given up" in page_of(await leader.get(f"{answers}?shown=given_up")).text
    assert (await leader.get(f"{answers}?format=csv")).text.count("\n") == 2


async def test_whoever_follows_the_link_of_a_message_says_that_all_come(stage: Stage) -> None:
    run, booking = await stage.booked()
    asked = await stage.moved(run, booking)
    code = stage.office.app.state.links.token(asked.id, stage.employer.contact)
    async with browser(stage.office.app) as nobody:
        page = page_of(await nobody.get(f"/booking/answer/{code}"))
        assert "You have booked 3 seats" in page.text
        answer = await _send(nobody, f"/booking/answer/{code}")
        assert answer.status_code == 303, answer.text
        assert "What was answered: Still coming" in page_of(await nobody.get(f"/booking/answer/{code}")).text
        assert (await nobody.get("/booking/answer/none-of-ours")).status_code == 404
        in_swedish = await nobody.get(f"/booking/answer/{code}", headers={"accept-language": "sv"})
        assert "Kommer ni ändå?" in page_of(in_swedish).text


async def test_only_those_whom_it_concerns_may_answer_and_the_api_takes_answers_too(stage: Stage) -> None:
    run, booking = await stage.booked()
    asked = await stage.moved(run, booking)
    async with browser(stage.office.app, "stranger") as stranger:
        assert (await stranger.get(f"/booking/bookings/{booking.id}/answer")).status_code == 404
    path = f"bookings/{booking.id}/confirmations"
    contact = stage.office.ask("contact")
    given_up = {"confirmation_id": str(asked.id), "answer": "given_up"}
    problem_of(await contact.post(f"{path}/answer", json=given_up), 422, "invalid_input", field="body")
    answered = await contact.post(f"{path}/answer", json=given_up | {"answer": "confirmed"})
    assert answered.json()["state"] == "confirmed", answered.text
    assert [each["state"] for each in (await contact.get(path)).json()["items"]] == ["confirmed"]
    listed = await stage.office.ask("leader").get(f"runs/{run.id}/confirmations")
    assert [each["reference"] for each in listed.json()["items"]] == [booking.reference]


async def test_a_lead_postpones_a_run_and_its_pages_say_so(
    stage: Stage, leader: httpx.AsyncClient, contact: httpx.AsyncClient
) -> None:
    run, booking = await stage.booked()
    led = f"/booking/projects/{stage.project.id}/runs/{run.id}"
    assert page_of(await leader.get(led)).tag("a", href=f"{led}/postpone")
    assert "Bookings stay (1, with 3 seats)" in page_of(await leader.get(f"{led}/postpone")).text
    answer = await _send(leader, f"{led}/postpone", reason="Läraren är sjuk")
    assert answer.status_code == 303, answer.text
    shown = {
        led: "The run is postponed without a date",
        f"/booking/runs/{run.id}": "nothing new can be booked",
        f"/booking/bookings/{booking.id}": "Your booking stays",
        f"/booking/bookings/{booking.id}/change": "postponed, no dates yet",
        f"/booking/bookings/{booking.id}/cancel": "It is free of charge",
        f"/booking/employers/{stage.employer.id}/bookings": "Postponed",
        f"/booking/employers/{stage.employer.id}/runs/{run.id}/book": "no more seats can be booked",
        f"/booking/employers/{stage.employer.id}/runs/{run.id}/wait": "postponed, no dates yet",
    }
    for address, words in shown.items():
        client = leader if address == led else contact
        assert words in page_of(await client.get(address)).text, address
    dates = {"meetings.0.day": "2027-03-09", "meetings.0.starts_at": "09:00", "meetings.0.ends_at": "15:00"}
    answer = await _send(leader, f"{led}/change", **dates, reason="Läraren är frisk")
    assert answer.status_code == 303, answer.text
    own = f"/booking/bookings/{booking.id}"
    assert page_of(await contact.get(own)).tag("a", href=f"{own}/answer")
