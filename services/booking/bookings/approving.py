"""Approving bookings, where a project asks for it: by a coach of the employer, or whoever leads the project.

The seats are taken when the booking is asked for, so that what is approved is never oversold.
"""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.queries import seats_of
from services.booking.bookings.recipients import participants_of
from services.booking.bookings.rules import BookingState, may_approve
from services.booking.bookings.tables import Booking
from services.booking.bookings.writing import contacts_of_booking, happened, lock_booking, release, told_of_booking
from services.booking.courses.rules import check_not_begun
from services.booking.courses.tables import Run
from services.booking.needs.commands import unmeet_needs
from services.booking.people.recipients import recipients
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import BookingApproval
from shared.contracts.booking import BookingConfirmed, BookingDeclined
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, NotAllowed
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.messaging.outbox import record


def acting_as(actor: Actor, project_id: UUID, employer_id: UUID) -> Role | None:
    """Return whether the person leads the project or coaches the employer in it; the former where she does both."""
    scope = Scope(projects=frozenset({project_id}), employers=frozenset({employer_id}))
    roles = (Role.PROJECT_LEAD, Role.COACH)
    return next((role for role in roles if any(grant.covers(scope) for grant in actor.grants_of(role))), None)


async def approve_booking(
    session: AsyncSession, clock: Clock, booking_id: UUID, actor: Actor, *, words: str | None = None
) -> Booking:
    """Confirm a booking that waits; contacts and participants are told. Raises as `_lock_asked`."""
    run, booking = await _lock_asked(session, clock, booking_id, actor)
    now = clock.now()
    booking.state = BookingState.CONFIRMED.value
    booking.version += 1
    row = happened(booking, now, actor.person_id, "approved", before=BookingState.ASKED, seats_before=booking.seats)
    row.reason = words
    session.add(row)
    await session.flush()
    fact = BookingConfirmed(
        **await told_of_booking(session, booking, run),
        recipients=recipients("contact", await contacts_of_booking(session, booking))
        + recipients("participant", await participants_of(session, booking.id)),
    )
    await record(session, fact, version=booking.version, at=now)
    return booking


async def decline_booking(
    session: AsyncSession, clock: Clock, booking_id: UUID, actor: Actor, *, reason: str
) -> Booking:
    """Decline a booking that waits: its seats are free, and the contacts are told why. Raises as `_lock_asked`."""
    run, booking = await _lock_asked(session, clock, booking_id, actor)
    now = clock.now()
    named = await participants_of(session, booking.id)
    told = await told_of_booking(session, booking, run)
    await release(session, clock, run, booking, (await seats_of(session, [booking.id]))[booking.id])
    booking.state, booking.declined_because = BookingState.DECLINED.value, reason
    booking.version += 1
    row = happened(
        booking,
        now,
        actor.person_id,
        "declined",
        before=BookingState.ASKED,
        seats_before=booking.seats,
        left_out=named,
    )
    row.reason, row.seats_after = reason, 0
    session.add(row)
    await session.flush()
    await unmeet_needs(session, clock, booking.id, by=actor.person_id)
    fact = BookingDeclined(
        **told, reason=reason, recipients=recipients("contact", await contacts_of_booking(session, booking))
    )
    await record(session, fact, version=booking.version, at=now)
    return booking


async def _lock_asked(session: AsyncSession, clock: Clock, booking_id: UUID, actor: Actor) -> tuple[Run, Booking]:
    """Return a booking that waits for approval and its run, locked.

    Raises Conflict where it waits no more, NotAllowed where the project lets another decide, Refused once the run has
    begun.
    """
    run, booking = await lock_booking(session, booking_id, shared=True)
    if booking.state != BookingState.ASKED:
        raise Conflict(
            N_("The booking waits for approval no more. Reload it to see what has been decided."),
            code="booking_decided",
        )
    project = await get_project_row(session, booking.project_id)
    acting = acting_as(actor, booking.project_id, booking.employer_id)
    if not may_approve(BookingApproval(project.booking_approval), acting):
        raise NotAllowed(N_("In this project whoever leads it approves bookings."), code="lead_approves")
    check_not_begun(run.starts_at, clock.now())
    return run, booking
