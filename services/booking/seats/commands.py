"""Opening pools, taking and giving back seats. This is where seats are decided.

Lock order everywhere: run, bookings of it, pools by id, caps by employer. The caller holds the run, at least shared,
so that neither its state nor its pools change meanwhile. Taking is one conditional statement, never read-then-write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.commands import lock_run, schedule_run
from services.booking.courses.rules import RUN, RunPlan, RunState
from services.booking.courses.tables import Course, Run, RunHistory
from services.booking.seats.rules import check_kept, share_out, split_seats
from services.booking.seats.tables import SeatCap, SeatPool
from shared.contracts.booking import KeptSeats
from shared.db import rows_of
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.texts import N_

_TAKE = """
    UPDATE seat_pools SET taken = taken + $2
     WHERE id = $1 AND waiting = 0 AND taken + $2 <= capacity
    RETURNING taken
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seats that were taken from one pool; `kept` where the pool is the employer's own."""

    pool_id: UUID
    seats: int
    kept: bool


async def schedule_run_with_pools(
    session: AsyncSession,
    clock: Clock,
    *,
    course: Course,
    plan: RunPlan,
    kept: Sequence[KeptSeats] = (),
    by: UUID | None = None,
    contract_line_id: UUID | None = None,
    run_id: UUID | None = None,
) -> Run:
    """Schedule a run, open its pools, and tell so. Raises InvalidInput where more is kept than there is."""
    seats_kept: dict[UUID, int] = {}
    for part in kept:
        seats_kept[part.employer_id] = seats_kept.get(part.employer_id, 0) + part.seats
    held, open_seats = share_out(plan.capacity, seats_kept)
    run = await schedule_run(
        session, clock, course=course, plan=plan, kept=kept, by=by, contract_line_id=contract_line_id, run_id=run_id
    )
    session.add(SeatPool(run_id=run.id, capacity=open_seats))
    session.add_all(SeatPool(run_id=run.id, holder_id=holder, capacity=seats) for holder, seats in held.items())
    await session.flush()
    return run


async def take_open_seats(session: AsyncSession, pool: SeatPool, *, run: Run, employer_id: UUID, seats: int) -> Taken:
    """Take open seats, all or none, for an employer that has none kept, of a locked run without a cap.

    One statement, and the pool is locked by nothing before it. Raises Refused as `take_seats`.
    """
    if not await _take(session, pool.id, seats):
        raise await _seats_full(session, run, employer_id, seats)
    return Taken(pool.id, seats, kept=False)


async def take_seats(session: AsyncSession, *, run: Run, employer_id: UUID, seats: int) -> Sequence[Taken]:
    """Take seats of a locked run for an employer, all or none: its kept seats first, then open ones.

    Raises Refused with how many are free. What was taken before the refusal goes when the transaction is rolled back.
    """
    kept_pool, open_pool = await _pools_for(session, run.id, employer_id)
    if kept_pool is None:
        taken = [Taken(open_pool.id, seats, kept=False)]
    else:
        # both are locked, so that the split below still holds when it is carried out
        kept_pool, open_pool = await _locked_pools(session, kept_pool.id, open_pool.id)
        split = split_seats(
            seats, kept_free=kept_pool.capacity - kept_pool.taken, open_free=open_pool.capacity - open_pool.taken
        )
        if split is None:
            raise await _seats_full(session, run, employer_id, seats)
        taken = [Taken(kept_pool.id, split.kept, kept=True), Taken(open_pool.id, split.open, kept=False)]
        taken = sorted((part for part in taken if part.seats), key=lambda part: part.pool_id)
    for part in taken:
        if not await _take(session, part.pool_id, part.seats):
            raise await _seats_full(session, run, employer_id, seats)
    if run.employer_cap is not None:
        open_seats = sum(part.seats for part in taken if not part.kept)
        await _take_of_cap(session, run.id, employer_id, open_seats, run.employer_cap)
    return sorted(taken, key=lambda part: not part.kept)


async def give_back(session: AsyncSession, *, run: Run, employer_id: UUID, seats: Mapping[UUID, int]) -> None:
    """Give seats back to the pools, by id, that they came from. The run is locked."""
    pools = {pool.id: pool for pool in await _pools_of(session, run.id)}
    for pool_id in sorted(seats):
        statement = update(SeatPool).where(col(SeatPool.id) == pool_id)
        await session.exec(statement.values(taken=col(SeatPool.taken) - seats[pool_id]))
    open_seats = sum(count for pool_id, count in seats.items() if pools[pool_id].holder_id is None)
    if run.employer_cap is not None and open_seats:
        cap = update(SeatCap).where(col(SeatCap.run_id) == run.id, col(SeatCap.employer_id) == employer_id)
        await session.exec(cap.values(taken=col(SeatCap.taken) - open_seats))


async def keep_seats(
    session: AsyncSession, clock: Clock, *, run_id: UUID, employer_id: UUID, seats: int, by: UUID | None = None
) -> Run:
    """Keep exactly `seats` of a run for an employer: more come from the open pool, fewer go back to it.

    Raises Refused where too few are open, or where some of those to be given up are booked.
    """
    run = await lock_run(session, run_id)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    pools = {pool.holder_id: pool for pool in await _pools_of(session, run_id, lock=True)}
    open_pool, kept_pool = pools[None], pools.get(employer_id)
    if kept_pool is None:
        kept_pool = SeatPool(run_id=run_id, holder_id=employer_id, capacity=0)
    before = kept_pool.capacity
    check_kept(
        seats,
        kept_capacity=before,
        kept_taken=kept_pool.taken,
        open_free=open_pool.capacity - open_pool.taken,
    )
    open_pool.capacity -= seats - before
    kept_pool.capacity = seats
    session.add_all([open_pool, kept_pool])
    session.add(
        RunHistory(
            run_id=run_id,
            at=clock.now(),
            actor_id=by,
            change="kept_seats",
            before=str(before),
            after=str(seats),
        )
    )
    await session.flush()
    return run


async def _pools_of(session: AsyncSession, run_id: UUID, *, lock: bool = False) -> Sequence[SeatPool]:
    statement = select(SeatPool).where(col(SeatPool.run_id) == run_id).order_by(col(SeatPool.id))
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=True))).all()


async def _pools_for(session: AsyncSession, run_id: UUID, employer_id: UUID) -> tuple[SeatPool | None, SeatPool]:
    pools = {pool.holder_id: pool for pool in await _pools_of(session, run_id)}
    if None not in pools:
        raise NotFound(N_("There is no such run."), code="run_not_found")
    return pools.get(employer_id), pools[None]


async def _locked_pools(session: AsyncSession, kept_id: UUID, open_id: UUID) -> tuple[SeatPool, SeatPool]:
    statement = select(SeatPool).where(col(SeatPool.id).in_([kept_id, open_id])).order_by(col(SeatPool.id))
    found = await session.exec(statement.with_for_update().execution_options(populate_existing=True))
    pools = {pool.id: pool for pool in found}
    return pools[kept_id], pools[open_id]


async def _take(session: AsyncSession, pool_id: UUID, seats: int) -> bool:
    """Take the seats if they are free and nobody waits; whether they were."""
    return bool(await rows_of(session, _TAKE, pool_id, seats))


async def _take_of_cap(session: AsyncSession, run_id: UUID, employer_id: UUID, seats: int, cap: int) -> None:
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


async def _seats_full(session: AsyncSession, run: Run, employer_id: UUID, asked: int) -> Refused:
    kept_pool, open_pool = await _pools_for(session, run.id, employer_id)
    pools = [pool for pool in (kept_pool, open_pool) if pool is not None]
    return Refused(
        N_("Only {free} of {capacity} seats are free; {asked} were asked for. Ask for fewer, or choose another run."),
        code="seats_full",
        field="seats",
        free=sum(pool.capacity - pool.taken for pool in pools),
        capacity=sum(pool.capacity for pool in pools),
        asked=asked,
    )
