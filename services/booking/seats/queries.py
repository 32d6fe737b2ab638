"""Reads of seats: how many are free on each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.seats.tables import SeatPool


@dataclass(frozen=True, slots=True)
class Availability:
    """Seats of a run: open ones that are free, and those kept for employers, taken or not."""

    free: int
    kept: int
    taken: int


async def availability(session: AsyncSession, run_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
    """Return the availability of each run."""
    found = dict.fromkeys(run_ids, Availability(0, 0, 0))
    for pool in await session.exec(select(SeatPool).where(col(SeatPool.run_id).in_(run_ids))):
        so_far = found[pool.run_id]
        is_open = pool.holder_id is None
        found[pool.run_id] = Availability(
            free=so_far.free + (pool.capacity - pool.taken if is_open else 0),
            kept=so_far.kept + (0 if is_open else pool.capacity),
            taken=so_far.taken + pool.taken,
        )
    return found


async def pools_of(session: AsyncSession, run_id: UUID) -> Sequence[SeatPool]:
    """Return the run's pools."""
    return (await session.exec(select(SeatPool).where(col(SeatPool.run_id) == run_id).order_by(col(SeatPool.id)))).all()
