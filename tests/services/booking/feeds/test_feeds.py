"""Calendars follow courses by secret links: what a real parser reads in them, who may have one, and when one ends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar, Component

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.runs import cancel_run_with_bookings, change_run_with_bookings
from services.booking.courses.queries import summary_of
from services.booking.courses.rules import MeetingPlan, Mode
from services.booking.courses.tables import Run
from services.booking.feeds.rules import feed_of, token_of
from services.booking.keys import Keys
from services.booking.people.accounts import bind_account
from services.booking.people.grants import held_grants, withdraw_role
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from services.notification.kinds import Calendar as Method
from services.notification.notifications.calendar_files import calendar_content, calendar_files
from shared.kernel.grants import Grant, Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.web.pace import Paces
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    AProject,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
)
from tests.services.booking.registered import A_MONDAY, API, Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import ISSUER_ALIAS, anonymous_client, problem_of


@dataclass(frozen=True)
class School:
    """A project with a run of two meetings, an employer, and people of it who can sign in."""

    project: AProject
    employer: AnEmployer
    run_id: UUID


@pytest.fixture
async def school(office: Office) -> AsyncIterator[School]:
    async with office.transaction() as session:
        project = await a_project(session)
        employer = await an_employer(session, project, people=3)
        meetings = (a_meeting(), a_meeting(IN_TWO_WEEKS + timedelta(days=120), mode=Mode.DIGITAL, place=None))
        run = await a_run(session, project, plan=a_plan(meetings=meetings, capacity=20))
        for person_id in (*employer.people, employer.contact):
            person = await session.get_one(Person, person_id)
            subject = Subject(ISSUER_ALIAS, str(person_id))
            await bind_account(session, office.clock, person, subject, bound_by=BoundBy.LOADING, by=None)
    clock = office.clock.now()
    office.app.state.paces = Paces()  # what another test tried is not held against this one
    yield School(project, employer, run.id)
    office.clock.advance(clock - office.clock.now())


async def _book(office: Office, school: School, *people: UUID, seats: int = 3) -> UUID:
    async with office.transaction() as session:
        order = Order(school.project.id, school.employer.id, school.run_id, seats=seats, participants=people)
        return (await book_seats(session, office.clock, order)).id


async def _link(office: Office, who: UUID | str, address: str = "me/calendars", **body: str) -> str:
    answer = await office.ask(str(who)).post(address, json=body)
    assert answer.status_code == 200, answer.text
    return httpx.URL(answer.json()["address"]).path


async def _fetched(office: Office, path: str, **headers: str) -> httpx.Response:
    async with anonymous_client(office.app) as anyone:
        return await anyone.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def _events(office: Office, path: str) -> list[Component]:
    answer = await _fetched(office, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))  # folded by octets
    calendar = Calendar.from_ical(answer.content)
    assert not calendar.errors
    return sorted(calendar.walk("VEVENT"), key=lambda event: event.decoded("dtstart"))


def _told(events: list[Component]) -> list[tuple[str, int, str]]:
    return [(str(event["uid"]), event.decoded("sequence"), str(event["status"])) for event in events]


async def test_a_participant_s_calendar_follows_her_course_as_the_mailed_files_do(
    office: Office, school: School
) -> None:
    anna = school.employer.people[0]
    await _book(office, school, anna)
    path = await _link(office, anna)
    async with office.transaction() as session:
        summary = await summary_of(session, await session.get_one(Run, school.run_id))
    (mailed,) = calendar_files(
        calendar_content(summary, 0),
        Method.REQUEST,
        organiser="a@example.test",
        attendee="b@example.test",
        stamp=A_MONDAY,
    )
    events = await _events(office, path)
    assert _told(events) == _told(list(Calendar.from_ical(mailed.content).walk("VEVENT")))
    assert events[0].decoded("dtstart") == IN_TWO_WEEKS
    assert events[0].decoded("dtstart").utcoffset() == timedelta(0)
    assert str(events[0]["location"]) == "Magasinet, Falun"
    assert "location" not in events[1]
    uids = [uid for uid, _, _ in _told(events)]

    moved = MeetingPlan(
        IN_TWO_WEEKS + timedelta(days=1),
        IN_TWO_WEEKS + timedelta(days=1, hours=3),
        Mode.PHYSICAL,
        "Församlingshuset vid den väldigt långa gatan i ytterkanten av Örnsköldsviks äldsta hamnområde",
        meeting_id=summary.meetings[0].meeting_id,
    )
    kept = MeetingPlan(
        summary.meetings[1].starts_at,
        summary.meetings[1].ends_at,
        Mode.DIGITAL,
        meeting_id=summary.meetings[1].meeting_id,
    )
    async with office.transaction() as session:
        await change_run_with_bookings(session, office.clock, school.run_id, meetings=[moved, kept], reason="Ny lokal")
    events = await _events(office, path)
    assert _told(events) == [(uid, 1, "CONFIRMED") for uid in uids]
    assert events[0].decoded("dtstart") == moved.starts_at
    assert str(events[0]["location"]) == moved.place

    async with office.transaction() as session:
        await cancel_run_with_bookings(session, office.clock, school.run_id, reason="Sjukdom")
    assert _told(await _events(office, path)) == [(uid, 2, "CANCELLED") for uid in uids]
    office.clock.advance(timedelta(days=31))
    assert await _events(office, path) == []


async def test_who_leaves_her_seat_sees_the_meetings_called_off_for_a_while(office: Office, school: School) -> None:
    anna, bea, _ = school.employer.people
    booking = await _book(office, school, anna)
    path = await _link(office, anna)
    async with office.transaction() as session:
        await cancel_booking(session, office.clock, booking, reason="Hinner inte")
    assert {status for _, _, status in _told(await _events(office, path))} == {"CANCELLED"}
    booking = await _book(office, school, bea)
    async with office.transaction() as session:
        await change_booking(session, office.clock, booking, Change(participants=(bea, anna)))
    assert {status for _, _, status in _told(await _events(office, path))} == {"CONFIRMED"}
    async with office.transaction() as session:
        await change_booking(session, office.clock, booking, Change(seats=1, participants=(bea,)))
    office.clock.advance(timedelta(days=40))
    assert await _events(office, path) == []


async def test_an_employer_s_calendar_tells_seats_and_never_a_name(office: Office, school: School) -> None:
    anna, bea, _ = school.employer.people
    async with office.transaction() as session:
        (await session.get_one(Person, bea)).protected = True
        (await session.get_one(Person, bea)).given_name = "Hemlighild"
    await _book(office, school, anna, bea)
    address = f"employers/{school.employer.id}/calendars"
    path = await _link(office, school.employer.contact, address)
    answer = await _fetched(office, path)
    assert "Hemlighild" not in answer.text
    assert "Anna" not in answer.text
    assert "Berg" not in answer.text
    (first, _) = await _events(office, path)
    assert "Bokade platser: 3" in str(first["description"])
    assert str(first["url"]).endswith(f"/booking/runs/{school.run_id}")
    assert str(Calendar.from_ical(answer.content)["x-wr-calname"]) == "Kurser för Verkstaden AB"
    problem_of(await office.ask(str(anna)).post(address), 403, "role")


async def test_a_link_shows_what_its_owner_may_see_when_it_is_asked(office: Office, school: School) -> None:
    grant = Grant(Role.TRAINER, project_id=school.project.id)
    trainer = await office.holder(f"trainer-{school.run_id}", grant)
    held = await _link(office, f"trainer-{school.run_id}", kind="trainer")
    of_run = await _link(office, f"trainer-{school.run_id}", f"runs/{school.run_id}/calendars")
    assert _told(await _events(office, held)) == _told(await _events(office, of_run))
    assert len(await _events(office, held)) == 2
    async with office.transaction() as session:
        (held_grant,) = await held_grants(session, trainer)
        await withdraw_role(session, office.clock, held_grant.id, by=None)
    for path in (held, of_run):
        problem_of(await _fetched(office, path), 404, "calendar_not_found")


async def test_whose_identity_is_protected_has_no_calendar(office: Office, school: School) -> None:
    anna = school.employer.people[0]
    await _book(office, school, anna)
    path = await _link(office, anna)
    assert len(await _events(office, path)) == 2
    async with office.transaction() as session:
        (await session.get_one(Person, anna)).protected = True
    problem_of(await _fetched(office, path), 404, "calendar_not_found")
    problem_of(await office.ask(str(anna)).post("me/calendars", json={}), 409, "identity_protected")
    with known_visitors(office.app):
        async with browser(office.app, str(anna)) as client:
            page = page_of(await client.get("/booking/me/calendar"))
    assert "There is no calendar link for you" in page.text
    assert not page.tags("form", method="post", action="")


async def test_a_link_is_the_same_until_it_is_withdrawn_and_never_again(office: Office, school: School) -> None:
    anna, bea, _ = school.employer.people
    first = await _link(office, anna)
    assert await _link(office, anna) == first
    (listed,) = (await office.ask(str(anna)).get("me/calendars")).json()["items"]
    assert listed["address"].endswith(first)
    own = f"calendars/{listed['calendar_id']}"
    problem_of(await office.ask(str(bea)).delete(own), 404, "calendar_not_found")
    assert (await office.ask(str(anna)).delete(own)).status_code == 204
    problem_of(await _fetched(office, first), 404, "calendar_not_found")
    second = await _link(office, anna)
    assert second != first
    assert await _events(office, second) == []


async def test_what_is_unchanged_costs_nothing_and_is_nobody_else_s_to_keep(office: Office, school: School) -> None:
    anna = school.employer.people[0]
    await _book(office, school, anna)
    path = await _link(office, anna)
    answer = await _fetched(office, path)
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert answer.headers["x-robots-tag"] == "noindex"
    office.clock.advance(timedelta(hours=2))
    assert (await _fetched(office, path, if_none_match=answer.headers["etag"])).status_code == 304
    with statements_of(office.database) as statements:
        await _fetched(office, path)
    assert len(statements) <= 10


async def test_links_cannot_be_tried_out(office: Office, school: School) -> None:
    anna = school.employer.people[0]
    path = await _link(office, anna)
    token = path.rpartition("/")[2].removesuffix(".ics")
    wrong = [token[:-1], token[:-2] + "AA", "x" * 75, new_id().hex + token[32:], token.upper(), "å"]
    for each in wrong:
        problem_of(await _fetched(office, f"{API}/calendars/{each}.ics"), 404, "calendar_not_found")
    answers = [(await _fetched(office, f"{API}/calendars/{'x' * 75}.ics")).status_code for _ in range(10)]
    assert answers[-1] == 429
    assert len(await _events(office, path)) == 0  # whoever has one is let in beside them


async def test_a_reader_makes_sees_and_withdraws_her_link_on_pages(office: Office, school: School) -> None:
    contact = str(school.employer.contact)
    address = f"/booking/employers/{school.employer.id}/calendar"
    with known_visitors(office.app):
        async with browser(office.app, contact, language="sv") as client:
            employer = page_of(await client.get(f"/booking/employers/{school.employer.id}"))
            assert employer.tags("a", href=address)
            page = page_of(await client.get(address))
            assert "utan namn" in page.text
            answer = await client.post(address, data=page.typed())
            assert (answer.status_code, answer.headers["location"]) == (303, address)
            for _ in range(2):  # she sees it again whenever she looks
                page = page_of(await client.get(address))
                assert "/booking/api/v1/calendars/" in page.text
            withdraw = next(str(a["href"]) for a in page.tags("a") if str(a["href"]).endswith("/withdraw"))
            confirm = page_of(await client.get(withdraw))
            assert (await client.post(withdraw, data=confirm.typed())).headers["location"] == address
            assert "/booking/api/v1/calendars/" not in page_of(await client.get(address)).text
            assert (await client.get(withdraw)).status_code == 303
            assert page_of(await client.get("/booking/me")).tags("a", href="/booking/me/calendar")
            own = page_of(await client.get("/booking/me/calendar"))
            assert (await client.post("/booking/me/calendar", data=own.typed())).status_code == 303
            assert (await client.get(f"/booking/runs/{school.run_id}/calendar")).status_code == 403


def test_a_link_opens_its_own_feed_under_its_own_key() -> None:
    key, other = (Keys.derive(secret).calendar_links for secret in (b"a" * 32, b"b" * 32))
    feed_id = new_id()
    assert feed_of(key, token_of(key, feed_id)) == feed_id
    assert feed_of(other, token_of(key, feed_id)) is None
    assert feed_of(key, "") is None
