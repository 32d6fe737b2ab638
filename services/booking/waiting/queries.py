"""Reads of queues: an employer's entries, a run's, and why each waits where it does."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.tables import Course, Run
from services.booking.employers.tables import Employer
from services.booking.projects.tables import Project
from services.booking.seats.caps import undertakings_of
from services.booking.seats.pools import room_with
from services.booking.seats.rules import EntryState, Waiting, Why, walk
from services.booking.seats.tables import SeatCap, SeatOffer, SeatPool, WaitingEntry
from services.booking.seats.walking import as_waiting
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

ACTIVE = (EntryState.WAITING.value, EntryState.OFFERED.value)


class QueueSearch(ListFilter):
    """What is asked of an employer's places in queues."""

    shown: EntryState | None = Field(default=None, description="By what was decided of them")


async def list_entries(
    session: AsyncSession, query: PageFilter, *, project_id: UUID, employer_id: UUID
) -> Rows[WaitingEntry]:
    """Return the employer's entries in the project, the newest first."""
    statement = select(WaitingEntry).where(
        col(WaitingEntry.project_id) == project_id, col(WaitingEntry.employer_id) == employer_id
    )
    return await page_of(
        session, statement, [col(WaitingEntry.id)], query, keys=lambda entry: (entry.id,), descending=True
    )


async def search_entries(
    session: AsyncSession, query: QueueSearch, *, employer_id: UUID, project_ids: Collection[UUID]
) -> Rows[WaitingEntry]:
    """Return the employer's entries in these projects, the newest first, by words of the course."""
    statement = (
        select(WaitingEntry)
        .join(Run, col(Run.id) == col(WaitingEntry.run_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .where(col(WaitingEntry.employer_id) == employer_id, col(WaitingEntry.project_id).in_(project_ids))
    )
    if query.shown is not None:
        statement = statement.where(col(WaitingEntry.state) == query.shown.value)
    if query.q:
        found = col(Course.title).collate("und-x-icu").icontains(query.q, autoescape=True)
        statement = statement.where(found | (col(Run.reference) == query.q.strip().upper()))
    return await page_of(
        session, statement, [col(WaitingEntry.id)], query, keys=lambda entry: (entry.id,), descending=True
    )


async def run_queue(session: AsyncSession, run_id: UUID, query: PageFilter) -> Rows[WaitingEntry]:
    """Return who waits for a run, by place."""
    statement = select(WaitingEntry).where(
        col(WaitingEntry.run_id) == run_id, col(WaitingEntry.state) == EntryState.WAITING.value
    )
    return await page_of(
        session,
        statement,
        [col(WaitingEntry.place), col(WaitingEntry.id)],
        query,
        keys=lambda entry: (entry.place, entry.id),
    )


async def offered_of(session: AsyncSession, run_id: UUID) -> Sequence[WaitingEntry]:
    """Return who has an offer of the run that waits for an answer, the first first."""
    statement = select(WaitingEntry).where(
        col(WaitingEntry.run_id) == run_id, col(WaitingEntry.state) == EntryState.OFFERED.value
    )
    return (await session.exec(statement.order_by(col(WaitingEntry.id)))).all()


async def active_entries_of(
    session: AsyncSession, run_id: UUID, employer_ids: Collection[UUID]
) -> Sequence[WaitingEntry]:
    """Return what these employers wait for, or are offered, of the run."""
    statement = select(WaitingEntry).where(
        col(WaitingEntry.run_id) == run_id,
        col(WaitingEntry.employer_id).in_(employer_ids),
        col(WaitingEntry.state).in_(ACTIVE),
    )
    return (await session.exec(statement.order_by(col(WaitingEntry.id)))).all()


async def offers_of(session: AsyncSession, entry_ids: Collection[UUID]) -> Mapping[UUID, SeatOffer]:
    """Return what each entry was offered."""
    found = await session.exec(select(SeatOffer).where(col(SeatOffer.entry_id).in_(entry_ids)))
    return {offer.entry_id: offer for offer in found}


async def employer_names(session: AsyncSession, entries: Collection[WaitingEntry]) -> Mapping[UUID, str]:
    """Return the names of those who wait."""
    ids = {entry.employer_id for entry in entries}
    return dict((await session.exec(select(Employer.id, Employer.name).where(col(Employer.id).in_(ids)))).all())


async def whys(session: AsyncSession, runs: Sequence[Run]) -> Mapping[UUID, Why]:
    """Return why each entry of these runs waits, as a walk would find it now; it is stored nowhere."""
    by_id = {run.id: run for run in runs}
    waiting: dict[UUID, list[Waiting]] = {run_id: [] for run_id in by_id}
    statement = select(WaitingEntry).where(
        col(WaitingEntry.run_id).in_(by_id), col(WaitingEntry.state) == EntryState.WAITING.value
    )
    for entry in await session.exec(statement):
        waiting[entry.run_id].append(as_waiting(entry))
    pools = await _by_run(session, SeatPool, by_id)
    taken = await _by_run(session, SeatCap, by_id)
    passes = select(Project.id, Project.queue_passes).where(col(Project.id).in_({run.project_id for run in runs}))
    most = dict((await session.exec(passes)).all())
    everyone = {entry.employer_id for entries in waiting.values() for entry in entries}
    shared = await undertakings_of(session, runs, everyone)
    found: dict[UUID, Why] = {}
    for run_id, entries in waiting.items():
        run, employers = by_id[run_id], {entry.employer_id for entry in entries}
        room = room_with(run, pools[run_id], employers, taken[run_id], shared)
        found.update(walk(entries, room, most_passes=most[run.project_id]).waits)
    return found


async def _by_run(session: AsyncSession, table: Any, run_ids: Collection[UUID]) -> dict[UUID, list[Any]]:  # noqa: ANN401 - any table with a run
    found: dict[UUID, list[Any]] = {run_id: [] for run_id in run_ids}
    for row in await session.exec(select(table).where(col(table.run_id).in_(run_ids))):
        found[row.run_id].append(row)
    return found
