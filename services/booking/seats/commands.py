"""Opening pools, taking and giving back seats. This is where seats are decided.

The caller holds the run, at least shared, so that neither its state nor its pools change meanwhile; the order of the
other locks is in `pools`. Taking is one conditional statement, never read-then-write, and refuses while anybody waits.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version
from services.booking.courses.commands import lock_run, schedule_run
from services.booking.courses.queries import summary_of
from services.booking.courses.rules import RUN, RunPlan, RunState, check_not_begun
from services.booking.courses.tables import Course, Run, RunHistory
from services.booking.seats.caps import take_of_caps
from services.booking.seats.pools import Taken, lock_pools, read_pools, release_seats
from services.booking.seats.rules import check_capacity, check_kept, share_out, split_seats
from services.booking.seats.tables import SeatPool
from services.booking.seats.walking import walk_queue
from shared.contracts.booking import KeptSeats, RunResized
from shared.db import rows_of
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.kernel.texts import N_
from shared.messaging.outbox import record

_TAKE = """
    UPDATE seat_pools SET taken = taken + $2
     WHERE id = $1 AND waiting = 0 AND taken + $2 <= capacity
    RETURNING taken
"""


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
    pools = await read_pools(session, run.id)
    if employer_id not in pools.kept:
        taken = [Taken(pools.open.id, seats, kept=False)]
    else:
        # locked, so that the split below still holds when it is carried out
        pools = await lock_pools(session, run.id)
        kept_pool = pools.kept[employer_id]
        split = split_seats(
            seats, kept_free=kept_pool.capacity - kept_pool.taken, open_free=pools.open.capacity - pools.open.taken
        )
        if split is None:
            raise await _seats_full(session, run, employer_id, seats)
        taken = sorted(pools.parts(employer_id, kept=split.kept, open=split.open), key=lambda part: part.pool_id)
    for part in taken:
        if not await _take(session, part.pool_id, part.seats):
            raise await _seats_full(session, run, employer_id, seats)
    await take_of_caps(session, run, employer_id, sum(part.seats for part in taken if not part.kept))
    return sorted(taken, key=lambda part: not part.kept)


async def give_back(
    session: AsyncSession, clock: Clock, *, run: Run, employer_id: UUID, seats: Mapping[UUID, int]
) -> None:
    """Give seats back to the pools, by id, that they came from; those who wait are offered them. The run is locked."""
    pools = await lock_pools(session, run.id)
    await release_seats(session, run, employer_id, pools, seats)
    await walk_queue(session, clock, run, pools)


async def keep_seats(
    session: AsyncSession, clock: Clock, *, run_id: UUID, employer_id: UUID, seats: int, by: UUID | None = None
) -> Run:
    """Keep exactly `seats` of a run for an employer: more come from the open pool, fewer go back to it.

    Raises Refused where too few are open or others wait for them, or where some of those to be given up are booked.
    Seats that become open are offered to those who wait.
    """
    run = await lock_run(session, run_id)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    pools = await lock_pools(session, run_id)
    open_pool, kept_pool = pools.open, pools.kept.get(employer_id)
    if kept_pool is None:
        kept_pool = SeatPool(run_id=run_id, holder_id=employer_id, capacity=0)
    before = kept_pool.capacity
    check_kept(
        seats,
        kept_capacity=before,
        kept_taken=kept_pool.taken,
        open_free=open_pool.capacity - open_pool.taken,
        waiting=open_pool.waiting,
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
    await walk_queue(session, clock, run, await lock_pools(session, run_id))
    return run


async def change_capacity(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    capacity: int,
    *,
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Give a run more open seats, which those who wait are offered first, or fewer, and tell so.

    Raises Refused where more are taken or kept, and once the run has begun; Conflict where it was changed meanwhile.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    pools = await lock_pools(session, run_id)
    now = clock.now()
    check_not_begun(run.starts_at, now)
    kept = sum(pool.capacity for pool in pools.kept.values())
    before = run.capacity
    check_capacity(capacity, capacity=before, kept=kept, open_taken=pools.open.taken)
    pools.open.capacity += capacity - before
    run.capacity = capacity
    run.version += 1
    row = RunHistory(run_id=run_id, at=now, actor_id=by, change="capacity", before=str(before), after=str(capacity))
    row.reason = reason
    session.add_all([row, run, pools.open])
    await session.flush()
    fact = RunResized(
        run_id=run_id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        capacity_before=before,
        capacity=capacity,
        reason=reason,
    )
    await record(session, fact, version=run.version, at=now)
    await walk_queue(session, clock, run, pools)
    return run


async def _take(session: AsyncSession, pool_id: UUID, seats: int) -> bool:
    """Take the seats if they are free and nobody waits; whether they were."""
    return bool(await rows_of(session, _TAKE, pool_id, seats))


async def _seats_full(session: AsyncSession, run: Run, employer_id: UUID, asked: int) -> Refused:
    found = await read_pools(session, run.id)
    if found.open.waiting:
        return Refused(
            N_("Others wait for seats here ({waiting} in the queue), so open seats go to them first. Join the queue."),
            code="others_wait",
            field="seats",
            waiting=found.open.waiting,
        )
    pools = [pool for pool in (found.kept.get(employer_id), found.open) if pool is not None]
    return Refused(
        N_(
            "Only {free} of {capacity} seats are free; {asked} were asked for. Ask for fewer, join the queue, "
            "or choose another run."
        ),
        code="seats_full",
        field="seats",
        free=sum(pool.capacity - pool.taken for pool in pools),
        capacity=sum(pool.capacity for pool in pools),
        asked=asked,
    )
