"""What happens to a run and to its bookings together: changed, cancelled, reminded of.

The run is locked first and against every booking of it, so that nobody books while recipients are gathered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.bookings.commands import cancel_locked
from services.booking.bookings.overlaps import follow_run, told_of_moving
from services.booking.bookings.queries import active_bookings_of
from services.booking.bookings.recipients import everyone_booked, trainers_told
from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking
from services.booking.courses.commands import (
    RunDiffers,
    cancel_run,
    change_run,
    lock_run,
    postpone_run,
    tell_of_meeting,
)
from services.booking.courses.rules import RUN, MeetingPlan, RunState, check_not_over
from services.booking.courses.tables import Meeting, Run
from services.booking.people.recipients import contacts_of
from services.booking.people.recipients import recipients as recipients_as
from services.booking.seats.rules import EntryState
from services.booking.seats.tables import WaitingEntry
from services.booking.seats.waiting import close_queue
from services.booking.seats.walking import contacts_told
from shared.contracts.booking import MeetingsAtOnce
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock


async def change_run_with_bookings(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    *,
    meetings: Sequence[MeetingPlan],
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Give a run other times, places or modes; contacts and participants of its bookings are told why.

    So are the contacts of groups that wait for it, whose places stay as they are.

    Whoever has another meeting at a new time keeps both seats, and is told of that too (`overlaps.list_overlaps`).
    Raises as `courses.commands.change_run` does, and Conflict where the run was changed since `version`.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    await change_locked_run(session, clock, run, meetings=meetings, reason=reason, by=by)
    return run


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of a run did: what is new, and what it overlaps now, by who is to be told so."""

    differs: RunDiffers
    at_once: tuple[MeetingsAtOnce, ...]


async def change_locked_run(
    session: AsyncSession,
    clock: Clock,
    run: Run,
    *,
    meetings: Sequence[MeetingPlan],
    reason: str,
    by: UUID | None = None,
    contacts_are_asked: bool = False,
) -> Changed:
    """Change a locked run as `change_run_with_bookings` does.

    With `contacts_are_asked` the contacts are left out of what is told here: the caller asks them whether they come.
    """
    bookings = await active_bookings_of(session, run.id)
    recipients = await everyone_booked(session, bookings)
    if contacts_are_asked:
        # those of bookings that are still to be approved are asked nothing
        others = [booking for booking in bookings if booking.state != BookingState.CONFIRMED]
        recipients = tuple(each for each in recipients if each.part != "contact")
        recipients += await everyone_booked(session, others)
    recipients += await trainers_told(session, run.id)
    recipients += await _those_who_wait(session, run.id)
    at_once = await told_of_moving(session, run.id, [(meeting.starts_at, meeting.ends_at) for meeting in meetings])
    differs = await change_run(
        session, clock, run=run, meetings=meetings, reason=reason, recipients=recipients, at_once=at_once, by=by
    )
    await follow_run(session, run.id)
    return Changed(differs, at_once)


async def _those_who_wait(session: AsyncSession, run_id: UUID) -> tuple[Recipient, ...]:
    active = [EntryState.WAITING.value, EntryState.OFFERED.value]
    waiting = select(WaitingEntry.project_id, WaitingEntry.employer_id).where(
        col(WaitingEntry.run_id) == run_id, col(WaitingEntry.state).in_(active)
    )
    told: dict[UUID, None] = {}
    for project_id, employer_id in (await session.exec(waiting.order_by(col(WaitingEntry.id)))).all():
        told.update(dict.fromkeys(await contacts_of(session, project_id=project_id, employer_id=employer_id)))
    return recipients_as("waiting", told)


async def postpone_locked_run(
    session: AsyncSession, clock: Clock, run: Run, *, reason: str, by: UUID | None = None
) -> None:
    """Postpone a locked run without a date; everyone booked and those who wait are told, and keep what they have."""
    recipients = await everyone_booked(session, await active_bookings_of(session, run.id))
    recipients += await _those_who_wait(session, run.id)
    await postpone_run(session, clock, run=run, reason=reason, recipients=recipients, by=by)
    await follow_run(session, run.id)


async def cancel_run_with_bookings(
    session: AsyncSession, clock: Clock, run_id: UUID, *, reason: str, by: UUID | None = None
) -> Run:
    """Cancel a run and every booking of it, and tell everyone, those who wait for seats too.

    Nobody who was booked has cancelled late.
    """
    run = await lock_run(session, run_id)
    RUN.check(RunState(run.state), RunState.CANCELLED)
    if run.state != RunState.POSTPONED:
        check_not_over(run.ends_at, clock.now())
    waited = await close_queue(session, clock, run, reason=reason, by=by)
    bookings = await active_bookings_of(session, run_id)
    recipients = await everyone_booked(session, bookings) + await trainers_told(session, run_id)
    for entry in waited:
        recipients += tuple(each for each in await contacts_told(session, entry) if each not in recipients)
    for found in bookings:
        booking = await locked(session, Booking, found.id)
        assert booking is not None
        await cancel_locked(session, clock, run, booking, reason=reason, by=by, late=False, with_run=True)
    return await cancel_run(session, clock, run=run, reason=reason, recipients=recipients, by=by)


async def remind_of_meeting(session: AsyncSession, clock: Clock, meeting_id: UUID) -> bool:
    """Remind those with a seat of a meeting, if that is still due; whether it was told.

    Told are the participants, and the contacts of bookings with seats that have no name yet.
    """
    meeting = await session.get(Meeting, meeting_id)
    if meeting is None:
        return False
    run = await lock_run(session, meeting.run_id)
    bookings = await active_bookings_of(session, run.id)
    recipients = await everyone_booked(session, bookings, contacts_of_unnamed_only=True)
    return await tell_of_meeting(session, clock, run=run, meeting_id=meeting_id, recipients=recipients)
