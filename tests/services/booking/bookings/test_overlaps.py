"""Nobody is booked in two places at once, whoever is first; and a lead may still move a run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings import members
from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.overlaps import list_overlaps
from services.booking.bookings.runs import cancel_run_with_bookings, change_run_with_bookings
from services.booking.bookings.tables import Booking
from services.booking.courses.queries import meetings_of
from services.booking.courses.rules import MeetingPlan, Mode
from services.booking.courses.tables import Run
from services.booking.people.tables import Person
from shared.contracts.booking import RunChanged
from shared.db import Database, open_database
from shared.kernel.errors import KurslotsError, Several
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
    told,
)
from tests.services.booking.registered import Office
from tests.support.databases import ServiceDatabase
from tests.support.messaging import until
from tests.support.pages import browser, known_visitors, page_of


@dataclass(frozen=True)
class Two:
    """Two runs of a project that overlap by an hour, one that begins when the first ends, and an employer."""

    employer: AnEmployer
    first: Run
    second: Run
    after: Run


async def two_runs(session: AsyncSession) -> Two:
    project = await a_project(session)
    employer = await an_employer(session, project, people=3)
    starts = (IN_TWO_WEEKS, IN_TWO_WEEKS + timedelta(hours=2), IN_TWO_WEEKS + timedelta(hours=3))
    first, second, after = [
        await a_run(session, project, plan=a_plan(meetings=(a_meeting(at), a_meeting(at + timedelta(days=30)))))
        for at in starts
    ]
    return Two(employer, first, second, after)


async def book(session: AsyncSession, run: Run, employer: AnEmployer, *people: UUID, seats: int = 2) -> Booking:
    return await book_seats(session, a_clock(), Order(run.project_id, employer.id, run.id, seats, people))


async def move(session: AsyncSession, run: Run, by: timedelta) -> None:
    meetings = [
        MeetingPlan(row.starts_at + by, row.ends_at + by, Mode(row.mode), row.place, meeting_id=row.id)
        for row in await meetings_of(session, run.id)
    ]
    await change_run_with_bookings(session, a_clock(), run.id, meetings=meetings, reason="Sjukdom")


async def marked(session: AsyncSession, two: Two) -> int:
    query = text("SELECT count(*) FROM seat_meetings WHERE moved_onto AND participant_id = ANY(:people)")
    connection = await session.connection()
    return int((await connection.execute(query, {"people": list(two.employer.people)})).scalar_one())


async def times_agree(session: AsyncSession) -> None:
    """Assert that every named seat has its meetings at their times, and nothing else has any."""
    query = text(
        "WITH should AS (SELECT s.id, m.id, s.participant_id, tstzrange(m.starts_at, m.ends_at)"
        " FROM seats s JOIN meetings m ON m.run_id = s.run_id"
        " WHERE s.released_at IS NULL AND s.participant_id IS NOT NULL),"
        " stands AS (SELECT seat_id, meeting_id, participant_id, during FROM seat_meetings)"
        " SELECT (SELECT count(*) FROM (TABLE should EXCEPT TABLE stands) AS one)"
        " + (SELECT count(*) FROM (TABLE stands EXCEPT TABLE should) AS two)"
    )
    connection = await session.connection()
    assert (await connection.execute(query)).scalar_one() == 0


async def test_somebody_is_not_named_on_two_courses_at_once_and_is_told_which(session: AsyncSession) -> None:
    two = await two_runs(session)
    anna, bea, _ = two.employer.people
    await book(session, two.first, two.employer, anna)
    with pytest.raises(Several) as refused:
        await book(session, two.second, two.employer, bea, anna)
    (error,) = refused.value.errors
    assert (error.code, error.field) == ("meetings_at_once", "participants.1")
    assert two.first.reference in str(error.text)
    assert "Svetsning" in str(error.text)
    await book(session, two.after, two.employer, anna)  # which begins when the first has ended
    await times_agree(session)


async def test_of_a_protected_person_nobody_is_told_where_she_is(session: AsyncSession) -> None:
    two = await two_runs(session)
    anna = two.employer.people[0]
    (await session.get_one(Person, anna)).protected = True
    await book(session, two.first, two.employer, anna)
    with pytest.raises(Several) as refused:
        await book(session, two.second, two.employer, anna)
    (error,) = refused.value.errors
    assert error.code == "meetings_at_once"
    assert two.first.reference not in str(error.text)


async def test_a_seat_that_is_given_up_or_renamed_lets_somebody_go_elsewhere(session: AsyncSession) -> None:
    two = await two_runs(session)
    anna, bea, _ = two.employer.people
    here = await book(session, two.first, two.employer, anna)
    there = await book(session, two.second, two.employer)
    with pytest.raises(Several):
        await change_booking(session, a_clock(), there.id, Change(participants=(anna,)))
    await change_booking(session, a_clock(), here.id, Change(participants=(bea,)))
    await change_booking(session, a_clock(), there.id, Change(participants=(anna,)))
    await times_agree(session)
    await cancel_booking(session, a_clock(), here.id, reason="Hinner inte")
    await change_booking(session, a_clock(), there.id, Change(seats=3, participants=(bea, anna)))
    await times_agree(session)


async def test_a_run_is_moved_onto_another_and_those_concerned_are_told(session: AsyncSession) -> None:
    two = await two_runs(session)
    anna, bea, cia = two.employer.people
    (await session.get_one(Person, bea)).protected = True
    await book(session, two.first, two.employer, anna, bea)
    await book(session, two.after, two.employer, anna, bea, cia, seats=3)
    assert await list_overlaps(session, two.after.id) == []
    await move(session, two.after, -timedelta(hours=2))
    await times_agree(session)
    assert await marked(session, two) == 4
    fact = (await told(session))[-1]
    assert isinstance(fact, RunChanged)
    assert {(each.recipient_id, each.run_reference) for each in fact.at_once} == {
        (anna, two.first.reference),
        (bea, two.first.reference),
        (two.employer.contact, two.first.reference),
    }
    by_person = {each.person_id: each for each in await list_overlaps(session, two.after.id)}
    assert by_person.keys() == {anna, bea}
    assert (by_person[anna].name, by_person[anna].other_reference) == ("Anna Berg", two.first.reference)
    assert (by_person[bea].name, by_person[bea].other_run_id, by_person[bea].other_reference) == (None, None, None)
    assert {each.person_id for each in await list_overlaps(session, two.first.id)} == {anna, bea}


async def test_what_overlaps_nothing_any_more_is_held_by_the_database_again(session: AsyncSession) -> None:
    two = await two_runs(session)
    anna, bea, _ = two.employer.people
    here = await book(session, two.first, two.employer, anna, bea)
    await book(session, two.after, two.employer, anna, bea)
    await move(session, two.after, -timedelta(hours=1))
    assert await marked(session, two) == 4
    await change_booking(session, a_clock(), here.id, Change(participants=(bea,)))
    assert {each.person_id for each in await list_overlaps(session, two.after.id)} == {bea}
    assert await marked(session, two) == 2
    await move(session, two.first, timedelta(days=2))
    assert await marked(session, two) == 0
    assert await list_overlaps(session, two.after.id) == []
    await cancel_run_with_bookings(session, a_clock(), two.after.id, reason="Sjukdom")
    await times_agree(session)


async def _race(database: Database, two: Two, second: Callable[[AsyncSession], Awaitable[object]]) -> list[str]:
    """Name Anna on the first run, and let `second` come to its end only when that is about to be committed."""

    async def finish() -> str:
        async with database.sessions() as session:
            try:
                await second(session)
            except KurslotsError as error:
                return error.errors[0].code if isinstance(error, Several) else error.code
            await session.commit()
            return "done"

    async def is_waiting_or_done() -> bool:
        if task.done():
            return True
        async with database.sessions() as looking:
            query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool((await (await looking.connection()).execute(query)).scalar_one())

    async with database.sessions() as session:
        await book(session, two.first, two.employer, two.employer.people[0])
        task = asyncio.create_task(finish())
        await until(is_waiting_or_done)
        await session.commit()
    return ["done", await task]


async def _committed(database: Database) -> Two:
    async with database.sessions() as session:
        two = await two_runs(session)
        await session.commit()
        return two


async def test_of_two_who_name_somebody_at_the_same_moment_one_is_refused(booking_database: Database) -> None:
    two = await _committed(booking_database)
    anna = two.employer.people[0]
    outcome = await _race(booking_database, two, lambda session: book(session, two.second, two.employer, anna))
    assert outcome == ["done", "meetings_at_once"]
    async with booking_database.sessions() as session:
        await times_agree(session)


async def test_control_without_the_constraint_both_are_let_in(module_database: ServiceDatabase) -> None:
    database = open_database(await module_database("booking"))
    try:
        async with database.sessions() as session:
            connection = await session.connection()
            await connection.execute(
                text("ALTER TABLE seat_meetings DROP CONSTRAINT ex_seat_meetings_participant_id_during")
            )
            await session.commit()
        two = await _committed(database)
        anna = two.employer.people[0]
        outcome = await _race(database, two, lambda session: book(session, two.second, two.employer, anna))
        assert outcome == ["done", "done"]
        async with database.sessions() as session:
            assert [each.person_id for each in await list_overlaps(session, two.first.id)] == [anna]
    finally:
        await database.close()


async def test_a_move_goes_through_though_somebody_is_named_at_the_same_moment(booking_database: Database) -> None:
    two = await _committed(booking_database)
    anna = two.employer.people[0]
    async with booking_database.sessions() as session:
        await book(session, two.after, two.employer, anna)
        await session.commit()
    outcome = await _race(booking_database, two, lambda session: move(session, two.after, -timedelta(hours=1)))
    assert outcome == ["done", "done"]
    async with booking_database.sessions() as session:
        await times_agree(session)
        assert [each.person_id for each in await list_overlaps(session, two.after.id)] == [anna]


async def test_whom_the_database_refuses_is_asked_of_once_more(booking_database: Database) -> None:
    """Where the other has gone again meanwhile there is nothing to name: try again."""
    two = await _committed(booking_database)
    async with booking_database.sessions() as session:
        anna = two.employer.people[0]
        assert (await members.meetings_at_once(session, two.first, [anna], [anna])).code == "busy"


async def test_the_lead_sees_whom_a_move_has_put_in_two_places(office: Office) -> None:
    async with office.transaction() as session:
        two = await two_runs(session)
        anna, bea, _ = two.employer.people
        (await session.get_one(Person, bea)).protected = True
        await book(session, two.first, two.employer, anna, bea)
        await book(session, two.after, two.employer, anna, bea)
        await move(session, two.after, -timedelta(hours=1))
    await office.holder("lead-of-two", Grant(Role.PROJECT_LEAD, project_id=two.first.project_id))
    listed = (await office.ask("lead-of-two").get(f"runs/{two.after.id}/overlaps")).json()["items"]
    assert [each["name"] for each in listed] == ["Anna Berg", None]
    assert [each["other_reference"] for each in listed] == [two.first.reference, None]
    with known_visitors(office.app):
        async with browser(office.app, "lead-of-two", language="sv") as lead:
            address = f"/booking/projects/{two.first.project_id}/runs"
            page = page_of(await lead.get(f"{address}/{two.after.id}"))
            other = page_of(await lead.get(f"{address}/{two.first.id}"))
    assert "Några deltagare har en annan kurs samtidigt" in page.text
    assert page.tags("a", href=f"/booking/runs/{two.first.id}")
    assert "En deltagare med skyddad identitet" in page.text
    assert "Några deltagare har en annan kurs samtidigt" in other.text  # both leads may do something about it
