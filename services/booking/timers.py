"""What time causes in booking, run by the worker: each finds ids, and its command asks again whether it is due."""

from uuid import UUID

from services.booking.attendance import signing
from services.booking.attendance.due import find_due_signings
from services.booking.bookings import deciding, naming, runs
from services.booking.bookings.naming import find_due_names
from services.booking.changes import commands as changes
from services.booking.changes.asked import find_due_confirmations
from services.booking.courses.queries import find_due_decisions, find_due_reminders
from services.booking.proof.due import find_due_proofs
from services.booking.proof.issuing import look_again
from services.booking.seats import waiting
from services.booking.seats.queries import find_due_offers
from shared.messaging.reactions import Delivery, Timers

TIMERS = Timers("booking")


@TIMERS.due("meeting_reminders", find=find_due_reminders)
async def remind_of_meeting(delivery: Delivery, meeting_id: UUID) -> None:
    """Remind those with a seat of a meeting, the project's number of days before it."""
    await runs.remind_of_meeting(delivery.session, delivery.clock, meeting_id)


@TIMERS.due("run_decisions", find=find_due_decisions)
async def follow_up_minimum(delivery: Delivery, run_id: UUID) -> None:
    """Warn of a run that too few have booked, or ask whoever leads the project whether it is held."""
    await deciding.follow_up_minimum(delivery.session, delivery.clock, run_id)


@TIMERS.due("seat_offers", find=find_due_offers)
async def check_offer(delivery: Delivery, offer_id: UUID) -> None:
    """Warn of an offer that is about to expire, or let it expire and offer its seats to the next."""
    await waiting.check_offer(delivery.session, delivery.clock, offer_id)


@TIMERS.due("booking_names", find=find_due_names)
async def follow_up_names(delivery: Delivery, booking_id: UUID) -> None:
    """Remind an employer of seats without a name 7 days and 1 day before names are due, and then give them back."""
    await naming.follow_up_names(delivery.session, delivery.clock, booking_id)


@TIMERS.due("attendance_signing", find=find_due_signings)
async def follow_up_signing(delivery: Delivery, attendance_id: UUID) -> None:
    """Ask a participant to sign, remind her, or put it on the lead's list, the project's number of days apart."""
    await signing.follow_up(delivery.session, delivery.clock, attendance_id)


@TIMERS.due("proofs", find=find_due_proofs)
async def prove_time(delivery: Delivery, attendance_id: UUID) -> None:
    """Issue, replace or revoke the certificates that somebody's time has a part in."""
    await look_again(delivery.session, delivery.clock, attendance_id)


@TIMERS.due("confirmations", find=find_due_confirmations)
async def check_confirmation(delivery: Delivery, confirmation_id: UUID) -> None:
    """Remind of a question after a change of a run, or apply the project's rule where nobody has answered."""
    await changes.check_confirmation(delivery.session, delivery.clock, confirmation_id)
