from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.queries import get_booking
from services.booking.bookings.runs import cancel_run_with_bookings, change_run_with_bookings, remind_of_meeting
from services.booking.bookings.tables import Booking
from services.booking.courses.queries import find_due_reminders, meetings_of, run_history
from services.booking.courses.tables import Run
from services.booking.seats.queries import availability
from services.booking.timers import TIMERS
from shared.contracts.booking import BookingCancelled, MeetingApproached, RunCancelled, RunChanged, RunScheduled
from shared.db import Database
from shared.kernel.errors import Conflict, InvalidInput, Refused
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    told,
)
from tests.support.messaging import rows_of, run_timers

DAY = timedelta(days=1)
REMINDED = (IN_TWO_WEEKS - DAY).replace(hour=9)  # 10:00 in Sweden in winter


async def a_booked_run(session: AsyncSession, *, named: int = 2, seats: int = 3) -> tuple[Run, AnEmployer, Booking]:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(meetings=(a_meeting(), a_meeting(IN_TWO_WEEKS + DAY))))
    order = Order(project.id, employer.id, run.id, seats, employer.people[:named])
    return run, employer, await book_seats(session, a_clock(), order)


async def due(session: AsyncSession, run: Run, now: datetime) -> list[UUID]:
    """Return the run's meetings whose reminder is due."""
    own = {meeting.id for meeting in await meetings_of(session, run.id)}
    return [meeting_id for meeting_id in await find_due_reminders(session, now, 100) if meeting_id in own]


def everybody(employer: AnEmployer, named: int) -> set[tuple[str, object]]:
    return {("contact", employer.contact), *(("participant", each) for each in employer.people[:named])}


async def test_a_scheduled_run_is_told_with_its_kept_seats(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=12), kept={employer.id: 5})
    (fact,) = await told(session)
    assert isinstance(fact, RunScheduled)
    assert [(kept.employer_id, kept.seats) for kept in fact.kept] == [(employer.id, 5)]
    assert (fact.capacity, fact.run.reference, fact.run.mode) == (12, run.reference, "physical")
    free = (await availability(session, [run.id]))[run.id]
    assert (free.free, free.kept, free.taken) == (7, 5, 0)


async def test_other_times_are_told_to_everyone_booked_with_the_next_sequence(session: AsyncSession) -> None:
    run, employer, _ = await a_booked_run(session)
    first, second = await meetings_of(session, run.id)
    wished = [
        a_meeting(IN_TWO_WEEKS + 2 * DAY, meeting_id=first.id),
        a_meeting(IN_TWO_WEEKS + DAY, meeting_id=second.id),
    ]
    await change_run_with_bookings(session, a_clock(), run.id, meetings=wished, reason="Lokalen är upptagen")
    fact = (await told(session))[-1]
    assert isinstance(fact, RunChanged)
    assert (fact.changes, fact.sequence, fact.reason) == (("times",), 1, "Lokalen är upptagen")
    assert parts(fact) == everybody(employer, 2)
    assert [meeting.meeting_id for meeting in fact.run.meetings] == [second.id, first.id]
    assert run.starts_at == IN_TWO_WEEKS + DAY
    assert [row.change for row in await run_history(session, run.id)] == ["scheduled", "times"]


async def test_a_new_link_alone_is_told_to_nobody(session: AsyncSession) -> None:
    run, _, _ = await a_booked_run(session)
    before = len(await told(session))
    wished = [
        a_meeting(row.starts_at, digital_link="https://mote.example/1", meeting_id=row.id)
        for row in await meetings_of(session, run.id)
    ]
    changed = await change_run_with_bookings(session, a_clock(), run.id, meetings=wished, reason="Ny länk")
    assert (len(await told(session)), changed.sequence, changed.version) == (before, 0, 2)
    with pytest.raises(Refused) as refused:
        await change_run_with_bookings(session, a_clock(), run.id, meetings=wished, reason="Ny länk")
    assert refused.value.code == "run_unchanged"


async def test_a_meeting_of_another_run_is_refused(session: AsyncSession) -> None:
    run, _, _ = await a_booked_run(session)
    other, _, _ = await a_booked_run(session)
    strange = (await meetings_of(session, other.id))[0]
    with pytest.raises(InvalidInput):
        await change_run_with_bookings(
            session, a_clock(), run.id, meetings=[a_meeting(meeting_id=strange.id)], reason="Fel"
        )


async def test_a_change_by_one_who_saw_an_earlier_version_is_refused(session: AsyncSession) -> None:
    run, _, _ = await a_booked_run(session)
    wished = [a_meeting(IN_TWO_WEEKS + 3 * DAY)]
    await change_run_with_bookings(session, a_clock(), run.id, meetings=wished, reason="Sjuk", version=1)
    with pytest.raises(Conflict):
        await change_run_with_bookings(session, a_clock(), run.id, meetings=[a_meeting()], reason="Frisk", version=1)


async def test_a_cancelled_run_cancels_its_bookings_and_nobody_was_late(session: AsyncSession) -> None:
    run, employer, booking = await a_booked_run(session)
    late = a_clock(IN_TWO_WEEKS - timedelta(hours=1))
    await cancel_run_with_bookings(session, late, run.id, reason="Läraren är sjuk")
    *_, cancelled_booking, cancelled_run = await told(session)
    assert isinstance(cancelled_booking, BookingCancelled)
    assert cancelled_booking.with_run
    assert parts(cancelled_booking) == everybody(employer, 2)
    assert isinstance(cancelled_run, RunCancelled)
    assert (cancelled_run.sequence, parts(cancelled_run)) == (1, everybody(employer, 2))
    row = await get_booking(session, booking.id)
    assert (row.state, row.cancelled_late) == ("cancelled", False)
    assert (await availability(session, [run.id]))[run.id].taken == 0
    assert not await due(session, run, IN_TWO_WEEKS + 10 * DAY)
    with pytest.raises(Conflict):
        await cancel_run_with_bookings(session, late, run.id, reason="Igen")
    with pytest.raises(Conflict):
        await change_run_with_bookings(session, late, run.id, meetings=[a_meeting()], reason="Igen")


async def test_a_reminder_is_told_once_when_it_is_due(session: AsyncSession) -> None:
    run, employer, _ = await a_booked_run(session, named=3)
    first, second = await meetings_of(session, run.id)
    assert not await due(session, run, REMINDED - timedelta(seconds=1))
    assert await due(session, run, REMINDED) == [first.id]
    assert not await remind_of_meeting(session, a_clock(REMINDED - timedelta(seconds=1)), first.id)
    assert await remind_of_meeting(session, a_clock(REMINDED), first.id)
    assert not await remind_of_meeting(session, a_clock(REMINDED), first.id)
    fact = (await told(session))[-1]
    assert isinstance(fact, MeetingApproached)
    assert (fact.meeting_id, fact.starts_at) == (first.id, IN_TWO_WEEKS)
    assert parts(fact) == {("participant", each) for each in employer.people[:3]}
    assert await due(session, run, REMINDED + DAY) == [second.id]


async def test_the_contact_is_reminded_where_a_seat_has_no_name(session: AsyncSession) -> None:
    run, employer, _ = await a_booked_run(session, named=1, seats=2)
    first, _ = await meetings_of(session, run.id)
    await remind_of_meeting(session, a_clock(REMINDED), first.id)
    assert parts((await told(session))[-1]) == everybody(employer, 1)


async def test_nobody_is_reminded_of_a_meeting_that_has_begun(session: AsyncSession) -> None:
    run, _, _ = await a_booked_run(session)
    first, _ = await meetings_of(session, run.id)
    before = len(await told(session))
    assert not await remind_of_meeting(session, a_clock(IN_TWO_WEEKS), first.id)
    assert len(await told(session)) == before
    assert first.id not in await due(session, run, IN_TWO_WEEKS)


async def test_a_meeting_that_is_moved_is_reminded_of_at_its_new_time(session: AsyncSession) -> None:
    run, _, _ = await a_booked_run(session)
    first, _ = await meetings_of(session, run.id)
    assert await remind_of_meeting(session, a_clock(REMINDED), first.id)
    moved = [a_meeting(IN_TWO_WEEKS + 7 * DAY, meeting_id=first.id)]
    await change_run_with_bookings(session, a_clock(REMINDED), run.id, meetings=moved, reason="Snöstorm")
    assert not await due(session, run, REMINDED + 7 * DAY - timedelta(seconds=1))
    assert await remind_of_meeting(session, a_clock(REMINDED + 7 * DAY), first.id)


async def test_nobody_booked_is_nobody_reminded(session: AsyncSession) -> None:
    project = await a_project(session)
    run = await a_run(session, project)
    (meeting,) = await meetings_of(session, run.id)
    assert not await remind_of_meeting(session, a_clock(REMINDED), meeting.id)
    assert not await due(session, run, REMINDED)


async def test_the_worker_finds_what_is_due_and_tells_it_once(booking_database: Database) -> None:
    async with booking_database.sessions() as session:
        await a_booked_run(session)
        await session.commit()
    query = "SELECT count(*) FROM outbox WHERE type = 'meeting.approached.v1'"
    assert await run_timers(TIMERS, booking_database, a_clock(MONDAY_MORNING)) == 0
    assert await run_timers(TIMERS, booking_database, a_clock(REMINDED)) == 1
    assert await run_timers(TIMERS, booking_database, a_clock(REMINDED)) == 0
    assert [tuple(row) for row in await rows_of(booking_database, query)] == [(1,)]
