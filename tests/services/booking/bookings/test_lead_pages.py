"""Courses and runs as a project's lead plans them on pages: added, scheduled, changed, kept and called off."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.queries import get_booking
from services.booking.bookings.recipients import everyone_booked
from services.booking.bookings.tables import Booking
from services.booking.bookings.told import concerned_by
from services.booking.courses.tables import Run
from services.booking.seats.queries import availability
from tests.services.booking.offered import AnEmployer, AProject, a_meeting, a_plan, a_run, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture
async def lead(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


async def _booked_run(office: Office, *, bookings: int = 1) -> tuple[Run, list[AnEmployer], list[Booking]]:
    project = AProject(office.project_id, (office.buyer_id,))
    starts_at = office.clock.now() + timedelta(days=14)
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock, plan=a_plan(meetings=(a_meeting(starts_at),)))
        employers = [await an_employer(session, project) for _ in range(bookings)]
        made = [
            await book_seats(session, office.clock, Order(project.id, each.id, run.id, 3, each.people[:2]))
            for each in employers
        ]
    return run, employers, made


def address_of(office: Office, run_id: object, step: str = "") -> str:
    return f"/booking/projects/{office.project_id}/runs/{run_id}{step}"


def typed(page: PageText, **changes: str) -> dict[str, str]:
    """Return what a browser would send of the page, with some fields typed."""
    return {**page.typed(), "_csrf": TOKEN, **changes}


async def test_a_course_is_added_and_a_run_of_it_scheduled_at_once(office: Office, lead: httpx.AsyncClient) -> None:
    courses = f"/booking/projects/{office.project_id}/courses"
    page = page_of(await lead.get(f"{courses}/new"))
    wrong = page_of(await lead.post(f"{courses}/new", data=typed(page, title="Truckkort", description="")), 422)
    assert "What is taught, and for whom" in wrong.text
    assert wrong.tag("input", id="field-title")["value"] == "Truckkort"
    added = await lead.post(
        f"{courses}/new",
        data=typed(page, title="Truckkort", description="Körning och lastning", language="sv", kind="open"),
    )
    assert added.status_code == 303
    page = page_of(await lead.get(added.headers["location"]))
    assert "Schedule a run of Truckkort" in page.text
    meeting = {
        "meetings.0.day": "2027-03-01",
        "meetings.0.starts_at": "09:00",
        "meetings.0.ends_at": "16.00",
        "meetings.0.mode": "physical",
        "meetings.0.place": "Magasinet",
    }
    given = {**meeting, "capacity": "12", "municipality": "2080", "price_ore": "1 500", "fee_payer": "employer"}
    scheduled = await lead.post(added.headers["location"], data=typed(page, **given))
    assert scheduled.status_code == 303, page_of(scheduled, 422).text
    run = page_of(await lead.get(scheduled.headers["location"]))
    for told in ("Truckkort", "1 Mar 2027, 09:00", "Falun", "SEK 1,500, paid by the employer", "0 of 12", "Per lead"):
        assert told in run.text, told
    listed = page_of(await lead.get(courses, params={"q": "truck"}))
    listed.tag("a", href=added.headers["location"])
    runs = page_of(await lead.get(f"/booking/projects/{office.project_id}/runs", params={"q": "truck"}))
    runs.tag("a", href=scheduled.headers["location"])


async def test_what_is_wrong_with_a_meeting_is_told_at_its_field_and_nothing_typed_is_lost(
    office: Office, lead: httpx.AsyncClient
) -> None:
    run, _, _ = await _booked_run(office)
    address = f"/booking/courses/{run.course_id}/runs/new"
    page = page_of(await lead.get(address))
    backwards = {
        "meetings.1.day": "2027-03-01",
        "meetings.1.starts_at": "16:00",
        "meetings.1.ends_at": "09:00",
        "meetings.1.place": "Magasinet",
        "capacity": "12",
    }
    wrong = page_of(await lead.post(address, data=typed(page, **backwards)), 422)
    assert wrong.tag("input", id="field-meetings.1.ends_at")["aria-invalid"] == "true"
    assert wrong.tag("input", id="field-meetings.1.place")["value"] == "Magasinet"
    assert "Meeting 2: Ends" in wrong.text


async def test_a_run_without_meetings_is_refused_in_words(office: Office, lead: httpx.AsyncClient) -> None:
    run, _, _ = await _booked_run(office)
    address = f"/booking/courses/{run.course_id}/runs/new"
    page = page_of(await lead.get(address))
    wrong = page_of(await lead.post(address, data=typed(page, capacity="12")), 422)
    assert "A run has at least one meeting. Give its times." in wrong.text
    wrong.tag("a", href="#field-meetings")


async def test_room_for_more_meetings_is_made_without_losing_what_was_typed(
    office: Office, lead: httpx.AsyncClient
) -> None:
    run, _, _ = await _booked_run(office)
    address = f"/booking/courses/{run.course_id}/runs/new"
    page = page_of(await lead.get(address))
    before = len(page.tags("input", type="date"))
    more = page_of(await lead.post(address, data=typed(page, more="true", capacity="7")))
    assert len(more.tags("input", type="date")) > before
    assert more.tag("input", id="field-capacity")["value"] == "7"
    assert not more.tags("div", role="alert")


async def test_a_change_says_how_many_are_told_and_moves_the_meeting(office: Office, lead: httpx.AsyncClient) -> None:
    run, _, _ = await _booked_run(office, bookings=2)
    address = address_of(office, run.id, "/change")
    page = page_of(await lead.get(address))
    assert "2 contacts of employers and 4 participants" in page.text
    moved = {"meetings.0.day": "2027-04-05", "meetings.0.mode": "physical", "reason": "The teacher is ill"}
    answer = await lead.post(address, data=typed(page, **moved))
    assert (answer.status_code, answer.headers["location"]) == (303, address_of(office, run.id)), answer.text
    shown = page_of(await lead.get(address_of(office, run.id)))
    for told in ("5 Apr 2027", "New times", "The teacher is ill"):
        assert told in shown.text
    late = page_of(await lead.post(address, data=typed(page, **moved, _key="another-key-of-the-same-page")), 422)
    assert "changed by somebody else" in late.text


async def test_a_meeting_is_taken_away_by_its_tick(office: Office, lead: httpx.AsyncClient) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    starts_at = office.clock.now() + timedelta(days=14)
    days = (a_meeting(starts_at), a_meeting(starts_at + timedelta(days=7)))
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock, plan=a_plan(meetings=days))
    address = address_of(office, run.id, "/change")
    page = page_of(await lead.get(address))
    taken = {"meetings.1.remove": "true", "meetings.0.mode": "physical", "meetings.1.mode": "physical"}
    answer = await lead.post(address, data=typed(page, **taken, reason="One day is enough"))
    assert answer.status_code == 303, answer.text
    shown = page_of(await lead.get(address_of(office, run.id)))
    assert len(shown.tags("tr")) == 2


async def test_seats_are_kept_for_an_employer_and_too_many_are_refused(office: Office, lead: httpx.AsyncClient) -> None:
    run, (employer,), _ = await _booked_run(office)
    address = address_of(office, run.id, "/keep")
    page = page_of(await lead.get(address))
    wrong = page_of(await lead.post(address, data=typed(page, employer_id=str(employer.id), seats="40")), 422)
    assert "Only 9 open seats are free to be kept" in wrong.text
    answer = await lead.post(address, data=typed(page, employer_id=str(employer.id), seats="4"))
    assert answer.status_code == 303, answer.text
    shown = page_of(await lead.get(address_of(office, run.id)))
    assert "Verkstaden AB: 4, of which 0 booked" in shown.text
    async with office.database.sessions() as session:
        assert (await availability(session, [run.id]))[run.id].kept == 4


async def test_a_run_gets_more_seats_and_never_fewer_than_are_booked(office: Office, lead: httpx.AsyncClient) -> None:
    run, _, _ = await _booked_run(office, bookings=2)
    address = address_of(office, run.id, "/capacity")
    page = page_of(await lead.get(address))
    wrong = page_of(await lead.post(address, data=typed(page, capacity="5", reason="A smaller room")), 422)
    assert "there must be at least 6" in wrong.text
    answer = await lead.post(address, data=typed(page, capacity="16", reason="A larger room"))
    assert (answer.status_code, answer.headers["location"]) == (303, address_of(office, run.id)), answer.text
    shown = page_of(await lead.get(address_of(office, run.id)))
    for told in ("6 of 16", "Seats in all: 16, before that 12", "A larger room"):
        assert told in shown.text


async def test_calling_off_says_what_it_does_and_does_it(office: Office, lead: httpx.AsyncClient) -> None:
    run, _, bookings = await _booked_run(office, bookings=2)
    address = address_of(office, run.id, "/cancel")
    page = page_of(await lead.get(address))
    for told in ("cancelled with it: 2, with 6 seats", "2 contacts of employers and 4 participants", "taken back"):
        assert told in page.text
    wrong = page_of(await lead.post(address, data=typed(page, reason="")), 422)
    assert wrong.tag("textarea", id="field-reason")["aria-invalid"] == "true"
    answer = await lead.post(address, data=typed(page, reason="Too few to hold it"))
    assert (answer.status_code, answer.headers["location"]) == (303, address_of(office, run.id))
    shown = page_of(await lead.get(address_of(office, run.id)))
    assert "Too few to hold it" in shown.text
    assert not shown.tags("a", href=address)
    async with office.database.sessions() as session:
        assert {(await get_booking(session, each.id)).state for each in bookings} == {"cancelled"}


async def test_as_many_are_said_to_be_told_as_are_told(office: Office) -> None:
    run, _, bookings = await _booked_run(office, bookings=3)
    async with office.database.sessions() as session:
        concerned = await concerned_by(session, run.id)
        told = await everyone_booked(session, bookings)
    assert (concerned.bookings, concerned.seats) == (3, 9)
    assert concerned.contacts == sum(each.part == "contact" for each in told)
    assert concerned.participants == sum(each.part == "participant" for each in told)


@pytest.mark.parametrize(
    "step", ["", "/change", "/keep", "/capacity", "/terms", "/decide", "/trainers", "/materials", "/cancel"]
)
async def test_another_projects_lead_sees_no_run_of_this_one(office: Office, step: str) -> None:
    run, _, _ = await _booked_run(office)
    with known_visitors(office.app):
        async with browser(office.app, "other-lead") as other:
            page_of(await other.get(address_of(office, run.id, step)), 404)
            own = f"/booking/projects/{office.other_project_id}/runs/{run.id}{step}"
            page_of(await other.get(own), 404)


async def test_a_page_of_a_run_costs_the_same_however_many_have_booked(office: Office, lead: httpx.AsyncClient) -> None:
    for step in ("", "/change", "/keep", "/capacity", "/terms", "/decide", "/trainers", "/materials", "/cancel"):
        costs = set()
        for bookings in (1, 3):
            run, _, _ = await _booked_run(office, bookings=bookings)
            with statements_of(office.database) as sent:
                page_of(await lead.get(address_of(office, run.id, step)))
            costs.add(len(sent))
        assert len(costs) == 1, (step, costs)
        assert max(costs) <= 16, (step, costs)


async def test_the_lists_cost_the_same_however_long_and_are_had_as_files(
    office: Office, lead: httpx.AsyncClient
) -> None:
    for place in ("runs", "courses"):
        address = f"/booking/projects/{office.project_id}/{place}"
        costs = []
        for _ in range(2):
            with statements_of(office.database) as sent:
                page_of(await lead.get(address))
            costs.append(len(sent))
            await _booked_run(office)
        assert costs[0] == costs[1]
        file = await lead.get(address, params={"format": "csv"})
        assert file.headers["content-type"].startswith("text/csv")
        assert "Svetsning" in file.text


@pytest.mark.parametrize("when", ["coming", "held", "cancelled"])
async def test_runs_are_filtered_by_how_far_they_have_come(office: Office, lead: httpx.AsyncClient, when: str) -> None:
    run, _, _ = await _booked_run(office)
    page = page_of(await lead.get(f"/booking/projects/{office.project_id}/runs", params={"when": when, "limit": 200}))
    assert bool(page.tags("a", href=address_of(office, run.id))) is (when == "coming")


async def test_the_places_of_the_project_are_said_in_swedish(office: Office) -> None:
    run, _, _ = await _booked_run(office)
    with known_visitors(office.app):
        async with browser(office.app, "lead", language="sv") as lead:
            page = page_of(await lead.get(address_of(office, UUID(str(run.id)), "/cancel")))
    assert "Ställ in Svetsning" in page.text
    assert "Får genast veta det" in page.text
