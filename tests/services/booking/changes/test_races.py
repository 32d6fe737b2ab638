"""An answer against the project's rule, and two answers, at the same moment: exactly one outcome."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.queries import booking_history
from services.booking.bookings.tables import Booking
from services.booking.changes import commands
from services.booking.changes.queries import find_latest
from services.booking.changes.tables import Confirmation
from services.booking.courses.commands import lock_run
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Run
from services.booking.projects.tables import Project
from shared.db import Database
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    a_clock,
    a_meeting,
    seats_agree,
)
from tests.services.booking.racing import Act, at_once, offer

DAY = timedelta(days=1)


async def asked_of_a_run(database: Database, bookings: int = 8) -> tuple[Run, list[Confirmation]]:
    run, employers = await offer(database, capacity=2 * bookings, employers=bookings, people=0)
    async with database.sessions() as session:
        project = await session.get_one(Project, run.project_id)
        project.confirmation_days, project.unanswered = 4, "release"
        booked = [
            await book_seats(session, a_clock(), Order(run.project_id, employer.id, run.id, 2))
            for employer in employers
        ]
        first = (await meetings_of(session, run.id))[0]
        moved = a_meeting(IN_TWO_WEEKS + DAY, meeting_id=first.id)
        await commands.change_run(session, a_clock(), run.id, meetings=[moved], reason="Lokalen är upptagen")
        asked = [await find_latest(session, booking.id) for booking in booked]
        await session.commit()
        return run, [each for each in asked if each is not None]


def answering(asked: Confirmation) -> Act:
    clock = a_clock(asked.due_at - timedelta(seconds=1))
    return lambda session: commands.confirm(session, clock, asked.id)


def ruling(asked: Confirmation) -> Act:
    clock = a_clock(asked.due_at)
    return lambda session: commands.check_confirmation(session, clock, asked.id)


async def outcomes(database: Database, asked: list[Confirmation]) -> Counter[tuple[str, str, int]]:
    """Return question, booking and how often its history says that it was answered, by how often that was so."""
    found: Counter[tuple[str, str, int]] = Counter()
    async with database.sessions() as session:
        for each in asked:
            row = await session.get_one(Confirmation, each.id)
            booking = await session.get_one(Booking, each.booking_id)
            history = [row.change for row in await booking_history(session, booking.id)]
            answered = history.count("still_coming") + history.count("cancelled_unanswered")
            found[row.state, booking.state, answered] += 1
    return found


@pytest.mark.parametrize("first", [answering, ruling])
async def test_an_answer_and_the_rule_at_the_same_moment_have_one_outcome(
    booking_database: Database, first: Callable[[Confirmation], Act]
) -> None:
    run, asked = await asked_of_a_run(booking_database)
    second = ruling if first is answering else answering
    acts = [act(each) for each in asked for act in (first, second, answering, ruling)]
    await at_once(booking_database, acts)
    assert set(await outcomes(booking_database, asked)) <= {
        ("confirmed", "confirmed", 1),
        ("released_by_rule", "cancelled", 1),
    }
    await seats_agree(booking_database, run)


async def test_without_the_lock_both_would_happen(booking_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = await asked_of_a_run(booking_database, 1)
    both_have_read = asyncio.Barrier(2)

    async def unlocked(session: AsyncSession, confirmation_id: UUID) -> tuple[Run, Booking, Confirmation]:
        confirmation = await session.get_one(Confirmation, confirmation_id)
        booking = await session.get_one(Booking, confirmation.booking_id)
        run = await lock_run(session, booking.run_id, shared=True)
        await both_have_read.wait()
        return run, booking, confirmation

    monkeypatch.setattr(commands, "_locked", unlocked)
    await at_once(booking_database, [answering(asked[0]), ruling(asked[0])])
    ((_, _, answered),) = await outcomes(booking_database, asked)
    assert answered == 2
