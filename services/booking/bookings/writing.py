"""What every command of a booking does: lock it with its run, free its seats, and write and tell what happened."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.bookings.overlaps import follow_seats
from services.booking.bookings.queries import get_booking
from services.booking.bookings.recipients import participants_of
from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking, BookingHistory, Seat
from services.booking.courses.commands import lock_run
from services.booking.courses.queries import summary_of
from services.booking.courses.rules import is_late_cancellation
from services.booking.courses.tables import Run
from services.booking.people.recipients import contacts_of
from services.booking.projects.queries import get_project_row
from services.booking.seats.commands import give_back
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock


async def lock_booking(session: AsyncSession, booking_id: UUID, *, shared: bool) -> tuple[Run, Booking]:
    """Return the booking and its run, both locked, the run first; raises NotFound."""
    run_id = (await get_booking(session, booking_id)).run_id
    run = await lock_run(session, run_id, shared=shared)
    booking = await locked(session, Booking, booking_id)
    assert booking is not None
    return run, booking


async def release(session: AsyncSession, clock: Clock, run: Run, booking: Booking, seats: Sequence[Seat]) -> None:
    """Free seats of the booking; those who wait for seats are offered them."""
    if not seats:
        return
    now = clock.now()
    for seat in seats:
        seat.released_at = now
    await session.flush()
    named = {seat.id: seat.participant_id for seat in seats if seat.participant_id is not None}
    await follow_seats(session, named.keys(), named.values())
    counted = Counter(seat.pool_id for seat in seats)
    await give_back(session, clock, run=run, employer_id=booking.employer_id, seats=counted)


async def count_late(session: AsyncSession, booking: Booking, run: Run, seats: int, now: datetime) -> None:
    """Keep with the booking that seats of it were given back after the project's days of free cancellation, if so."""
    project = await get_project_row(session, booking.project_id)
    if booking.state == BookingState.CONFIRMED and is_late_cancellation(
        run.starts_at, now, project.free_cancellation_days
    ):
        booking.late_seats += seats


async def told_of_booking(session: AsyncSession, booking: Booking, run: Run) -> dict[str, object]:
    """Return what every fact of a booking tells."""
    return {
        "booking_id": booking.id,
        "reference": booking.reference,
        "project_id": booking.project_id,
        "employer_id": booking.employer_id,
        "run": await summary_of(session, run),
        "run_sequence": run.sequence,
        "seats": booking.seats,
        "named": len(await participants_of(session, booking.id)),
    }


async def contacts_of_booking(session: AsyncSession, booking: Booking) -> Sequence[UUID]:
    """Return the contacts of the booking's employer in its project."""
    return await contacts_of(session, project_id=booking.project_id, employer_id=booking.employer_id)


def if_confirmed(booking: Booking, told: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Return whom is told of a booking that is confirmed; participants hear nothing of one that waits for approval."""
    return told if booking.state == BookingState.CONFIRMED else ()


def new_seat(booking: Booking, number: int, pool_id: UUID, participant_id: UUID | None, *, kept: bool) -> Seat:
    """Return a seat of the booking."""
    return Seat(
        booking_id=booking.id,
        run_id=booking.run_id,
        pool_id=pool_id,
        number=number,
        kept=kept,
        participant_id=participant_id,
    )


def happened(
    booking: Booking,
    now: datetime,
    by: UUID | None,
    change: str,
    *,
    before: BookingState | None,
    seats_before: int,
    joined: Sequence[UUID] = (),
    left_out: Sequence[UUID] = (),
) -> BookingHistory:
    """Return the row of the booking's history that says what happened; the booking is as it became."""
    return BookingHistory(
        booking_id=booking.id,
        at=now,
        actor_id=by,
        change=change,
        before=before.value if before else None,
        after=booking.state,
        seats_before=seats_before,
        seats_after=booking.seats,
        joined=list(joined),
        left_out=list(left_out),
    )
