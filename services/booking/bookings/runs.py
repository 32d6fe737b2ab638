"""What happens to a run and to its bookings together: changed, cancelled, reminded of.

The run is locked first and against every booking of it, so that nobody books while recipients are gathered.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.bookings.commands import cancel_locked
from services.booking.bookings.overlaps import follow_run, told_of_moving
from services.booking.bookings.queries import active_bookings_of
from services.booking.bookings.recipients import everyone_booked, trainers_told
from services.booking.bookings.tables import Booking
from services.booking.courses.commands import cancel_run, change_run, lock_run, tell_of_meeting
from services.booking.courses.rules import RUN, MeetingPlan, RunState, check_not_over
from services.booking.courses.tables import Meeting, Run
from services.booking.seats.waiting import close_queue
from services.booking.seats.walking import contacts_told
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

    Whoever has another meeting at a new time keeps both seats, and is told of that too (`overlaps.list_overlaps`).
    Raises as `courses.commands.change_run` does, and Conflict where the run was changed since `version`.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    recipients = await everyone_booked(session, await active_bookings_of(session, run_id))
    recipients += await trainers_told(session, run_id)
    at_once = await told_of_moving(session, run_id, [(meeting.starts_at, meeting.ends_at) for meeting in meetings])
    run = await change_run(
        session, clock, run=run, meetings=meetings, reason=reason, recipients=recipients, at_once=at_once, by=by
    )
    await follow_run(session, run_id)
    return run


async def cancel_run_with_bookings(
    session: AsyncSession, clock: Clock, run_id: UUID, *, reason: str, by: UUID | None = None
) -> Run:
    """Cancel a run and every booking of it, and tell everyone, those who wait for seats too.

    Nobody who was booked has cancelled late.
    """
    run = await lock_run(session, run_id)
    RUN.check(RunState(run.state), RunState.CANCELLED)
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
