"""The rows in which a run's seats are counted, and the locks on them.

Lock order everywhere: run, bookings of it, pools by id, caps by employer, entries of the waiting list and offers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.tables import Run
from services.booking.seats.caps import OfUndertaking, has_caps, take_of_caps, undertakings_of
from services.booking.seats.rules import Room
from services.booking.seats.tables import SeatCap, SeatPool
from shared.kernel.errors import NotFound
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
    """Return what is free for the employers; their caps, where the run has any, by what they have taken of them."""
    taken: Sequence[SeatCap] = ()
    if run.employer_cap is not None:
        rows = select(SeatCap).where(col(SeatCap.run_id) == run.id, col(SeatCap.employer_id).in_(employers))
        taken = (await session.exec(rows.execution_options(populate_existing=True))).all()
    shared = await undertakings_of(session, [run], employers)
    return room_with(run, (pools.open, *pools.kept.values()), employers, taken, shared)


def room_with(
    run: Run,
    pools: Sequence[SeatPool],
    employers: Collection[UUID],
    taken: Sequence[SeatCap],
    shared: Mapping[tuple[UUID, UUID], OfUndertaking],
) -> Room:
    """Return it made of what has been read already."""
    opened = next(pool for pool in pools if pool.holder_id is None)
    caps: dict[UUID, int] = {}
    if run.employer_cap is not None:
        caps = dict.fromkeys(employers, run.employer_cap)
        caps.update({row.employer_id: run.employer_cap - row.taken for row in taken})
    undertakings: dict[UUID, str] = {}
    left: dict[str, int] = {}
    if run.undertaking_cap is not None:
        for employer_id in employers:
            own = shared[run.id, employer_id]
            undertakings[employer_id], left[own.key] = own.key, run.undertaking_cap - own.taken
    kept = {pool.holder_id: pool.capacity - pool.taken for pool in pools if pool.holder_id is not None}
    return Room(opened.capacity - opened.taken, opened.capacity, kept, caps, undertakings, left)


async def hold_seats(session: AsyncSession, run: Run, employer_id: UUID, pools: Pools, parts: Sequence[Taken]) -> None:
    """Count seats of the locked pools as taken for the employer."""
    await _count(session, pools, {part.pool_id: part.seats for part in parts})
    await take_of_caps(session, run, employer_id, sum(part.seats for part in parts if not part.kept))


async def release_seats(
    session: AsyncSession, run: Run, employer_id: UUID, pools: Pools, seats: Mapping[UUID, int]
) -> None:
    """Count seats, by the locked pool that they came from, as free again."""
    await _count(session, pools, {pool_id: -count for pool_id, count in seats.items()})
    open_seats = seats.get(pools.open.id, 0)
    if has_caps(run) and open_seats:
        cap = update(SeatCap).where(col(SeatCap.run_id) == run.id, col(SeatCap.employer_id) == employer_id)
        await session.exec(cap.values(taken=col(SeatCap.taken) - open_seats))


async def _count(session: AsyncSession, pools: Pools, more: Mapping[UUID, int]) -> None:
    for pool in (pools.open, *pools.kept.values()):
        pool.taken += more.get(pool.id, 0)
    await session.flush()
