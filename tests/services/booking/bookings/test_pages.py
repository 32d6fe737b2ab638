"""Booking on pages: for whom, how many, who comes; changed and cancelled; refused in words that one understands."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.bookings.choosing import MOST_PEOPLE
from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.queries import seats_of
from services.booking.bookings.rules import names_due_at
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.projects.tables import Project
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    AProject,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employee,
    an_employer,
)
from tests.services.booking.registered import Office
from tests.services.booking.world import a_need
from tests.support.pages import PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of

_days = count(1)


@dataclass(frozen=True)
class Stage:
    """A project with two employers, and who acts in it, by sub."""

    office: Office
    project: AProject
    employer: AnEmployer
    other: AnEmployer

    async def run(self, **plan: Any) -> Run:  # noqa: ANN401 - as a plan has them
        # each on a day of its own, for the same people are named on many
        plan.setdefault("meetings", (a_meeting(IN_TWO_WEEKS + timedelta(days=next(_days))),))
        async with self.office.transaction() as session:
            return await a_run(session, self.project, plan=a_plan(**plan))

    async def booking(self, run: Run, *, seats: int = 2, people: tuple[UUID, ...] = ()) -> Booking:
        async with self.office.transaction() as session:
            order = Order(self.project.id, self.employer.id, run.id, seats, people)
            return await book_seats(session, self.office.clock, order, by=self.employer.contact)

    def form(self, run: Run, employer: AnEmployer | None = None) -> str:
        return f"/booking/employers/{(employer or self.employer).id}/runs/{run.id}/book"

    async def seated(self, booking_id: UUID) -> list[UUID | None]:
        async with self.office.transaction() as session:
            return [seat.participant_id for seat in (await seats_of(session, [booking_id]))[booking_id]]


@pytest.fixture(scope="module")
async def stage(office: Office) -> Stage:
    async with office.transaction() as session:
        project = await a_project(session)
        stage = Stage(office, project, await an_employer(session, project), await an_employer(session, project))
    whole = Grant(Role.PROJECT_LEAD, project_id=project.id)
    await office.holder("contact", Grant(Role.CONTACT, employer_id=stage.employer.id))
    await office.holder("stranger", Grant(Role.CONTACT, employer_id=stage.other.id))
    await office.holder("coach", Grant(Role.COACH, project_id=project.id))
    await office.holder("trainer", Grant(Role.TRAINER, project_id=project.id))
    await office.holder("elsewhere", Grant(Role.TRAINER, project_id=office.project_id))
    await office.holder("leader", whole)
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
    """Fill in the form at the address and send it."""
    typed: dict[str, object] = dict(page_of(await client.get(address)).typed())
    typed.pop("q", None)  # of the form that finds people, which is another
    return await client.post(address, data={**typed, **fields})


def _booking_in(answer: httpx.Response) -> UUID:
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/booking/bookings/([0-9a-f-]{36})\?new=yes", answer.headers["location"])
    assert found is not None, answer.headers["location"]
    return UUID(found[1])


def _wrong(page: PageText, field: str) -> bool:
    return bool(page.tags("input", id=f"field-{field}", aria_invalid="true"))


async def test_seats_are_booked_with_and_without_names_and_what_happens_next_is_told(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run(meetings=(a_meeting(),))
    people = [str(person) for person in stage.employer.people[:2]]
    answer = await _send(contact, stage.form(run), seats="3", participants=people)
    booking_id = _booking_in(answer)
    assert await stage.seated(booking_id) == [*stage.employer.people[:2], None]
    page = page_of(await contact.get(answer.headers["location"]))
    for told in (
        "The seats are booked",
        "1 name missing",
        "1 day before each meeting",
        "free of charge until 30 November 2026",
        "Booked. Seats: 3",
        "Per contact",
        "Anna Berg",
    ):
        assert told in page.text, told
    later = page_of(await contact.get(f"/booking/bookings/{booking_id}"))
    assert "The seats are booked" not in later.text


async def test_without_a_number_there_is_a_seat_for_each_who_is_ticked(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run()
    people = [str(person) for person in stage.employer.people]
    booking_id = _booking_in(await _send(contact, stage.form(run), participants=people))
    assert await stage.seated(booking_id) == [*stage.employer.people]
    nothing = page_of(await _send(contact, stage.form(run)), 422)
    assert "Say how many seats, or tick those who shall take part." in nothing.text
    assert _wrong(nothing, "seats")


async def test_an_employer_without_people_books_seats_to_be_named_later(stage: Stage, office: Office) -> None:
    run = await stage.run()
    async with office.transaction() as session:
        employer = await an_employer(session, stage.project, people=0)
    await office.holder("of-nobody", Grant(Role.CONTACT, employer_id=employer.id))
    async with browser(office.app, "of-nobody") as contact:
        page = page_of(await contact.get(stage.form(run, employer)))
        assert "Book now and name them later." in page.text
        assert page.tags("a", href=f"/booking/projects/{stage.project.id}/employers/{employer.id}/people")
        booking_id = _booking_in(await _send(contact, stage.form(run, employer), seats="2"))
    assert await stage.seated(booking_id) == [None, None]


async def test_a_form_sent_twice_books_once(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run()
    typed = {**page_of(await contact.get(stage.form(run))).typed(), "seats": "2"}
    first, second = [await contact.post(stage.form(run), data=typed) for _ in range(2)]
    assert _booking_in(first) == _booking_in(second)


async def test_too_many_seats_are_refused_at_the_field_and_what_was_typed_stays(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run(capacity=3)
    await stage.booking(run, seats=2)
    person = str(stage.employer.people[0])
    page = page_of(await _send(contact, stage.form(run), seats="2", participants=[person]), 422)
    assert "Only 1 of 3 seats are free; 2 were asked for." in page.text
    assert _wrong(page, "seats")
    assert page.tag("input", id="field-seats")["value"] == "2"
    assert "checked" in page.tag("input", value=person)


async def test_more_than_an_employer_may_have_is_refused(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run(employer_cap=2)
    assert "At most 2 of the open seats" in page_of(await contact.get(stage.form(run))).text
    page = page_of(await _send(contact, stage.form(run), seats="3"), 422)
    assert "One employer may take at most 2 of the run's open seats" in page.text


async def test_one_who_has_a_seat_already_cannot_be_ticked_and_is_refused_at_her_name(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run()
    person = stage.employer.people[0]
    form = page_of(await contact.get(stage.form(run))).typed()
    await stage.booking(run, people=(person,))
    page = page_of(await contact.get(stage.form(run)))
    assert "disabled" in page.tag("input", value=str(person))
    assert "has a seat already" in page.text
    sent = {**form, "seats": "2", "participants": [str(stage.employer.people[1]), str(person)]}
    refused = page_of(await contact.post(stage.form(run), data=sent), 422)
    assert "This person has a seat on the run already." in refused.text
    assert _wrong(refused, f"person-{person}")
    assert not _wrong(refused, f"person-{stage.employer.people[1]}")


async def test_one_who_is_not_the_employer_s_is_refused(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run()
    stranger = str(stage.other.people[0])
    page = page_of(await _send(contact, stage.form(run), participants=[stranger]), 422)
    assert "does not work at a workplace of the employer" in page.text


async def test_what_is_closed_says_why_and_has_no_form(stage: Stage, contact: httpx.AsyncClient) -> None:
    begun = await stage.run(meetings=(a_meeting(stage.office.clock.now()),))
    page = page_of(await contact.get(stage.form(begun)))
    assert "The course has begun, so no more seats can be booked" in page.text
    assert not page.tags("input", id="field-seats")
    sent = page_of(await contact.post(stage.form(begun), data={**page.typed(), "_csrf": "token-of-the-session"}))
    assert "The course has begun" in sent.text
    async with stage.office.transaction() as session:
        foreign = await a_run(session, await a_project(session))
    assert "takes no part in the project" in page_of(await contact.get(stage.form(foreign))).text


async def test_one_who_acts_for_one_is_led_to_its_form_and_a_coach_chooses(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run()
    address = f"/booking/runs/{run.id}/book"
    led = await contact.get(address)
    assert (led.status_code, led.headers["location"]) == (303, stage.form(run))
    async with browser(stage.office.app, "coach") as coach:
        page = page_of(await coach.get(address))
        assert {stage.form(run), stage.form(run, stage.other)} <= {link["href"] for link in page.tags("a")}
        acting = page_of(await coach.get(stage.form(run)))
        assert "You act for Verkstaden AB as its coach." in acting.text
        led = await coach.get(f"{address}?employer={stage.other.id}&need={stage.other.id}")
        assert led.headers["location"] == f"{stage.form(run, stage.other)}?need={stage.other.id}"
    async with browser(stage.office.app, "nobody-yet") as unknown, browser(stage.office.app) as nobody:
        assert "You have no account here yet." in page_of(await unknown.get(address)).text
        assert (await nobody.get(address)).status_code == 401


async def test_a_need_of_the_plan_is_offered_and_met(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run()
    async with stage.office.transaction() as session:
        need = await a_need(session, stage.project.id, stage.employer.id, stage.employer.contact)
    address = f"{stage.form(run)}?need={need.id}"
    page = page_of(await contact.get(address))
    assert "selected" in page.tag("option", value=str(need.id))
    _booking_in(await _send(contact, address, seats="1", need_id=str(need.id)))
    assert not page_of(await contact.get(stage.form(run))).tags("option", value=str(need.id))


async def test_names_are_changed_and_seats_given_back(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run()
    first, second, third, _ = stage.employer.people
    booking = await stage.booking(run, seats=4, people=(first, second))
    address = f"/booking/bookings/{booking.id}"
    page = page_of(await contact.get(f"{address}/change"))
    assert {str(first), str(second)} == {
        box["value"] for box in page.tags("input", name="participants") if "checked" in box
    }
    answer = await _send(contact, f"{address}/change", seats="3", participants=[str(first), str(third)])
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert set(await stage.seated(booking.id)) == {first, third, None}
    told = page_of(await contact.get(address)).text
    assert "Seats changed from 4 to 3. New participants: Anna Berg. No longer participants: Anna Berg" in told


async def test_a_change_that_another_has_overtaken_is_refused(stage: Stage, contact: httpx.AsyncClient) -> None:
    booking = await stage.booking(await stage.run())
    address = f"/booking/bookings/{booking.id}/change"
    seen = page_of(await contact.get(address)).typed()
    assert (await contact.post(address, data={**seen, "seats": "3"})).status_code == 303
    again = page_of(await contact.get(address)).typed()
    late = page_of(await contact.post(address, data={**again, "version": "1", "seats": "4"}), 422)
    assert "This was changed by somebody else" in late.text


async def test_cancelling_says_what_it_does_asks_why_and_frees_the_seats(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run(meetings=(a_meeting(),), capacity=2)
    booking = await stage.booking(run, people=stage.employer.people[2:3])
    address = f"/booking/bookings/{booking.id}"
    asked = page_of(await contact.get(f"{address}/cancel"))
    for told in ("2 in all", "free of charge until 30 November 2026", "Contacts of Verkstaden AB are told", "(1)"):
        assert told in asked.text, told
    assert page_of(await _send(contact, f"{address}/cancel", reason=" "), 422).tags("textarea", aria_invalid="true")
    answer = await _send(contact, f"{address}/cancel", reason="For much to do")
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    page = page_of(await contact.get(address))
    assert "The booking is cancelled" in page.text
    assert "Reason: For much to do" in page.text
    assert not page.tags("a", href=f"{address}/change")
    assert "nothing of it can be changed" in page_of(await contact.get(f"{address}/change")).text
    _booking_in(await _send(contact, stage.form(run), seats="2"))


async def test_a_late_cancellation_is_said_to_be_late(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run(meetings=(a_meeting(stage.office.clock.now().replace(day=26)),))
    booking = await stage.booking(run)
    assert "It is late" in page_of(await contact.get(f"/booking/bookings/{booking.id}/cancel")).text
    assert "whoever cancels from now on does so late" in page_of(await contact.get(stage.form(run))).text


async def test_the_list_is_filtered_sorted_and_had_as_a_file(stage: Stage, office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session)
        employer = await an_employer(session, project)
        runs = [
            await a_run(session, project, plan=a_plan(meetings=(a_meeting(office.clock.now().replace(day=day)),)))
            for day in (27, 29)
        ]
        named = Order(project.id, employer.id, runs[0].id, 1, employer.people[:1])
        made = [
            await book_seats(session, office.clock, named),
            await book_seats(session, office.clock, Order(project.id, employer.id, runs[1].id, 2)),
        ]
        past = await a_run(
            session,
            project,
            clock=a_clock(office.clock.now().replace(day=1)),
            plan=a_plan(meetings=(a_meeting(office.clock.now().replace(day=3)),)),
        )
        made.append(
            await book_seats(
                session, a_clock(office.clock.now().replace(day=2)), Order(project.id, employer.id, past.id, 1)
            )
        )
    await office.holder("lister", Grant(Role.CONTACT, employer_id=employer.id))
    address = f"/booking/employers/{employer.id}/bookings"
    first, second, held = (booking.reference for booking in made)
    async with browser(office.app, "lister") as lister:
        for question, shown in (
            ("", [second, first, held]),
            ("?sort=starts", [held, first, second]),
            ("?sort=-booked", [held, second, first]),
            ("?shown=coming", [second, first]),
            ("?shown=unnamed", [second]),
            ("?shown=past", [held]),
            ("?shown=cancelled", []),
            (f"?q={first.lower()}", [first]),
            ("?q=svets&limit=1", [second]),
        ):
            page = page_of(await lister.get(f"{address}{question}"))
            assert re.findall(r"B-\w+", page.text) == shown, question
        whole = page_of(await lister.get(address))
        assert "2 names missing" in whole.text
        file = (await lister.get(f"{address}?format=csv")).content.decode("utf-8-sig").splitlines()
        assert len(file) == 4
        assert "Anna Berg" in file[2]
    async with browser(office.app, "stranger") as stranger, browser(office.app, "trainer") as trainer:
        assert (await stranger.get(address)).status_code == 404
        assert (await trainer.get(address)).status_code == 403


async def test_a_coach_of_one_project_does_not_see_bookings_of_another(stage: Stage, office: Office) -> None:
    run = await stage.run()
    booking = await stage.booking(run)
    await office.holder("other-coach", Grant(Role.COACH, project_id=office.project_id))
    async with browser(office.app, "other-coach") as coach:
        assert (await coach.get(f"/booking/bookings/{booking.id}")).status_code == 404
        assert (await coach.get(f"/booking/bookings/{booking.id}/cancel")).status_code == 404
        assert (await coach.get(stage.form(run))).status_code == 404


async def test_the_trainer_sees_who_is_booked_and_nobody_who_is_protected(stage: Stage, office: Office) -> None:
    run = await stage.run()
    async with office.transaction() as session:
        hidden = await an_employee(
            session, stage.project.id, stage.employer.workplace_id, name="Hemlig", protected=True
        )
    await stage.booking(run, seats=3, people=(stage.employer.people[0], hidden))
    address = f"/booking/runs/{run.id}/bookings"
    async with browser(office.app, "trainer") as trainer:
        assert page_of(await trainer.get(f"/booking/runs/{run.id}")).tags("a", href=address)
        page = page_of(await trainer.get(address))
        file = (await trainer.get(f"{address}?format=csv")).text
    for told in (
        "Verkstaden AB",
        "Anna Berg",
        "Participant",
        "1 name missing",
        "3 of 12 seats are booked, and 2 of them",
    ):
        assert told in page.text, told
    assert "Hemlig" not in page.text + file
    assert len(file.splitlines()) == 4
    async with browser(office.app, "contact") as contact, browser(office.app, "elsewhere") as elsewhere:
        assert "Hemlig" not in page_of(await contact.get(stage.form(run))).text
        assert not page_of(await contact.get(f"/booking/runs/{run.id}")).tags("a", href=address)
        assert (await contact.get(address)).status_code == 403
        assert (await elsewhere.get(address)).status_code == 404


async def test_a_run_s_page_is_for_everyone_and_tells_a_contact_of_her_booking(
    stage: Stage, contact: httpx.AsyncClient
) -> None:
    run = await stage.run(meetings=(a_meeting(),), price_ore=None)
    booking = await stage.booking(run)
    async with browser(stage.office.app, language="sv") as anyone:
        page = page_of(await anyone.get(f"/booking/runs/{run.id}"))
    for told in (
        "Svetsning",
        "2026-12-07 kl. 10.00",
        "Magasinet, Falun",
        "Kostnadsfri",
        "10 av 12 platser lediga",
        "Falun",
    ):
        assert told in page.text.replace("\N{NO-BREAK SPACE}", " "), told
    assert page.tags("a", href=f"/booking/runs/{run.id}/book")
    assert booking.reference not in page.text
    own = page_of(await contact.get(f"/booking/runs/{run.id}"))
    assert "Verkstaden AB has 2 seats here." in own.text
    assert own.tags("a", href=f"/booking/bookings/{booking.id}")


async def test_a_form_costs_as_many_statements_however_many_people_there_are_and_all_are_found(
    stage: Stage, office: Office
) -> None:
    run = await stage.run()
    async with office.transaction() as session:
        employer = await an_employer(session, stage.project)
    await office.holder("of-many", Grant(Role.CONTACT, employer_id=employer.id))
    costs, address = [], stage.form(run, employer)
    async with browser(office.app, "of-many") as contact:
        for more in (0, MOST_PEOPLE):
            async with office.transaction() as session:
                for _ in range(more):
                    await an_employee(session, stage.project.id, employer.workplace_id)
            with statements_of(office.database) as statements:
                page = page_of(await contact.get(address))
            costs.append(len(statements))
        assert costs[0] == costs[1] <= 20
        assert "The list below is cut." in page.text
        assert len(page.tags("input", name="participants")) == MOST_PEOPLE
        async with office.transaction() as session:
            last = await an_employee(session, stage.project.id, employer.workplace_id, name="Östen")
        assert not page_of(await contact.get(address)).tags("input", value=str(last))
        found = page_of(await contact.get(f"{address}?q=ÖSTEN+b"))
        assert [box["value"] for box in found.tags("input", name="participants")] == [str(last)]
        _booking_in(await _send(contact, f"{address}?q=ÖSTEN+b", participants=[str(last)]))


async def test_a_booking_says_until_when_names_are_needed(stage: Stage, contact: httpx.AsyncClient) -> None:
    run = await stage.run()
    booking = await stage.booking(run)
    async with stage.office.transaction() as session:
        project = await session.get_one(Project, stage.project.id)
        project.name_by_days = 3
        session.add(project)
    try:
        for address, words in (
            (f"/booking/bookings/{booking.id}", "Names are needed by"),
            (stage.form(run), "those that have no name then go to others"),
            (f"/booking/employers/{stage.employer.id}", "Names are needed by"),
        ):
            assert words in page_of(await contact.get(address)).text, address
        shown = (await stage.office.ask("contact").get(f"bookings/{booking.id}")).json()
        assert shown["names_due_at"] == names_due_at(run.starts_at, 3).isoformat().replace("+00:00", "Z")
    finally:
        async with stage.office.transaction() as session:
            project = await session.get_one(Project, stage.project.id)
            project.name_by_days = None
            session.add(project)
