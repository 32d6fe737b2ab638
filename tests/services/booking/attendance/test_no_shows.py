"""Whoever had a seat and did not come, and seats given back late, as figures of booking, run and employer."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.no_shows import NoShows, no_shows_of_booking, no_shows_of_parts, no_shows_of_run
from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.held import Held, a_held_meeting
from tests.services.booking.offered import IN_TWO_WEEKS, a_clock, a_meeting, a_plan, a_project, a_run, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.web import problem_of

IN_TIME, LATE = a_clock(IN_TWO_WEEKS - timedelta(days=8)), a_clock(IN_TWO_WEEKS - timedelta(days=3))


async def _held(session: AsyncSession) -> Held:
    held = await a_held_meeting(session, people=3)
    marks = [Mark(held.people[0], 180), Mark(held.people[1], 0)]
    await mark_meeting(session, held.after(10), held.meeting.id, marks, by=None)
    return held


async def test_who_is_marked_with_no_minutes_did_not_come_and_who_is_not_marked_counts_not_yet(
    session: AsyncSession,
) -> None:
    held = await _held(session)
    part = (held.employer.id, held.project.id)
    assert await no_shows_of_booking(session, held.booking.id) == NoShows(1, 2, 0)
    assert await no_shows_of_run(session, held.run.id) == NoShows(1, 2, 0)
    assert await no_shows_of_parts(session, [part]) == {part: NoShows(1, 2, 0)}


async def test_seats_given_back_late_are_counted_whether_some_or_all_of_a_booking(session: AsyncSession) -> None:
    project = await a_project(session, free_cancellation_days=7)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 6))
    await change_booking(session, IN_TIME, booking.id, Change(seats=5))
    assert booking.late_seats == 0
    await change_booking(session, LATE, booking.id, Change(seats=3))
    assert booking.late_seats == 2
    await cancel_booking(session, LATE, booking.id, reason="Fler order")
    assert (booking.late_seats, booking.cancelled_late) == (5, True)
    await session.flush()
    assert await no_shows_of_run(session, run.id) == NoShows(0, 0, 5)
    assert (await no_shows_of_parts(session, [(employer.id, project.id)]))[employer.id, project.id].late_seats == 5


async def test_they_are_read_on_pages_and_by_programs_of_those_whom_they_concern(office: Office) -> None:
    async with office.transaction() as session:
        held = await _held(session)
        other = await an_employer(session, held.project)
    await office.holder("no-shows", Grant(Role.CONTACT, employer_id=held.employer.id))
    await office.holder("no-shows-lead", Grant(Role.PROJECT_LEAD, project_id=held.project.id))
    await office.holder("no-shows-other", Grant(Role.CONTACT, employer_id=other.id))
    figures = {"no_shows": 1, "marked": 2, "late_seats": 0}
    path = f"bookings/{held.booking.id}/no-shows"
    assert (await office.ask("no-shows").get(path)).json() == figures
    of_employer = f"projects/{held.project.id}/employers/{held.employer.id}/no-shows"
    assert (await office.ask("no-shows").get(of_employer)).json() == figures
    assert (await office.ask("no-shows-lead").get(f"runs/{held.run.id}/no-shows")).json() == figures
    problem_of(await office.ask("no-shows-other").get(path), 404, "not_found")
    with known_visitors(office.app):
        async with browser(office.app, "no-shows") as contact:
            shown = page_of(await contact.get(f"/booking/bookings/{held.booking.id}/attendance"), 200).text
            assert "Did not come: 1 of 2" in shown
            assert "1 of 2 who are marked" in page_of(await contact.get(f"/booking/employers/{held.employer.id}")).text
        async with browser(office.app, "no-shows-lead") as lead:
            assert "Did not come: 1 of 2" in page_of(await lead.get(f"/booking/runs/{held.run.id}/attendance")).text


async def test_the_page_says_which_rule_holds_before_seats_are_given_back(office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session, free_cancellation_days=14)
        employer = await an_employer(session, project)
        bookings = []
        for at in (IN_TWO_WEEKS - timedelta(days=1), IN_TWO_WEEKS + timedelta(days=9)):
            run = await a_run(session, project, plan=a_plan(meetings=(a_meeting(at),)))
            bookings.append(await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2)))
    await office.holder("giving-back", Grant(Role.CONTACT, employer_id=employer.id))
    with known_visitors(office.app):
        async with browser(office.app, "giving-back") as contact:
            for booking, words in zip(bookings, ("are counted as late", "is free of charge until"), strict=True):
                assert words in page_of(await contact.get(f"/booking/bookings/{booking.id}/change"), 200).text
