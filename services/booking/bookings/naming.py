"""Seats that have no name when the project's day for names has come: reminded of before, and then given back.

When they are due follows from the run and the project's rule as these are now; a booking keeps only when it was last
reminded. So a run that is moved, or a rule that is changed, needs nothing to be planned anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import cancel_locked
from services.booking.bookings.queries import seats_of
from services.booking.bookings.rules import (
    BOOKING,
    NAMES_DUE,
    BookingState,
    NamesStep,
    names_due_at,
    names_step,
)
from services.booking.bookings.tables import Booking, Seat
from services.booking.bookings.writing import (
    contacts_of_booking,
    count_late,
    happened,
    lock_booking,
    release,
    told_of_booking,
)
from services.booking.courses.rules import RunState, is_late_cancellation
from services.booking.courses.tables import Run
from services.booking.people.recipients import recipients
from services.booking.projects.queries import get_project_row
from services.booking.projects.tables import Project
from shared.contracts.booking import BookingChanged, BookingNamesAwaited
from shared.db import rows_of
from shared.kernel.clock import Clock
from shared.messaging.outbox import record

# as `rules.names_step` decides; the command asks that again
_DUE: Final = """
    SELECT due.id FROM (
        SELECT booking.id, run.starts_at, coalesce(booking.names_reminded_at, booking.created_at) AS told_at,
               booking.names_reminded_at,
               ((run.starts_at AT TIME ZONE 'Europe/Stockholm')::date - project.name_by_days + time '10:00')
                   AS names_by
          FROM projects AS project
          JOIN runs AS run ON run.project_id = project.id AND run.state = 'scheduled' AND run.starts_at > $1
                          AND run.starts_at < $1 + make_interval(days => project.name_by_days + 9)
          JOIN bookings AS booking ON booking.run_id = run.id AND booking.state IN ('asked', 'confirmed')
         WHERE project.name_by_days IS NOT NULL
           AND EXISTS (SELECT FROM seats AS seat
                        WHERE seat.booking_id = booking.id AND seat.released_at IS NULL
                          AND seat.participant_id IS NULL)
    ) AS due
     WHERE EXISTS (SELECT FROM unnest(ARRAY[7, 1]) AS before (days)
                    WHERE (due.names_by - make_interval(days => before.days)) AT TIME ZONE 'Europe/Stockholm' <= $1
                      AND (due.names_by - make_interval(days => before.days)) AT TIME ZONE 'Europe/Stockholm'
                          > due.told_at)
        OR greatest(due.names_by AT TIME ZONE 'Europe/Stockholm',
                    due.names_reminded_at + make_interval(hours => 20)) <= $1
     ORDER BY due.starts_at, due.id LIMIT $2
"""


async def find_due_names(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return bookings that are to be reminded of names, or to lose the seats without one, the first run first."""
    return [booking_id for (booking_id,) in await rows_of(session, _DUE, now, limit)]


async def follow_up_names(session: AsyncSession, clock: Clock, booking_id: UUID) -> NamesStep:
    """Remind the employer's contacts of names, or give back the seats without one, where that is due; what was done.

    Where nobody is named at all the booking is cancelled. Whoever was named before the booking was locked keeps her
    seat; whoever is named after finds it gone.
    """
    run, booking = await lock_booking(session, booking_id, shared=True)
    now = clock.now()
    project = await get_project_row(session, booking.project_id)
    unnamed = [seat for seat in (await seats_of(session, [booking.id]))[booking.id] if seat.participant_id is None]
    step = _step(project, run, booking, unnamed, now)
    if step is NamesStep.REMIND:
        await _remind(session, booking, run, project, now)
    elif step is NamesStep.RELEASE and len(unnamed) == booking.seats:
        confirmed = booking.state == BookingState.CONFIRMED
        late = confirmed and is_late_cancellation(run.starts_at, now, project.free_cancellation_days)
        await cancel_locked(session, clock, run, booking, reason=NAMES_DUE, by=None, late=late, with_run=False)
    elif step is NamesStep.RELEASE:
        await _release_unnamed(session, clock, run, booking, unnamed)
    return step


def _step(project: Project, run: Run, booking: Booking, unnamed: Sequence[Seat], now: datetime) -> NamesStep:
    is_open = BOOKING.allows(BookingState(booking.state), BookingState.CANCELLED) and run.state == RunState.SCHEDULED
    if not is_open or not unnamed or project.name_by_days is None or now >= run.starts_at:
        return NamesStep.WAIT
    return names_step(
        run.starts_at,
        project.name_by_days,
        booked_at=booking.created_at,
        reminded_at=booking.names_reminded_at,
        now=now,
    )


async def _remind(session: AsyncSession, booking: Booking, run: Run, project: Project, now: datetime) -> None:
    assert project.name_by_days is not None
    booking.names_reminded_at = now
    booking.version += 1
    session.add(booking)
    await session.flush()
    fact = BookingNamesAwaited(
        **await told_of_booking(session, booking, run),
        until=names_due_at(run.starts_at, project.name_by_days, reminded_at=now),
        recipients=recipients("contact", await contacts_of_booking(session, booking)),
    )
    await record(session, fact, version=booking.version, at=now)


async def _release_unnamed(
    session: AsyncSession, clock: Clock, run: Run, booking: Booking, unnamed: Sequence[Seat]
) -> None:
    now = clock.now()
    seats_before = booking.seats
    await release(session, clock, run, booking, unnamed)
    await count_late(session, booking, run, len(unnamed), now)
    booking.seats -= len(unnamed)
    booking.version += 1
    session.add(
        happened(booking, now, None, "unnamed_released", before=BookingState(booking.state), seats_before=seats_before)
    )
    await session.flush()
    fact = BookingChanged(
        **await told_of_booking(session, booking, run),
        seats_before=seats_before,
        because=NAMES_DUE,
        recipients=recipients("contact", await contacts_of_booking(session, booking)),
    )
    await record(session, fact, version=booking.version, at=now)
