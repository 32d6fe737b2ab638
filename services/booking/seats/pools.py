"""The rows in which a run's seats are counted, and the locks on them.

Lock order everywhere: run, bookings of it, pools by id, caps by employer, entries of the waiting list and offers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.tables import Run
from services.booking.seats.rules import Room
from services.booking.seats.tables import SeatCap, SeatPool
from shared.kernel.errors import NotFound, Refused
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Taken:
    """Seats that were taken from one pool; `kept` where the pool is the employer's own."""

    pool_id: UUID
    seats: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Pools:
    """All pools of a run: the one that is open to all, and those kept, by their holder."""

    open: SeatPool
    kept: Mapping[UUID, SeatPool]

    def parts(self, employer_id: UUID, *, kept: int, open: int) -> Sequence[Taken]:  # noqa: A002 - what the pool is called
        """Return seats of the employer's own and open ones by the pools that they are in."""
        parts = [Taken(self.open.id, open, kept=False)] if open else []
        return [Taken(self.kept[employer_id].id, kept, kept=True), *parts] if kept else parts


async def lock_pools(session: AsyncSession, run_id: UUID) -> Pools:
    """Return the pools of a run as they are, locked by id until the transaction ends. Raises NotFound."""
    statement = _pools_of(run_id).with_for_update().execution_options(populate_existing=True)
    return _sorted((await session.exec(statement)).all())


async def read_pools(session: AsyncSession, run_id: UUID) -> Pools:
    """Return the pools of a run as they stand. Raises NotFound."""
    return _sorted((await session.exec(_pools_of(run_id).execution_options(populate_existing=True))).all())


def _pools_of(run_id: UUID) -> Any:  # noqa: ANN401 - a statement, of a type that says nothing more
    return select(SeatPool).where(col(SeatPool.run_id) == run_id).order_by(col(SeatPool.id))


def _sorted(pools: Sequence[SeatPool]) -> Pools:
    by_holder = {pool.holder_id: pool for pool in pools}
    if None not in by_holder:
        raise NotFound(N_("There is no such run."), code="run_not_found")
    return Pools(by_holder[None], {holder: pool for holder, pool in by_holder.items() if holder is not None})


async def room_of(session: AsyncSession, run: Run, pools: Pools, employers: Collection[UUID]) -> Room:
    """Return what is free for the employers; their caps, where the run has one, by what they have taken of them."""
    caps: dict[UUID, int] = {}
    if run.employer_cap is not None:
        caps = dict.fromkeys(employers, run.employer_cap)
        taken = select(SeatCap).where(col(SeatCap.run_id) == run.id, col(SeatCap.employer_id).in_(caps))
        for row in await session.exec(taken.execution_options(populate_existing=True)):
            caps[row.employer_id] = row.cap - row.taken
    kept = {holder: pool.capacity - pool.taken for holder, pool in pools.kept.items()}
    return Room(pools.open.capacity - pools.open.taken, pools.open.capacity, kept, caps)


async def hold_seats(session: AsyncSession, run: Run, employer_id: UUID, pools: Pools, parts: Sequence[Taken]) -> None:
    """Count seats of the locked pools as taken for the employer."""
    await _count(session, pools, {part.pool_id: part.seats for part in parts})
    if run.employer_cap is not None:
        open_seats = sum(part.seats for part in parts if not part.kept)
        await take_of_cap(session, run.id, employer_id, open_seats, run.employer_cap)


async def release_seats(
    session: AsyncSession, run: Run, employer_id: UUID, pools: Pools, seats: Mapping[UUID, int]
) -> None:
    """Count seats, by the locked pool that they came from, as free again."""
    await _count(session, pools, {pool_id: -count for pool_id, count in seats.items()})
    open_seats = seats.get(pools.open.id, 0)
    if run.employer_cap is not None and open_seats:
        cap = update(SeatCap).where(col(SeatCap.run_id) == run.id, col(SeatCap.employer_id) == employer_id)
        await session.exec(cap.values(taken=col(SeatCap.taken) - open_seats))


async def _count(session: AsyncSession, pools: Pools, more: Mapping[UUID, int]) -> None:
    for pool in (pools.open, *pools.kept.values()):
        pool.taken += more.get(pool.id, 0)
    await session.flush()


async def take_of_cap(session: AsyncSession, run_id: UUID, employer_id: UUID, seats: int, cap: int) -> None:
    """Count open seats against the employer's cap; raises Refused where it has too few left."""
    await session.exec(
        upsert(SeatCap).values(run_id=run_id, employer_id=employer_id, cap=cap, taken=0).on_conflict_do_nothing()
    )
    statement = (
        update(SeatCap)
        .where(
            col(SeatCap.run_id) == run_id,
            col(SeatCap.employer_id) == employer_id,
            col(SeatCap.taken) + seats <= col(SeatCap.cap),
        )
        .values(taken=col(SeatCap.taken) + seats)
        .execution_options(synchronize_session=False)
    )
    if (await session.exec(statement)).rowcount != 1:
        raise Refused(
            N_("One employer may take at most {cap} of the run's open seats; {asked} more were asked for."),
            code="employer_cap",
            field="seats",
            cap=cap,
            asked=seats,
        )
