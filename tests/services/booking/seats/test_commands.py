from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import run_history
from services.booking.seats.commands import keep_seats
from services.booking.seats.queries import pools_of
from shared.kernel.errors import InvalidInput, Refused
from tests.services.booking.offered import a_clock, a_plan, a_project, a_run, an_employer


async def capacities(session: AsyncSession, run_id: UUID) -> dict[UUID | None, int]:
    return {pool.holder_id: pool.capacity for pool in await pools_of(session, run_id)}


async def test_open_seats_are_kept_and_opened_again(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10))
    await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=4)
    assert await capacities(session, run.id) == {None: 6, employer.id: 4}
    await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=1)
    assert await capacities(session, run.id) == {None: 9, employer.id: 1}
    await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=0)
    assert await capacities(session, run.id) == {None: 10, employer.id: 0}
    assert [row.change for row in await run_history(session, run.id)][1:] == ["kept_seats"] * 3


async def test_booked_kept_seats_are_not_opened(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10), kept={employer.id: 4})
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 3))
    await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=3)
    with pytest.raises(Refused) as refused:
        await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=2)
    assert refused.value.code == "kept_seats_taken"


async def test_taken_open_seats_are_not_kept_for_another(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10))
    await book_seats(session, a_clock(), Order(project.id, other.id, run.id, 8))
    with pytest.raises(Refused) as refused:
        await keep_seats(session, a_clock(), run_id=run.id, employer_id=employer.id, seats=3)
    assert dict(refused.value.text.fields) == {"free": 2, "asked": 3}


async def test_no_more_is_kept_than_the_run_has(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    with pytest.raises(InvalidInput):
        await a_run(session, project, plan=a_plan(capacity=3), kept={employer.id: 4})
