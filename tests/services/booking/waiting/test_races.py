"""Two hundred clients at once over real connections, booking, waiting, answering and cancelling: the seats agree.

They do not where the guard is off: where the pools are not locked before a walk decides on them.
"""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import cancel_booking
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.seats import commands as seats
from services.booking.seats import waiting
from services.booking.seats.pools import Pools, read_pools
from services.booking.seats.queries import find_due_offers
from services.booking.seats.tables import SeatOffer, WaitingEntry
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import accept_offer, join_queue
from shared.db import Database
from shared.kernel.clock import FixedClock
from tests.services.booking.offered import (
    AnEmployer,
    a_clock,
    seats_agree,
)
from tests.services.booking.racing import Act, at_once, booking, offer

CLIENTS: Final = 200
EMPLOYERS: Final = 50
CAPACITY: Final = 30


def joining(run: Run, employer: AnEmployer, seats: int, *, least: int | None = None) -> Act:
    wish = Wish(run.project_id, employer.id, run.id, seats, least or seats)
    return lambda session: join_queue(session, a_clock(), wish)


def cancelling(booking_id: UUID) -> Act:
    return lambda session: cancel_booking(session, a_clock(), booking_id, reason="Fler order")


def leaving(entry_id: UUID) -> Act:
    return lambda session: waiting.leave(session, a_clock(), entry_id)


def declining(entry_id: UUID) -> Act:
    return lambda session: waiting.decline(session, a_clock(), entry_id)


def accepting(entry_id: UUID) -> Act:
    return lambda session: accept_offer(session, a_clock(), entry_id)


def looking_after(offer_id: UUID, clock: FixedClock) -> Act:
    return lambda session: waiting.check_offer(session, clock, offer_id)


async def ids_of(database: Database, run: Run, table: type[Booking | WaitingEntry], state: str) -> list[UUID]:
    async with database.sessions() as session:
        found = select(table.id).where(col(table.run_id) == run.id, col(table.state) == state)
        return sorted((await session.exec(found)).all())


async def groups_are_whole(database: Database, run: Run) -> None:
    """Assert that what each group was offered is what it waits for, or at least the fewest that it would take."""
    query = text(
        "SELECT o.id FROM seat_offers o JOIN waiting_entries e ON e.id = o.entry_id"
        " WHERE o.run_id = :run_id AND o.kept + o.open NOT BETWEEN e.least AND e.seats"
    )
    async with database.engine.connect() as connection:
        assert not (await connection.execute(query, {"run_id": run.id})).all()


async def nobody_waits_in_vain(database: Database, run: Run) -> None:
    """Assert that whoever is first in line does not fit in what is free: a walk would have offered it."""
    async with database.sessions() as session:
        pools = await read_pools(session, run.id)
        head = select(WaitingEntry).where(col(WaitingEntry.run_id) == run.id, col(WaitingEntry.place) == 1)
        first = (await session.exec(head)).first()
    assert first is None or first.least > pools.open.capacity - pools.open.taken


async def test_two_hundred_clients_race_for_the_last_seats_and_the_queue(booking_database: Database) -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same race of commands each time
    run, employers = await offer(booking_database, capacity=CAPACITY, employers=EMPLOYERS, people=0, cap=12, kept=4)
    acts: list[Act] = []
    for client in range(CLIENTS):
        employer, count = employers[client % EMPLOYERS], chance.randint(1, 5)
        least = chance.randint(1, count)
        acts.append(booking(run, employer, count) if client % 2 else joining(run, employer, count, least=least))
    outcomes = Counter(await at_once(booking_database, acts))
    assert set(outcomes) <= {
        "done", "seats_full", "others_wait", "waits_already", "seats_are_free", "employer_cap", "never_fits",
    }  # fmt: skip
    await seats_agree(booking_database, run)

    for _ in range(3):
        booked = await ids_of(booking_database, run, Booking, "confirmed")
        waits = await ids_of(booking_database, run, WaitingEntry, "waiting")
        offered = await ids_of(booking_database, run, WaitingEntry, "offered")
        acts = [
            *(cancelling(booking_id) for booking_id in booked[: len(booked) // 2]),
            *(leaving(entry_id) for entry_id in waits[::5]),
            *(accepting(entry_id) for entry_id in offered),
            *(declining(entry_id) for entry_id in offered),
        ]
        acts += [
            (booking if number % 2 else joining)(run, employers[number % EMPLOYERS], chance.randint(1, 4))
            for number in range(CLIENTS - len(acts))
        ]
        chance.shuffle(acts)
        outcomes = Counter(await at_once(booking_database, acts))
        assert outcomes["done"] > 0
        await seats_agree(booking_database, run)
        await groups_are_whole(booking_database, run)
        await nobody_waits_in_vain(booking_database, run)


async def test_an_offer_is_answered_once_whoever_is_first(booking_database: Database) -> None:
    run, (holder, *others) = await offer(booking_database, capacity=4, employers=4, people=0)
    assert await at_once(booking_database, [booking(run, holder, 4)]) == ["done"]
    assert set(await at_once(booking_database, [joining(run, each, 4) for each in others])) == {"done"}
    await at_once(booking_database, [cancelling(*await ids_of(booking_database, run, Booking, "confirmed"))])
    (entry_id,) = await ids_of(booking_database, run, WaitingEntry, "offered")
    late = a_clock(a_clock().now() + timedelta(hours=48))
    async with booking_database.sessions() as session:
        (offer_id,) = (await session.exec(select(SeatOffer.id).where(col(SeatOffer.entry_id) == entry_id))).all()
        assert offer_id in await find_due_offers(session, late.now(), 1_000)
    acts = [accepting(entry_id), declining(entry_id), leaving(entry_id), looking_after(offer_id, late)]
    outcomes = await at_once(booking_database, [act for act in acts for _ in range(3)])
    await seats_agree(booking_database, run)
    ended = {state: await ids_of(booking_database, run, WaitingEntry, state) for state in ("booked", "left", "lapsed")}
    assert len([state for state, entries in ended.items() if entry_id in entries]) == 1
    # of the timer's command "done" says only that it raised nothing
    assert outcomes[:9].count("done") == (0 if entry_id in ended["lapsed"] else 1)
    offered = await ids_of(booking_database, run, WaitingEntry, "offered")
    assert len(offered) == (0 if entry_id in ended["booked"] else 1)


async def test_control_where_the_pools_are_not_locked_the_seats_disagree(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_has_read = asyncio.Barrier(8)

    async def read_without_locking(session: AsyncSession, run_id: UUID) -> Pools:
        pools = await read_pools(session, run_id)
        await everybody_has_read.wait()
        return pools

    run, (holder, *others) = await offer(booking_database, capacity=8, employers=4, people=0)
    for _ in range(8):
        assert await at_once(booking_database, [booking(run, holder, 1)]) == ["done"]
    assert await at_once(booking_database, [joining(run, each, 2) for each in others]) == ["done"] * 3
    booked = await ids_of(booking_database, run, Booking, "confirmed")
    with monkeypatch.context() as guard_off:
        guard_off.setattr(seats, "lock_pools", read_without_locking)
        assert await at_once(booking_database, [cancelling(each) for each in booked]) == ["done"] * 8
    with pytest.raises(AssertionError):
        await seats_agree(booking_database, run)


async def test_the_database_itself_refuses_a_second_place_and_an_offer_of_nothing(booking_database: Database) -> None:
    run, (holder, other) = await offer(booking_database, capacity=2, employers=2, people=0)
    for act in (booking(run, holder, 2), joining(run, other, 2)):
        assert await at_once(booking_database, [act]) == ["done"]
    (entry_id,) = await ids_of(booking_database, run, WaitingEntry, "waiting")
    copied = (
        "INSERT INTO waiting_entries SELECT gen_random_uuid(), project_id, employer_id, run_id, need_id, state, turn,"
        " seats, least, joined_at, 2, passed, version FROM waiting_entries WHERE id = :id"
    )
    changes = {
        copied: "uq_waiting_entries_run_id_employer_id",
        "UPDATE waiting_entries SET least = seats + 1 WHERE id = :id": "ck_waiting_entries_seats",
        "UPDATE waiting_entries SET place = NULL WHERE id = :id": "ck_waiting_entries_place",
    }
    async with booking_database.engine.connect() as connection:
        for statement, constraint in changes.items():
            with pytest.raises(DBAPIError, match=constraint):
                await connection.execute(text(statement), {"id": entry_id})
            await connection.rollback()
