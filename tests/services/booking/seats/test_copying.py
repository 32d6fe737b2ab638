"""Copying a run and laying out a series: all or nothing, its days shown first, at the same time of day."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import meetings_of
from services.booking.courses.repeating import Series
from services.booking.courses.tables import Run
from services.booking.courses.terms import Terms
from services.booking.seats.copying import copy_run
from services.booking.seats.queries import availability
from shared.contracts.booking import RunScheduled
from shared.kernel.errors import KurslotsError
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AProject,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
    told,
)
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, browser, known_visitors, page_of
from tests.support.statements import statements_of


async def test_copies_are_as_the_run_was_scheduled_without_whoever_is_booked(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    meetings = (a_meeting(digital_link="https://example.test/rum"), a_meeting(IN_TWO_WEEKS + timedelta(days=2)))
    terms = Terms(6, date(2026, 12, 1), registration_closes=datetime(2026, 12, 4, 11, 0, tzinfo=UTC))
    plan = a_plan(capacity=10, meetings=meetings, employer_cap=3, terms=terms)
    run = await a_run(session, project, plan=plan, kept={employer.id: 2})
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 3))
    made = await copy_run(session, a_clock(), run.id, Series(date(2027, 3, 22), count=3, every_weeks=2))
    assert [copy.starts_at for copy in made] == [
        datetime(2027, 3, 22, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 5, 8, 0, tzinfo=UTC),
        datetime(2027, 4, 19, 8, 0, tzinfo=UTC),
    ]
    first = made[0]
    assert (first.capacity, first.employer_cap, first.minimum, first.decide_on) == (10, 3, 6, date(2027, 3, 16))
    assert first.registration_closes == datetime(2027, 3, 19, 11, 0, tzinfo=UTC)
    assert [each.digital_link for each in await meetings_of(session, first.id)] == ["https://example.test/rum", None]
    seats = (await availability(session, [first.id]))[first.id]
    assert (seats.free, seats.kept, seats.taken) == (10, 0, 0)
    assert len({copy.reference for copy in made} | {run.reference}) == 4
    assert len([fact for fact in await told(session) if isinstance(fact, RunScheduled)]) == 4


async def test_a_series_that_cannot_be_held_to_its_end_is_not_begun(session: AsyncSession) -> None:
    project = await a_project(session)
    run = await a_run(session, project)
    with pytest.raises(KurslotsError):
        async with session.begin_nested():
            await copy_run(session, a_clock(), run.id, Series(date(2099, 6, 1), count=52, every_weeks=2))
    count = select(func.count()).where(col(Run.project_id) == project.id)
    assert (await session.exec(count)).one() == 1


async def test_the_days_are_shown_before_anything_is_scheduled(office: Office) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock)
    address = f"/booking/projects/{office.project_id}/runs/{run.id}/copy"
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            page = page_of(await lead.get(address))
            asked = {**page.typed(), "_csrf": TOKEN, "first_day": "2026-12-21", "count": "3"}
            wrong = page_of(await lead.post(address, data={**asked, "count": "53"}), 422)
            assert wrong.tag("input", id="field-count")["aria-invalid"] == "true"
            with statements_of(office.database) as sent:
                preview = page_of(await lead.post(address, data=asked))
            assert len(sent) <= 16
            for expected in ("3 runs to schedule", "28 Dec 2026, 10:00", "Schedule 3 runs"):
                assert expected in preview.text, expected
            assert "4 Jan 2027 is" not in preview.text
            async with office.database.sessions() as session:
                of_course = select(func.count()).where(col(Run.course_id) == run.course_id)
                assert (await session.exec(of_course)).one() == 1
            agreed = {**asked, "seen": str(preview.tag("input", name="seen")["value"])}
            # other days than those that were shown are shown first
            page_of(await lead.post(address, data={**agreed, "count": "4", "_key": "another-key-of-the-page"}))
            answer = await lead.post(address, data=agreed)
            assert answer.status_code == 303, answer.text
            assert answer.headers["location"].endswith(f"/runs?when=coming&course={run.course_id}")
            listed = page_of(await lead.get(answer.headers["location"]))
            assert "4 Jan 2027, 10:00" in listed.text
            christmas = page_of(await lead.post(address, data={**asked, "first_day": "2026-12-24", "count": "1"}))
            assert "24 Dec 2026 is the eve of a holiday" in christmas.text
            past = {**asked, "first_day": "2026-01-01", "count": "1"}
            late = page_of(await lead.post(address, data=past), 422)
            assert "has passed" in late.text


async def test_a_program_copies_a_run(office: Office) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock)
    answer = await office.ask("lead").post(f"runs/{run.id}/copies", json={"first_day": "2027-01-11", "count": 2})
    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert [each["starts_at"] for each in items] == ["2027-01-11T09:00:00Z", "2027-01-18T09:00:00Z"]
    assert all(UUID(each["run_id"]) != run.id for each in items)
