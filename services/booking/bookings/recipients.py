"""Who must be told of a booking or a run: contacts of the employer, participants and trainers."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking, Seat
from services.booking.courses.queries import trainers_named
from services.booking.people.recipients import coaches_of, contacts_of, leads_of, recipients
from services.booking.projects.rules import BookingApproval
from shared.contracts.facts import Recipient


async def participants_of(session: AsyncSession, booking_id: UUID) -> Sequence[UUID]:
    """Return who is named on the booking's seats, by seat number."""
    statement = select(Seat).where(col(Seat.booking_id) == booking_id, col(Seat.released_at).is_(None))
    seats = (await session.exec(statement.order_by(col(Seat.number)))).all()
    return [seat.participant_id for seat in seats if seat.participant_id is not None]


async def approvers_of(session: AsyncSession, booking: Booking, approval: BookingApproval) -> tuple[Recipient, ...]:
    """Return who decides whether the booking is approved: whoever coaches its employer, or leads its project."""
    if approval is BookingApproval.COACH:
        coaches = await coaches_of(session, project_id=booking.project_id, employer_ids=[booking.employer_id])
        if coaches:
            return recipients("coach", coaches)
    return recipients("project_lead", await leads_of(session, project_id=booking.project_id))


async def everyone_booked(
    session: AsyncSession, bookings: Sequence[Booking], *, contacts_of_unnamed_only: bool = False
) -> tuple[Recipient, ...]:
    """Return contacts and named participants of the bookings, each once.

    With `contacts_of_unnamed_only` a contact is left out where every seat of her bookings has a name: all are told.
    Of a booking that waits for approval its participants hear nothing.
    """
    contacts: dict[UUID, None] = {}
    participants: dict[UUID, None] = {}
    for booking in bookings:
        named = await participants_of(session, booking.id)
        if booking.state == BookingState.CONFIRMED:
            participants.update(dict.fromkeys(named))
        if contacts_of_unnamed_only and (len(named) == booking.seats or booking.state == BookingState.ASKED):
            continue
        found = await contacts_of(session, project_id=booking.project_id, employer_id=booking.employer_id)
        contacts.update(dict.fromkeys(found))
    return recipients("contact", contacts) + recipients("participant", participants)


async def trainers_told(session: AsyncSession, run_id: UUID) -> tuple[Recipient, ...]:
    """Return the trainers who are named to hold the run: what changes of it is told to them too."""
    return recipients("trainer", await trainers_named(session, run_id))
