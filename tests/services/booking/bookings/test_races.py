"""Many bookings of one pool at once: never oversold, and the same race oversells where the guard is off."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.runs import cancel_run_with_bookings
from services.booking.bookings.tables import Booking
from services.booking.courses.commands import lock_run
from services.booking.courses.tables import Run
from services.booking.seats import commands as seats
from services.booking.seats.commands import keep_seats
from services.booking.seats.tables import SeatPool
from shared.db import Database
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    a_clock,
    seats_agree,
)
from tests.services.booking.racing import Act, at_once, booking, in_own_transaction, offer
from tests.support.messaging import rows_of, until

AT_ONCE = 12


def changing(row: Booking, change: Change) -> Act:
    return lambda session: change_booking(session, a_clock(), row.id, change)


def cancelling(row: Booking) -> Act:
    return lambda session: cancel_booking(session, a_clock(), row.id, reason="Fler order")


def keeping(run: Run, employer: AnEmployer, count: int) -> Act:
    return lambda session: keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=count)


async def sold(database: Database, run: Run) -> tuple[int, int]:
    """Return how many seats bookings have, and how many the pools say are taken."""
    async with database.sessions() as session:
        found = await session.exec(select(SeatPool).where(col(SeatPool.run_id) == run.id))
        taken = sum(pool.taken for pool in found)
        connection = await session.connection()
        query = "SELECT count(*) FROM seats WHERE run_id = $1 AND released_at IS NULL"
        have = (await connection.exec_driver_sql(query, (run.id,))).scalar_one()
        return have, taken


async def test_one_pool_is_never_oversold(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=7)
    outcomes = await at_once(booking_database, [booking(run, employer, 2) for _ in range(AT_ONCE)])
    assert sorted(outcomes) == ["done"] * 3 + ["seats_full"] * (AT_ONCE - 3)
    assert await sold(booking_database, run) == (6, 6)
    await seats_agree(booking_database, run)


async def test_control_reading_first_and_then_writing_oversells(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_has_read = asyncio.Barrier(AT_ONCE)

    async def read_then_write(session: AsyncSession, pool_id: UUID, count: int) -> bool:
        pool = (await session.exec(select(SeatPool).where(col(SeatPool.id) == pool_id))).one()
        await everybody_has_read.wait()
        if pool.taken + count > pool.capacity:
            return False
        await session.exec(update(SeatPool).where(col(SeatPool.id) == pool_id).values(taken=pool.taken + count))
        return True

    monkeypatch.setattr(seats, "_take", read_then_write)
    run, (employer,) = await offer(booking_database, capacity=7)
    outcomes = await at_once(booking_database, [booking(run, employer, 2) for _ in range(AT_ONCE)])
    assert outcomes == ["done"] * AT_ONCE
    assert await sold(booking_database, run) == (2 * AT_ONCE, 2)
    with pytest.raises(AssertionError):
        await seats_agree(booking_database, run)


async def test_kept_and_open_seats_together_are_never_oversold(booking_database: Database) -> None:
    run, (employer, other) = await offer(booking_database, capacity=9, employers=2, kept=4)
    acts = [booking(run, each, 3) for each in (employer, other) for _ in range(5)]
    outcomes = await at_once(booking_database, acts)
    have, taken = await sold(booking_database, run)
    assert have == taken == 3 * outcomes.count("done")
    assert have in (6, 9)


async def test_an_employers_cap_holds_under_a_race(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=50, cap=5)
    outcomes = await at_once(booking_database, [booking(run, employer, 2) for _ in range(8)])
    assert sorted(outcomes) == ["done"] * 2 + ["employer_cap"] * 6
    assert await sold(booking_database, run) == (4, 4)


async def test_booking_changing_cancelling_and_keeping_at_once_leave_the_sums_right(booking_database: Database) -> None:
    run, (employer, other) = await offer(booking_database, capacity=20, employers=2, kept=4)
    async with booking_database.sessions() as session:
        mine = [
            await book_seats(session, a_clock(), Order(run.project_id, each.id, run.id, 2))
            for each in (employer, employer, other, other)
        ]
        await session.commit()
    acts = [
        *(booking(run, each, 3) for each in (employer, other) for _ in range(3)),
        *(changing(row, Change(4 - index)) for index, row in enumerate(mine)),
        *(cancelling(row) for row in mine),
        *(keeping(run, employer, count) for count in (0, 2, 6)),
    ]
    outcomes = await at_once(booking_database, acts)
    assert "done" in outcomes
    have, taken = await sold(booking_database, run)
    assert have == taken <= 20
    async with booking_database.sessions() as session:
        found = (await session.exec(select(SeatPool).where(col(SeatPool.run_id) == run.id))).all()
        assert sum(pool.capacity for pool in found) == 20


async def test_nobody_is_left_with_seats_on_a_run_that_is_cancelled_meanwhile(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=30)
    acts: list[Act] = [booking(run, employer, 2) for _ in range(6)]
    acts.insert(3, lambda session: cancel_run_with_bookings(session, a_clock(), run.id, reason="Läraren är sjuk"))
    outcomes = await at_once(booking_database, acts)
    assert set(outcomes) <= {"done", "run_cannot_move"}
    assert await sold(booking_database, run) == (0, 0)


async def test_one_person_gets_one_seat_of_two_bookings_at_once(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=30)
    act = booking(run, employer, 1, employer.people[0])
    both = (in_own_transaction(booking_database, act) for _ in range(2))
    # the loser meets the other's seat, or where both looked before either wrote, the unique index
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert outcomes.count("done") == 1
    assert await sold(booking_database, run) == (1, 1)


async def test_the_database_itself_refuses_more_than_a_pool_holds(booking_database: Database) -> None:
    run, _ = await offer(booking_database, capacity=3)
    async with booking_database.engine.connect() as connection:
        for wrong in (4, -1):
            with pytest.raises(Exception, match="ck_seat_pools_taken"):
                await connection.execute(update(SeatPool).where(col(SeatPool.run_id) == run.id).values(taken=wrong))
            await connection.rollback()


async def test_a_booking_that_waited_for_the_run_until_it_began_is_refused(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=5)
    clock = a_clock(IN_TWO_WEEKS - timedelta(seconds=1))
    order = Order(run.project_id, employer.id, run.id, 1)

    async def somebody_waits() -> object:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return await rows_of(booking_database, query)

    async with booking_database.sessions() as holder:
        await lock_run(holder, run.id)
        late = asyncio.create_task(
            in_own_transaction(booking_database, lambda session: book_seats(session, clock, order))
        )
        await until(somebody_waits, what="the booking's wait for the run")
        clock.advance(timedelta(seconds=1))
    assert await late == "run_has_begun"
    assert await sold(booking_database, run) == (0, 0)
