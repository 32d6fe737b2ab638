"""Commands at once, each in a transaction of its own over a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.tables import Run
from shared.db import Database
from shared.kernel.errors import KurslotsError
from shared.kernel.ids import new_id
from tests.services.booking.offered import AnEmployer, a_clock, a_plan, a_project, a_run, an_employer

Act = Callable[[AsyncSession], Awaitable[object]]


async def in_own_transaction(database: Database, act: Act) -> str:
    """Run and commit; return what became of it."""
    async with database.sessions() as session:
        try:
            await act(session)
        except KurslotsError as error:
            return error.code
        await session.commit()
        return "done"


async def at_once(database: Database, acts: Sequence[Act]) -> list[str]:
    """Run all of them; return what became of each."""
    return await asyncio.gather(*(in_own_transaction(database, act) for act in acts))


async def offer(
    database: Database,
    *,
    capacity: int,
    employers: int = 1,
    people: int = 4,
    kept: int = 0,
    cap: int | None = None,
    shared_cap: int | None = None,
    **settings: Any,  # noqa: ANN401 - any setting of it
) -> tuple[Run, list[AnEmployer]]:
    """Return a run and employers that may book it; `kept` seats are the first one's, `settings` the project's.

    With a `shared_cap` all of them but the last are one group, whose name they write each in its own way.
    """
    async with database.sessions() as session:
        project = await a_project(session, **settings)
        groups = [None if shared_cap is None else f"Koncernen {new_id()}"] * (employers - 1) + [None]
        found = [
            await an_employer(session, project, people=people, group=name and (name.upper() if odd % 2 else f" {name}"))
            for odd, name in enumerate(groups)
        ]
        plan = a_plan(capacity=capacity, employer_cap=cap, undertaking_cap=shared_cap)
        run = await a_run(session, project, plan=plan, kept={found[0].id: kept} if kept else None)
        await session.commit()
        return run, found


def booking(run: Run, employer: AnEmployer, count: int, *people: UUID) -> Act:
    """Return the command that books so many seats, some with names."""
    order = Order(run.project_id, employer.id, run.id, count, people)
    return lambda session: book_seats(session, a_clock(), order)
