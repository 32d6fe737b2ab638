"""Employers of one undertaking share a cap on open seats: in bookings, in the queue, and when all race for it."""

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats, cancel_booking
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.seats import caps
from services.booking.seats.queries import find_offer
from services.booking.seats.rules import Why
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from services.booking.waiting.queries import whys
from shared.db import Database
from shared.kernel.errors import InvalidInput, Refused
from tests.services.booking.offered import AnEmployer, a_clock, a_plan, a_project, a_run, an_employer, seats_agree
from tests.services.booking.racing import Act, at_once, booking, offer

CAP, EACH = 5, 2


async def taken_by(database: Database, run: Run, employers: list[AnEmployer]) -> int:
    """Return how many open seats the employers have together."""
    async with database.sessions() as session:
        statement = select(Booking.seats).where(
            col(Booking.run_id) == run.id,
            col(Booking.employer_id).in_([each.id for each in employers]),
            col(Booking.state) == "confirmed",
        )
        return sum((await session.exec(statement)).all())


def everybody(run: Run, employers: list[AnEmployer]) -> list[Act]:
    return [booking(run, each, EACH) for each in employers for _ in range(2)]


async def test_an_undertakings_cap_holds_under_a_race(booking_database: Database) -> None:
    run, employers = await offer(booking_database, capacity=50, employers=6, shared_cap=CAP)
    outcomes = await at_once(booking_database, everybody(run, employers))
    assert sorted(outcomes) == ["done"] * 4 + ["undertaking_cap"] * 8
    assert await taken_by(booking_database, run, employers[:-1]) == 4
    assert await taken_by(booking_database, run, employers[-1:]) == 4
    await seats_agree(booking_database, run)


async def test_control_without_the_guard_an_undertaking_takes_more(
    booking_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_is_checked(*_given: object) -> None: ...

    monkeypatch.setattr(caps, "_check_undertaking", nothing_is_checked)
    run, employers = await offer(booking_database, capacity=50, employers=6, shared_cap=CAP)
    assert set(await at_once(booking_database, everybody(run, employers))) == {"done"}
    assert await taken_by(booking_database, run, employers[:-1]) > CAP


async def test_what_is_given_back_may_be_taken_by_another_of_the_undertaking(session: AsyncSession) -> None:
    project = await a_project(session)
    one, other = [await an_employer(session, project, group=name) for name in ("Byggarna", "byggarna ")]
    kept = await an_employer(session, project, group="Byggarna")
    plan = a_plan(capacity=20, employer_cap=4, undertaking_cap=CAP)
    run = await a_run(session, project, plan=plan, kept={kept.id: 3})
    first = await book_seats(session, a_clock(), Order(project.id, one.id, run.id, 4))
    # its own kept seats are no part of what is shared
    await book_seats(session, a_clock(), Order(project.id, kept.id, run.id, 3))
    with pytest.raises(Refused) as refused:
        async with session.begin_nested():  # rolled back, as the edge does
            await book_seats(session, a_clock(), Order(project.id, other.id, run.id, 2))
    assert dict(refused.value.text.fields) == {"cap": CAP, "left": 1, "asked": 2}
    await cancel_booking(session, a_clock(), first.id, reason="Fler order")
    await book_seats(session, a_clock(), Order(project.id, other.id, run.id, 4))


async def test_one_who_waits_is_offered_no_more_than_its_undertaking_may_have(session: AsyncSession) -> None:
    project = await a_project(session)
    one, other = [await an_employer(session, project, group="Byggarna") for _ in range(2)]
    filler, last = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10, undertaking_cap=CAP))
    await book_seats(session, a_clock(), Order(project.id, one.id, run.id, 3))
    full = await book_seats(session, a_clock(), Order(project.id, filler.id, run.id, 5))
    full_too = await book_seats(session, a_clock(), Order(project.id, last.id, run.id, 2))
    with pytest.raises(Refused) as refused:
        await join_queue(session, a_clock(), Wish(project.id, other.id, run.id, seats=3, least=3))
    assert refused.value.code == "never_fits"
    entry = await join_queue(session, a_clock(), Wish(project.id, other.id, run.id, seats=2, least=2))
    again = await join_queue(session, a_clock(), Wish(project.id, one.id, run.id, seats=1, least=1))
    await cancel_booking(session, a_clock(), full_too.id, reason="Fler order")
    offered = await find_offer(session, entry.id)
    assert offered is not None
    assert offered.open == 2
    assert (await whys(session, [run]))[again.id] is Why.OVER_CAP
    await cancel_booking(session, a_clock(), full.id, reason="Fler order")
    assert await find_offer(session, again.id) is None


async def test_a_cap_that_says_nothing_is_refused(session: AsyncSession) -> None:
    project = await a_project(session)
    for plan in (a_plan(capacity=4, undertaking_cap=5), a_plan(capacity=9, employer_cap=4, undertaking_cap=3)):
        with pytest.raises(InvalidInput) as wrong:
            await a_run(session, project, plan=plan)
        assert wrong.value.field == "undertaking_cap"
