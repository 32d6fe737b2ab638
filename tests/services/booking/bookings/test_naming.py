"""Seats without a name when names are due: reminders before, and what becomes of the seats then."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings import naming
from services.booking.bookings.commands import Change, Order, book_seats, change_booking
from services.booking.bookings.naming import find_due_names, follow_up_names
from services.booking.bookings.queries import booking_history, get_booking, seats_of
from services.booking.bookings.rules import NAMES_DUE, UNWARNED, BookingState, NamesStep, names_due_at, names_step
from services.booking.bookings.tables import Booking
from services.booking.bookings.words import told_history
from services.booking.courses.tables import Run
from services.booking.overview.waiting import waits_of
from services.booking.seats.queries import get_entry
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from shared.contracts.booking import BookingCancelled, BookingChanged, BookingNamesAwaited
from shared.db import Database
from shared.kernel.calendar import STOCKHOLM, legal_day
from shared.kernel.errors import InvalidInput
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    AProject,
    a_clock,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    seats_agree,
    told,
)
from tests.services.booking.racing import at_once, offer

DUE = names_due_at(IN_TWO_WEEKS, 3)
WEEK_BEFORE, DAY_BEFORE = DUE - timedelta(days=7), DUE - timedelta(days=1)
BEGINS = st.integers(0, 2 * 365 * 24).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours))


@given(BEGINS, st.integers(1, 90))
def test_names_are_due_at_ten_in_the_morning_so_many_days_before(begins: datetime, days: int) -> None:
    due = names_due_at(begins, days).astimezone(STOCKHOLM)
    assert (due.hour, due.minute) == (10, 0)
    assert legal_day(begins) - due.date() == timedelta(days=days)


@given(BEGINS, st.integers(1, 30), st.integers(0, 60 * 24), st.integers(1, 48))
def test_whoever_loses_seats_booked_them_knowing_the_date_or_was_warned_of_it_in_time(
    begins: datetime, days: int, booked_hours_before: int, every: int
) -> None:
    due = names_due_at(begins, days)
    booked = due - timedelta(hours=booked_hours_before)
    reminded_at, reminders, now = None, 0, booked
    while True:
        step = names_step(begins, days, booked_at=booked, reminded_at=reminded_at, now=now)
        if step is NamesStep.RELEASE:
            break
        if step is NamesStep.REMIND:
            reminders, reminded_at = reminders + 1, now
            again = names_step(begins, days, booked_at=booked, reminded_at=reminded_at, now=now)
            assert again is not NamesStep.REMIND
        now += timedelta(hours=every)
    assert now >= due
    assert reminders <= 2
    if booked < due - timedelta(hours=26):
        assert reminded_at is not None
    assert reminded_at is None or now >= reminded_at + UNWARNED


def test_a_rule_that_comes_late_takes_no_seats_from_the_unwarned() -> None:
    late = IN_TWO_WEEKS - timedelta(hours=30)
    given_ = {"booked_at": MONDAY_MORNING, "now": late}
    assert names_step(IN_TWO_WEEKS, 3, reminded_at=None, **given_) is NamesStep.REMIND
    assert names_step(IN_TWO_WEEKS, 3, reminded_at=late, **given_) is NamesStep.WAIT


async def _booked(
    session: AsyncSession, *, seats: int = 5, named: int = 0, days: int | None = 3
) -> tuple[Booking, Run, AnEmployer]:
    project = await a_project(session, name_by_days=days)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=5))
    order = Order(project.id, employer.id, run.id, seats, employer.people[:named])
    return await book_seats(session, a_clock(), order, by=employer.contact), run, employer


async def test_contacts_are_reminded_a_week_and_a_day_before_and_each_time_once(session: AsyncSession) -> None:
    booking, _, employer = await _booked(session, named=2)
    for now, due in ((WEEK_BEFORE - timedelta(seconds=1), []), (WEEK_BEFORE, [booking.id]), (DAY_BEFORE, [booking.id])):
        assert [each for each in await find_due_names(session, now, 100) if each == booking.id] == due
        for _ in range(2):
            await follow_up_names(session, a_clock(now), booking.id)
        assert booking.id not in await find_due_names(session, now, 100)
    reminders = [fact for fact in await told(session) if isinstance(fact, BookingNamesAwaited)]
    assert [(fact.seats, fact.named, fact.until) for fact in reminders] == [(5, 2, DUE)] * 2
    assert parts(reminders[0]) == {("contact", employer.contact)}


async def test_when_names_are_due_the_unnamed_seats_go_to_the_queue(session: AsyncSession) -> None:
    booking, run, employer = await _booked(session, named=2)
    other = await an_employer(session, AProject(employer.project_id, ()))
    entry = await join_queue(session, a_clock(), Wish(other.project_id, other.id, run.id, 3, 3))
    for now in (DAY_BEFORE, DUE, DUE, DUE):
        await follow_up_names(session, a_clock(now), booking.id)
    assert (booking.seats, booking.state) == (2, BookingState.CONFIRMED)
    assert [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]] == [
        *employer.people[:2]
    ]
    assert (await get_entry(session, entry.id)).state == "offered"
    changed = [fact for fact in await told(session) if isinstance(fact, BookingChanged)]
    assert [(fact.seats_before, fact.seats, fact.because, parts(fact)) for fact in changed] == [
        (5, 2, NAMES_DUE, {("contact", employer.contact)})
    ]
    latest = told_history(await booking_history(session, booking.id), {})[0]
    assert "without a name" in latest.text.message


async def test_a_booking_in_which_nobody_is_named_is_cancelled(session: AsyncSession) -> None:
    booking, _, employer = await _booked(session)
    assert await follow_up_names(session, a_clock(DUE), booking.id) is NamesStep.REMIND
    for _ in range(2):
        await follow_up_names(session, a_clock(DUE + UNWARNED), booking.id)
    assert (booking.state, booking.cancelled_because, booking.cancelled_late) == ("cancelled", NAMES_DUE, True)
    fact = [fact for fact in await told(session) if isinstance(fact, BookingCancelled)][-1]
    assert (fact.because, parts(fact)) == (NAMES_DUE, {("contact", employer.contact)})


async def test_nothing_is_due_where_the_project_has_no_such_day_or_everybody_is_named(session: AsyncSession) -> None:
    free, _, _ = await _booked(session, days=None)
    named, _, _ = await _booked(session, seats=4, named=4)
    found = await find_due_names(session, IN_TWO_WEEKS - timedelta(hours=1), 100)
    for booking in (free, named):
        assert booking.id not in found
        late = a_clock(IN_TWO_WEEKS - timedelta(hours=1))
        assert await follow_up_names(session, late, booking.id) is NamesStep.WAIT


async def test_once_names_are_due_every_new_seat_has_a_name(session: AsyncSession) -> None:
    booking, run, employer = await _booked(session, seats=2, named=2)
    late = a_clock(DUE)
    with pytest.raises(InvalidInput) as refused:
        await book_seats(session, late, Order(employer.project_id, employer.id, run.id, 1))
    assert refused.value.code == "names_were_due"
    for change in (Change(seats=3), Change(participants=employer.people[:1])):
        with pytest.raises(InvalidInput):
            await change_booking(session, late, booking.id, change)
    swapped = await change_booking(session, late, booking.id, Change(participants=employer.people[1:3]))
    assert swapped.seats == 2


async def test_the_next_step_of_the_employer_says_until_when(session: AsyncSession) -> None:
    _, _, employer = await _booked(session, named=2)
    part = (employer.id, employer.project_id)
    assert (await waits_of(session, [part], MONDAY_MORNING))[part].names_due_at == DUE


@pytest.mark.parametrize("begins", [datetime(2027, 3, 30, 7, tzinfo=UTC), datetime(2026, 12, 7, 23, 30, tzinfo=UTC)])
async def test_what_is_found_is_what_the_rule_says_also_where_clocks_change(
    session: AsyncSession, begins: datetime
) -> None:
    booking, run, _ = await _booked(session)
    run.starts_at, run.ends_at = begins, begins + timedelta(hours=3)
    session.add(run)
    await session.flush()
    assert legal_day(begins) in (date(2027, 3, 30), date(2026, 12, 8))
    due = names_due_at(begins, 3)
    for hours in range(-24 * 9, 24, 5):
        now = due + timedelta(hours=hours)
        step = names_step(begins, 3, booked_at=booking.created_at, reminded_at=None, now=now)
        assert (booking.id in await find_due_names(session, now, 100)) is (step is not NamesStep.WAIT), now


async def test_naming_when_the_names_are_due_loses_no_name_and_leaves_no_seat_twice(
    booking_database: Database,
) -> None:
    for _ in range(4):
        run, (employer,) = await offer(booking_database, capacity=4, people=4, name_by_days=3)
        async with booking_database.sessions() as session:
            order = Order(run.project_id, employer.id, run.id, 4, employer.people[:1])
            booking = await book_seats(session, a_clock(), order)
            await follow_up_names(session, a_clock(DAY_BEFORE), booking.id)
            await session.commit()

        def name(session: AsyncSession, booking: Booking = booking, employer: AnEmployer = employer) -> object:
            return change_booking(session, a_clock(DUE), booking.id, Change(participants=employer.people[:3]))

        def release(session: AsyncSession, booking: Booking = booking) -> object:
            return follow_up_names(session, a_clock(DUE), booking.id)

        outcomes = await at_once(booking_database, [name, release, release, release])  # type: ignore[list-item]
        async with booking_database.sessions() as session:
            found = await get_booking(session, booking.id)
            held = [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]]
        assert held == [*employer.people[: found.seats]]
        assert (outcomes[0], found.seats) in {("done", 3), ("more_names_than_seats", 1)}
        await seats_agree(booking_database, run)


async def test_control_without_the_lock_a_name_is_lost(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = asyncio.Barrier(2)

    async def read_alone(session: AsyncSession, booking_id: object, *, shared: bool) -> tuple[Run, Booking]:
        assert shared
        booking = await session.get_one(Booking, booking_id)
        await seats_of(session, [booking.id])
        await both_have_read.wait()
        return await session.get_one(Run, booking.run_id), booking

    run, (employer,) = await offer(booking_database, capacity=4, people=4, name_by_days=3)
    async with booking_database.sessions() as session:
        booking = await book_seats(
            session, a_clock(), Order(run.project_id, employer.id, run.id, 2, employer.people[:1])
        )
        await follow_up_names(session, a_clock(DAY_BEFORE), booking.id)
        await session.commit()
    monkeypatch.setattr(naming, "lock_booking", read_alone)
    monkeypatch.setattr("services.booking.bookings.commands.lock_booking", read_alone)
    outcomes = await at_once(
        booking_database,
        [
            lambda session: change_booking(session, a_clock(DUE), booking.id, Change(participants=employer.people[:2])),
            lambda session: follow_up_names(session, a_clock(DUE), booking.id),
        ],
    )
    async with booking_database.sessions() as session:
        held = [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]]
    assert outcomes == ["done", "done"]
    assert held == [*employer.people[:1]], "the name that was given is gone, though both were told that it was done"
