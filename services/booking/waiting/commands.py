"""Joining a run's queue for an employer, and turning what is offered into a booking."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.approving import acting_as
from services.booking.bookings.commands import Order, place_booking
from services.booking.bookings.members import check_need
from services.booking.bookings.placing import Placed
from services.booking.courses.commands import lock_run
from services.booking.employers.employments import check_member
from services.booking.seats import waiting
from services.booking.seats.queries import get_entry
from services.booking.seats.tables import WaitingEntry
from services.booking.seats.waiting import Wish
from services.booking.seats.walking import told_of_entry
from shared.contracts.booking import SeatOfferAccepted
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor
from shared.kernel.personal_links import PersonalLinks
from shared.kernel.texts import N_
from shared.messaging.outbox import record


async def join_queue(session: AsyncSession, clock: Clock, wish: Wish, *, by: UUID | None = None) -> WaitingEntry:
    """Let a group of an employer wait for seats. Raises as `seats.waiting.join`, and where run or need are not its own.

    Its contacts are sent a link by which it can leave again without signing in.
    """
    run = await lock_run(session, wish.run_id, shared=True)
    if run.project_id != wish.project_id:
        raise NotFound(N_("There is no such run in this project."), code="run_not_found", field="run_id")
    await check_member(session, wish.project_id, wish.employer_id)
    if wish.need_id is not None:
        await check_need(session, wish.need_id, project_id=wish.project_id, employer_id=wish.employer_id)
    return await waiting.join(session, clock, run, wish, by=by)


async def accept_offer(
    session: AsyncSession,
    clock: Clock,
    entry_id: UUID,
    *,
    participants: Sequence[UUID] = (),
    actor: Actor | None = None,
    by: UUID | None = None,
) -> Placed:
    """Book the seats that are offered, some with names; where bookings are approved they stay held until then.

    Raises as `place_booking`, and once the offer's time is up.
    """
    at = await waiting.lock_entry(session, entry_id)
    held = await waiting.take_up(session, clock, at, by=by)
    seats = sum(part.seats for part in held)
    entry = at.entry
    acting = None if actor is None else acting_as(actor, entry.project_id, entry.employer_id)
    people = tuple(participants)
    order = Order(entry.project_id, entry.employer_id, entry.run_id, seats, people, entry.need_id, acting)
    placed = await place_booking(session, clock, order, held=held, by=by)
    fact = SeatOfferAccepted(**await told_of_entry(session, at.run, entry), offered=seats, booking_id=placed.booking.id)
    await record(session, fact, version=entry.version, at=clock.now())
    return placed


async def find_by_code(session: AsyncSession, links: PersonalLinks, code: str) -> tuple[WaitingEntry, UUID]:
    """Return the entry that a link leads to, and whose it is; raises NotFound where it is not one that we wrote."""
    read = links.read(code)
    if read is None:
        raise NotFound(N_("This link is not whole. Copy all of it from the message."), code="link_unknown")
    entry_id, person_id = read
    return await get_entry(session, entry_id), person_id


async def leave_by_code(session: AsyncSession, clock: Clock, links: PersonalLinks, code: str) -> WaitingEntry:
    """Take the entry of a link out of the queue, in the name of the contact whom the link was sent to."""
    entry, person_id = await find_by_code(session, links, code)
    return await waiting.leave(session, clock, entry.id, because="left_by_link", by=person_id)
