"""Reads of seats: how many are free on each run, and who waits for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.seats.tables import SeatOffer, SeatPool, WaitingEntry, WaitingHistory
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Availability:
    """Seats of a run: open ones that are free, those kept for employers, taken or not; and how many groups wait."""

    free: int
    kept: int
    taken: int
    waiting: int


async def availability(session: AsyncSession, run_ids: Sequence[UUID]) -> Mapping[UUID, Availability]:
    """Return the availability of each run."""
    found = dict.fromkeys(run_ids, Availability(0, 0, 0, 0))
    for pool in await session.exec(select(SeatPool).where(col(SeatPool.run_id).in_(run_ids))):
        so_far = found[pool.run_id]
        is_open = pool.holder_id is None
        found[pool.run_id] = Availability(
            free=so_far.free + (pool.capacity - pool.taken if is_open else 0),
            kept=so_far.kept + (0 if is_open else pool.capacity),
            taken=so_far.taken + pool.taken,
            waiting=so_far.waiting + pool.waiting,
        )
    return found


async def pools_of(session: AsyncSession, run_id: UUID) -> Sequence[SeatPool]:
    """Return the run's pools."""
    return (await session.exec(select(SeatPool).where(col(SeatPool.run_id) == run_id).order_by(col(SeatPool.id)))).all()


async def get_entry(session: AsyncSession, entry_id: UUID) -> WaitingEntry:
    """Return an entry of a waiting list; raises NotFound."""
    entry = await session.get(WaitingEntry, entry_id)
    if entry is None:
        raise NotFound(N_("There is no such place in a queue."), code="entry_not_found")
    return entry


async def find_offer(session: AsyncSession, entry_id: UUID) -> SeatOffer | None:
    """Return what an entry was offered, as it stands."""
    statement = select(SeatOffer).where(col(SeatOffer.entry_id) == entry_id)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def get_offer(session: AsyncSession, entry_id: UUID) -> SeatOffer:
    """Return what an entry was offered; raises NotFound where it was offered nothing."""
    offer = await find_offer(session, entry_id)
    if offer is None:
        raise NotFound(N_("Nothing has been offered yet. You are told as soon as it is."), code="nothing_offered")
    return offer


async def entry_history(session: AsyncSession, entry_id: UUID) -> Sequence[WaitingHistory]:
    """Return what has happened to the entry, the first first."""
    statement = select(WaitingHistory).where(col(WaitingHistory.entry_id) == entry_id)
    return (await session.exec(statement.order_by(col(WaitingHistory.id)))).all()


async def find_due_offers(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return open offers whose warning or end is due, the longest due first."""
    due = select(SeatOffer.id).where(col(SeatOffer.next_check_at) <= now)
    return (await session.exec(due.order_by(col(SeatOffer.next_check_at), col(SeatOffer.id)).limit(limit))).all()


async def find_entry_scope(session: AsyncSession, entry_id: UUID) -> Scope | None:
    """Return whose an entry is."""
    entry = await session.get(WaitingEntry, entry_id)
    if entry is None:
        return None
    return Scope(projects=frozenset({entry.project_id}), employers=frozenset({entry.employer_id}))
