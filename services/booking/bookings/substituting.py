"""Replacing a participant by another on her seat. After the project's day a coach or the lead does it, and says why."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version
from services.booking.bookings.approving import acting_as
from services.booking.bookings.commands import carry_out
from services.booking.bookings.queries import seats_of
from services.booking.bookings.rules import BOOKING, BookingState, SeatChanges, check_substitution
from services.booking.bookings.tables import Booking
from services.booking.bookings.writing import lock_booking
from services.booking.courses.rules import check_not_over
from services.booking.projects.queries import get_project_row
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput
from shared.kernel.grants import Actor
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Substitution:
    """Who gives her seat to whom, and why; `after_lock`: whether she who asks may do it once employers may not."""

    replaced_id: UUID
    replacing_id: UUID
    reason: str | None = None
    version: int | None = None
    after_lock: bool = False


def may_substitute_after_lock(actor: Actor, booking: Booking) -> bool:
    """Whether the person is a coach of the booking's employer, or leads its project."""
    return acting_as(actor, booking.project_id, booking.employer_id) is not None


async def substitute(
    session: AsyncSession, clock: Clock, booking_id: UUID, substitution: Substitution, *, by: UUID | None
) -> Booking:
    """Give a participant's seat to another of the employer's people, and tell both and the contacts.

    Raises Refused after the project's day unless `after_lock`, InvalidInput where the one has no seat of the booking,
    the other may not have it, or no reason is given after that day; Conflict where the booking is cancelled or changed.
    """
    run, booking = await lock_booking(session, booking_id, shared=True)
    BOOKING.check(BookingState(booking.state), BookingState(booking.state))
    if substitution.version is not None:
        check_version(substitution.version, booking.version)
    now = clock.now()
    check_not_over(run.ends_at, now)
    project = await get_project_row(session, booking.project_id)
    locked = check_substitution(run.starts_at, project.substitution_lock_days, now, may_after=substitution.after_lock)
    if locked and substitution.reason is None:
        raise InvalidInput(
            N_("Say why: the day until which employers exchange participants themselves has passed."),
            code="reason_missing",
            field="reason",
        )
    rows = (await seats_of(session, [booking.id]))[booking.id]
    seat = next((seat for seat in rows if seat.participant_id == substitution.replaced_id), None)
    if seat is None:
        raise InvalidInput(
            N_("Nobody of that name has a seat of the booking now. Choose one of those who have."),
            code="not_seated",
            field="replaced_id",
        )
    changes = SeatChanges(
        named=((seat.id, substitution.replacing_id),),
        released=(),
        added=(),
        joined=(substitution.replacing_id,),
        left=(substitution.replaced_id,),
    )
    why = ("substituted", substitution.reason)
    return await carry_out(session, clock, run, booking, rows, changes, by=by, why=why)
