"""Walking a run's waiting list: whoever's turn it is gets an offer, which holds the seats in the pools.

Done on every change that frees seats, in its transaction and with the run's pools locked. Each entry's new place, and
what gave it that place, is kept in its history.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.queries import summary_of
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Run
from services.booking.people.recipients import contacts_of, recipients
from services.booking.projects.tables import Project
from services.booking.seats.pools import Pools, hold_seats, room_of
from services.booking.seats.rules import (
    ENTRY,
    EntryState,
    Offer,
    OfferState,
    Turn,
    Waiting,
    offer_until,
    walk,
    warned_at,
)
from services.booking.seats.tables import SeatOffer, WaitingEntry, WaitingHistory
from shared.contracts.booking import SeatOfferOpened
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock
from shared.messaging.outbox import record


async def walk_queue(
    session: AsyncSession, clock: Clock, run: Run, pools: Pools, *, cause: str = "another_offered"
) -> None:
    """Offer what is free to those whose turn it is, once the run's pools are locked.

    `cause` is what changed the list before the walk, told to those who moved by it.
    """
    if not pools.open.waiting:
        return
    now = clock.now()
    if run.state != RunState.SCHEDULED or now >= run.starts_at:
        return
    rows = {row.id: row for row in await waiting_entries(session, run.id)}
    room = await room_of(session, run, pools, {row.employer_id for row in rows.values()})
    most_passes, hours = await _settings(session, run.project_id)
    await renumber(session, list(rows.values()), now, cause=cause)
    decided = walk([as_waiting(row) for row in rows.values()], room, most_passes=most_passes)
    for offer in decided.offers:
        until = offer_until(now, hours, run.starts_at)
        await _make_offer(session, run, pools, rows.pop(offer.entry.id), offer, now, until)
    for entry_id, times in decided.passed.items():
        row = rows[entry_id]
        row.passed += times
        session.add(happened(row, now, None, "passed", after=str(row.passed)))
    await renumber(session, list(rows.values()), now, cause="another_offered")
    pools.open.waiting = len(rows)
    await session.flush()


async def waiting_entries(session: AsyncSession, run_id: UUID) -> Sequence[WaitingEntry]:
    """Return the run's entries that wait, locked. Its pools are locked before."""
    statement = select(WaitingEntry).where(
        col(WaitingEntry.run_id) == run_id, col(WaitingEntry.state) == EntryState.WAITING.value
    )
    statement = statement.order_by(col(WaitingEntry.id)).with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=True))).all()


def as_waiting(row: WaitingEntry) -> Waiting:
    """Return the entry as the rules see it."""
    return Waiting(
        id=row.id,
        employer_id=row.employer_id,
        seats=row.seats,
        least=row.least,
        priority=Turn(row.turn).priority,
        joined_at=row.joined_at,
        passed=row.passed,
    )


async def renumber(session: AsyncSession, rows: Sequence[WaitingEntry], now: datetime, *, cause: str) -> None:
    """Give each entry that waits its place; whoever moved by it has that, and what caused it, in its history.

    Not who caused it: that is another employer's matter.
    """
    for place, row in enumerate(sorted(rows, key=lambda row: as_waiting(row).place), 1):
        if row.place == place:
            continue
        session.add(happened(row, now, None, cause, before=str(row.place), after=str(place)))
        row.place = place
    await session.flush()


async def _settings(session: AsyncSession, project_id: UUID) -> tuple[int, int]:
    statement = select(Project.queue_passes, Project.offer_hours).where(col(Project.id) == project_id)
    return (await session.exec(statement)).one()


async def _make_offer(
    session: AsyncSession, run: Run, pools: Pools, entry: WaitingEntry, offer: Offer, now: datetime, until: datetime
) -> None:
    ENTRY.check(EntryState(entry.state), EntryState.OFFERED)
    parts = pools.parts(entry.employer_id, kept=offer.kept, open=offer.open)
    await hold_seats(session, run, entry.employer_id, pools, parts)
    entry.state, entry.place = EntryState.OFFERED.value, None
    entry.version += 1
    session.add(
        SeatOffer(
            entry_id=entry.id,
            run_id=run.id,
            state=OfferState.OPEN.value,
            kept=offer.kept,
            open=offer.open,
            made_at=now,
            until=until,
            next_check_at=warned_at(now, until),
        )
    )
    await _tell_offer(session, run, entry, offer.seats, now, until)


async def renew_offer(session: AsyncSession, run: Run, entry: WaitingEntry, offer: SeatOffer, now: datetime) -> None:
    """Give an open offer its whole time again, and tell so."""
    _, hours = await _settings(session, run.project_id)
    offer.until = offer_until(now, hours, run.starts_at)
    offer.next_check_at = warned_at(now, offer.until)
    entry.version += 1
    await _tell_offer(session, run, entry, offer.seats, now, offer.until)


async def _tell_offer(
    session: AsyncSession, run: Run, entry: WaitingEntry, seats: int, now: datetime, until: datetime
) -> None:
    session.add(happened(entry, now, None, "offered", after=str(seats)))
    await session.flush()
    fact = SeatOfferOpened(
        **await told_of_entry(session, run, entry),
        offered=seats,
        until=until,
        recipients=await contacts_told(session, entry),
    )
    await record(session, fact, version=entry.version, at=now)


async def told_of_entry(session: AsyncSession, run: Run, entry: WaitingEntry) -> dict[str, object]:
    """Return what every fact of an entry tells."""
    return {
        "entry_id": entry.id,
        "project_id": entry.project_id,
        "employer_id": entry.employer_id,
        "run": await summary_of(session, run),
        "seats": entry.seats,
        "least": entry.least,
    }


async def contacts_told(session: AsyncSession, entry: WaitingEntry) -> tuple[Recipient, ...]:
    """Return the employer's contacts, who are told what becomes of its entry."""
    people = await contacts_of(session, project_id=entry.project_id, employer_id=entry.employer_id)
    return recipients("contact", people)


def happened(
    entry: WaitingEntry,
    at: datetime,
    by: UUID | None,
    change: str,
    *,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
) -> WaitingHistory:
    """Return the row of the entry's history that says what happened."""
    return WaitingHistory(
        entry_id=entry.id, at=at, actor_id=by, change=change, before=before, after=after, reason=reason
    )
