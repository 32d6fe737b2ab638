"""Joining the waiting list, leaving it, being moved in it, and what becomes of an offer.

Each locks the run (shared), its pools by id, then its entries; what frees seats or a place ends in a walk. Seats of an
offer are counted as taken in the pools from when it is made until it is answered, expires or is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.courses.commands import lock_run
from services.booking.courses.rules import RUN, RunState, check_has_dates, check_not_begun
from services.booking.courses.tables import Run
from services.booking.courses.terms import check_registration
from services.booking.seats.pools import Pools, Taken, lock_pools, release_seats, room_of
from services.booking.seats.queries import get_entry, get_offer
from services.booking.seats.rules import (
    ENTRY,
    OFFER,
    EntryState,
    OfferState,
    Turn,
    check_open,
    check_wish,
)
from services.booking.seats.tables import SeatOffer, WaitingEntry
from services.booking.seats.walking import (
    contacts_told,
    happened,
    renew_offer,
    renumber,
    told_of_entry,
    waiting_entries,
    walk_queue,
)
from shared.contracts.booking import (
    SeatOfferDeclined,
    SeatOfferExpired,
    SeatOfferReminded,
    WaitingEntryJoined,
    WaitingEntryMoved,
    WaitingEntryWithdrawn,
)
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.kernel.texts import N_
from shared.messaging.outbox import record

_LOOKED_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a group waits for: all of `seats` or at least `least` of them, to meet a need of its employer's plan."""

    project_id: UUID
    employer_id: UUID
    run_id: UUID
    seats: int
    least: int
    need_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An entry with all that is locked for what is done to it."""

    run: Run
    pools: Pools
    entry: WaitingEntry


async def join(session: AsyncSession, clock: Clock, run: Run, wish: Wish, *, by: UUID | None = None) -> WaitingEntry:
    """Put a group at the end of a locked run's list, tell its contacts, and walk.

    Raises Refused where the employer waits there already, where the group never fits, and where it need not wait.
    """
    pools = await lock_pools(session, run.id)
    now = clock.now()
    check_has_dates(RunState(run.state))
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    check_not_begun(run.starts_at, now)
    check_registration(run.registration_opens, run.registration_closes, now)
    await _check_alone(session, wish)
    room = await room_of(session, run, pools, {wish.employer_id})
    check_wish(wish.seats, wish.least, room=room, employer_id=wish.employer_id, waiting=pools.open.waiting)
    waiting = await waiting_entries(session, run.id)
    entry = WaitingEntry(
        project_id=wish.project_id,
        employer_id=wish.employer_id,
        run_id=run.id,
        need_id=wish.need_id,
        state=EntryState.WAITING.value,
        turn=Turn.ORDINARY.value,
        seats=wish.seats,
        least=wish.least,
        joined_at=now,
        place=len(waiting) + 1,
    )
    session.add(entry)
    await session.flush()
    session.add(happened(entry, now, by, "joined"))
    await renumber(session, [*waiting, entry], now, cause="another_joined")
    pools.open.waiting = len(waiting) + 1
    assert entry.place is not None
    fact = WaitingEntryJoined(
        **await told_of_entry(session, run, entry),
        place=entry.place,
        recipients=await contacts_told(session, entry),
    )
    await record(session, fact, version=entry.version, at=now)
    await walk_queue(session, clock, run, pools)
    return entry


async def leave(
    session: AsyncSession, clock: Clock, entry_id: UUID, *, because: str = "left", by: UUID | None = None
) -> WaitingEntry:
    """Take an entry out of the list, with what it was offered. Raises Conflict where it waits no more."""
    at = await lock_entry(session, entry_id)
    before = EntryState(at.entry.state)
    ENTRY.check(before, EntryState.LEFT)
    now = clock.now()
    if before is EntryState.OFFERED:
        await _decline(session, at, now, because=because, by=by)
    else:
        await _end_waiting(session, at, now, EntryState.LEFT, because=because, by=by)
    await walk_queue(session, clock, at.run, at.pools, cause="another_left")
    return at.entry


async def decline(session: AsyncSession, clock: Clock, entry_id: UUID, *, by: UUID | None = None) -> WaitingEntry:
    """Give up what is offered, and the place with it. Raises Conflict where nothing is offered."""
    at = await lock_entry(session, entry_id)
    OFFER.check(OfferState((await get_offer(session, entry_id)).state), OfferState.DECLINED)
    await _decline(session, at, clock.now(), because="declined", by=by)
    await walk_queue(session, clock, at.run, at.pools)
    return at.entry


async def take_up(session: AsyncSession, clock: Clock, at: Place, *, by: UUID | None = None) -> Sequence[Taken]:
    """Turn the entry's offer into seats to be booked: they stay taken. Raises Refused once its time is up."""
    offer = await get_offer(session, at.entry.id)
    OFFER.check(OfferState(offer.state), OfferState.ACCEPTED)
    now = clock.now()
    check_open(offer.until, now)
    _answer(offer, OfferState.ACCEPTED)
    _move(at.entry, EntryState.BOOKED)
    session.add(happened(at.entry, now, by, "accepted", after=str(offer.seats)))
    await session.flush()
    return at.pools.parts(at.entry.employer_id, kept=offer.kept, open=offer.open)


async def move(
    session: AsyncSession,
    clock: Clock,
    entry_id: UUID,
    turn: Turn,
    *,
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> WaitingEntry:
    """Give an entry that waits another turn, and tell its contacts why. Raises Refused where it has it already."""
    at = await lock_entry(session, entry_id)
    entry = at.entry
    ENTRY.check(EntryState(entry.state), EntryState.WAITING)
    if version is not None:
        check_version(version, entry.version)
    if entry.turn == turn:
        raise Refused(N_("The group has that turn already, so nothing would change."), code="turn_unchanged")
    now = clock.now()
    if at.run.state != RunState.POSTPONED:
        check_not_begun(at.run.starts_at, now)
    rows = await waiting_entries(session, at.run.id)
    before = entry.place
    assert before is not None
    entry.turn = turn.value
    entry.version += 1
    entry.place = _place_among(rows, entry)
    session.add(happened(entry, now, by, "moved", before=str(before), after=str(entry.place), reason=reason))
    await session.flush()
    fact = WaitingEntryMoved(
        **await told_of_entry(session, at.run, entry),
        place_before=before,
        place=entry.place,
        reason=reason,
        recipients=await contacts_told(session, entry),
    )
    await record(session, fact, version=entry.version, at=now)
    await walk_queue(session, clock, at.run, at.pools, cause="another_moved")
    return entry


async def check_offer(session: AsyncSession, clock: Clock, offer_id: UUID) -> bool:
    """Warn of an offer's end, or end it and walk on, where that is due; whether it was."""
    found = await session.get(SeatOffer, offer_id)
    if found is None:
        return False
    at = await lock_entry(session, found.entry_id)
    offer = await get_offer(session, found.entry_id)
    now = clock.now()
    if offer.next_check_at is None or offer.next_check_at > now:
        return False
    if at.run.state == RunState.POSTPONED:
        # nobody can answer now: the seats are held, and `offer_again` asks anew once the run has dates
        offer.next_check_at = now + _LOOKED_AFTER
        return True
    if now < offer.until:
        offer.next_check_at = offer.until
        at.entry.version += 1
        fact = SeatOfferReminded(
            **await told_of_entry(session, at.run, at.entry),
            offered=offer.seats,
            until=offer.until,
            recipients=await contacts_told(session, at.entry),
        )
        await record(session, fact, version=at.entry.version, at=now)
        return True
    _answer(offer, OfferState.EXPIRED)
    _move(at.entry, EntryState.LAPSED)
    session.add(happened(at.entry, now, None, "expired", after=str(offer.seats)))
    await _give_back(session, at, offer)
    ended = SeatOfferExpired(
        **await told_of_entry(session, at.run, at.entry),
        offered=offer.seats,
        until=offer.until,
        recipients=await contacts_told(session, at.entry),
    )
    await record(session, ended, version=at.entry.version, at=now)
    await walk_queue(session, clock, at.run, at.pools)
    return True


async def offer_again(session: AsyncSession, clock: Clock, run: Run) -> None:
    """Ask anew those who had been offered seats of a locked run that was postponed and has dates again; and walk."""
    pools = await lock_pools(session, run.id)
    now = clock.now()
    for entry in await _active_entries(session, run.id):
        if entry.state == EntryState.OFFERED:
            await renew_offer(session, run, entry, await get_offer(session, entry.id), now)
    await walk_queue(session, clock, run, pools)


async def close_queue(
    session: AsyncSession, clock: Clock, run: Run, *, reason: str, by: UUID | None
) -> Sequence[WaitingEntry]:
    """Send everyone home who waits for a run that will not be held, and withdraw what is offered; return the entries.

    The run is locked by whoever cancels it, and tells them why.
    """
    pools = await lock_pools(session, run.id)
    now = clock.now()
    entries = await _active_entries(session, run.id)
    for entry in entries:
        at = Place(run, pools, entry)
        if entry.state == EntryState.OFFERED:
            await _decline(session, at, now, because="closed", by=by, reason=reason)
        else:
            await _end_waiting(session, at, now, EntryState.CLOSED, because="closed", by=by, reason=reason)
    await session.flush()
    return entries


async def lock_entry(session: AsyncSession, entry_id: UUID) -> Place:
    """Return the entry, locked after its run and the run's pools. Raises NotFound."""
    run = await lock_run(session, (await get_entry(session, entry_id)).run_id, shared=True)
    pools = await lock_pools(session, run.id)
    entry = await locked(session, WaitingEntry, entry_id)
    assert entry is not None
    return Place(run, pools, entry)


async def _check_alone(session: AsyncSession, wish: Wish) -> None:
    for entry in await _active_entries(session, wish.run_id):
        if entry.employer_id == wish.employer_id:
            raise Refused(
                N_("You wait for {seats} seats here already. Leave the queue first if you want another number."),
                code="waits_already",
                field="seats",
                seats=entry.seats,
            )


async def _active_entries(session: AsyncSession, run_id: UUID) -> Sequence[WaitingEntry]:
    active = [EntryState.WAITING.value, EntryState.OFFERED.value]
    statement = select(WaitingEntry).where(col(WaitingEntry.run_id) == run_id, col(WaitingEntry.state).in_(active))
    statement = statement.order_by(col(WaitingEntry.id)).with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=True))).all()


def _place_among(rows: Sequence[WaitingEntry], entry: WaitingEntry) -> int:
    standing = sorted(rows, key=lambda row: (Turn(row.turn).priority, row.joined_at, row.id))
    return standing.index(entry) + 1


def _move(entry: WaitingEntry, state: EntryState) -> None:
    ENTRY.check(EntryState(entry.state), state)
    entry.state, entry.place = state.value, None
    entry.version += 1


def _answer(offer: SeatOffer, state: OfferState) -> None:
    OFFER.check(OfferState(offer.state), state)
    offer.state, offer.next_check_at = state.value, None


async def _end_waiting(
    session: AsyncSession,
    at: Place,
    now: datetime,
    state: EntryState,
    *,
    because: str,
    by: UUID | None,
    reason: str | None = None,
) -> None:
    _move(at.entry, state)
    at.pools.open.waiting -= 1
    session.add(happened(at.entry, now, by, because, reason=reason))
    await session.flush()
    fact = WaitingEntryWithdrawn(**await told_of_entry(session, at.run, at.entry), because=because)
    await record(session, fact, version=at.entry.version, at=now)


async def _decline(
    session: AsyncSession, at: Place, now: datetime, *, because: str, by: UUID | None, reason: str | None = None
) -> None:
    offer = await get_offer(session, at.entry.id)
    closed = because == "closed"
    _answer(offer, OfferState.WITHDRAWN if closed else OfferState.DECLINED)
    _move(at.entry, EntryState.CLOSED if closed else EntryState.LEFT)
    session.add(happened(at.entry, now, by, because, after=str(offer.seats), reason=reason))
    await _give_back(session, at, offer)
    fact = SeatOfferDeclined(**await told_of_entry(session, at.run, at.entry), offered=offer.seats, because=because)
    await record(session, fact, version=at.entry.version, at=now)


async def _give_back(session: AsyncSession, at: Place, offer: SeatOffer) -> None:
    parts = at.pools.parts(at.entry.employer_id, kept=offer.kept, open=offer.open)
    await release_seats(session, at.run, at.entry.employer_id, at.pools, {part.pool_id: part.seats for part in parts})
