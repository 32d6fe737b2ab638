"""The words that pages use for kinds, states and causes; a person never reads a code."""

from collections.abc import Mapping
from typing import Final

from services.notification.kinds import ChannelName
from shared.kernel.texts import N_

CHANNELS: Final[Mapping[str, str]] = {ChannelName.EMAIL: N_("E-mail"), ChannelName.SMS: N_("SMS")}
KIND_NAMES: Final[Mapping[str, str]] = {
    "booking_confirmed": N_("Booking confirmed"),
    "seat_confirmed": N_("Seat on a course"),
    "booking_changed": N_("Booking changed"),
    "booking_cancelled": N_("Booking cancelled"),
    "seat_cancelled": N_("Seat cancelled"),
    "run_changed": N_("Course changed"),
    "run_changed_waiting": N_("Course changed that you wait for"),
    "change_to_confirm": N_("Course changed: do you still come?"),
    "change_unanswered": N_("Reminder to answer after a change"),
    "change_answered": N_("Answer after a change received"),
    "seats_released": N_("Seats released: no answer after a change"),
    "run_postponed": N_("Course postponed"),
    "run_postponed_waiting": N_("Course postponed that you wait for"),
    "run_cancelled": N_("Course cancelled"),
    "trainer_named": N_("You hold a course"),
    "trainer_released": N_("You no longer hold a course"),
    "run_short": N_("Too few have booked a course"),
    "run_to_decide": N_("Decide whether a course is held"),
    "run_upheld": N_("A course is held though few have booked"),
    "meeting_reminder": N_("Reminder before a course"),
    "booking_asked": N_("Booking waits for approval"),
    "booking_to_approve": N_("Booking to approve"),
    "booking_declined": N_("Booking not approved"),
    "names_due": N_("Names are needed for a booking"),
    "seats_given_back": N_("Seats without a name given back"),
    "booking_lapsed": N_("Booking cancelled: nobody was named"),
    "queue_joined": N_("Place in a queue"),
    "queue_moved": N_("Place in a queue changed by the project"),
    "seats_offered": N_("Seats offered"),
    "offer_expiring": N_("Offer of seats about to expire"),
    "offer_passed_on": N_("Offer of seats passed on"),
    "request_received": N_("Training request received"),
    "request_to_handle": N_("Training request to handle"),
    "request_withdrawn": N_("Training request withdrawn"),
    "request_in_case": N_("Training request in a case"),
    "request_declined": N_("Training request declined"),
    "request_returned": N_("Training request returned"),
    "request_contracted": N_("Training request contracted"),
    "run_arranged": N_("Course arranged after a request"),
    "attendance_to_sign": N_("Time to sign for"),
    "attendance_unsigned": N_("Reminder to sign for time"),
    "signing_code": N_("Code to sign with"),
    "certificate_ready": N_("Certificate of a course"),
    "outside_course_accepted": N_("Outside course accepted"),
    "outside_course_declined": N_("Outside course declined"),
    "invitation_to_bid": N_("Invitation to bid"),
    "question_answered": N_("A question about a procurement is answered"),
    "award": N_("Award notice: the bid was chosen"),
    "non_award": N_("Award notice: another bid was chosen"),
    "procedure_cancelled": N_("Procurement cancelled"),
    "contract_signed": N_("Contract signed"),
}
STATE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "pending": (N_("On its way"), "told"),
    "sending": (N_("On its way"), "told"),
    "sent": (N_("Sent"), "good"),
    "delivered": (N_("Arrived"), "good"),
    "failed_temporary": (N_("Did not arrive"), "bad"),
    "failed_permanent": (N_("Did not arrive"), "bad"),
    "failed_technical": (N_("Could not be sent"), "bad"),
    "suppressed": (N_("Not sent: no address to use"), "bad"),
    "held": (N_("Waits for the morning"), "told"),
    "cancelled": (N_("Not sent"), "told"),
    "unknown": (N_("Nobody knows whether it was sent"), "care"),
}
"""What is read of a state, and the kind of tag that shows it."""

STATE_CHOICES: Final[Mapping[str, str]] = {
    "pending": N_("On its way"),
    "held": N_("Waits for the morning"),
    "sent": N_("Sent"),
    "delivered": N_("Arrived"),
    "failed_permanent": N_("Did not arrive"),
    "failed_technical": N_("Could not be sent"),
    "suppressed": N_("Not sent: no address to use"),
    "cancelled": N_("Not sent"),
    "unknown": N_("Nobody knows whether it was sent"),
}
CAUSE_NAMES: Final[Mapping[str, str]] = {
    "declined": N_("The recipient does not want this kind."),
    "replaced": N_("Something newer about the same thing was told instead."),
    "erased": N_("The recipient is erased."),
    "too_late": N_("It would have come too late to be of use."),
    "quiet_hours": N_("Nobody is disturbed in the evening, at night or on a holiday."),
    "no_address": N_("There is no address for this way of telling."),
    "protected": N_("The recipient's identity is protected, so nothing is sent."),
    "recipient_unknown": N_("The recipient is not described here yet."),
    "wording": N_("The text could not be written. Tell those who run the system."),
    "attempt_lost": N_("The attempt was interrupted, and nobody knows whether it had left."),
    "receipt_failed": N_("The provider says that it did not arrive."),
    "no_receipt": N_("The provider has not said whether it arrived."),
    "hard_bounce": N_("The address is not written to: an earlier message was refused for good."),
    "soft_bounces": N_("The address is not written to for a while: several messages did not arrive."),
    "operator": N_("The address is not written to: an operator has decided so."),
}
"""What is read of a cause that is a code; another code is shown to operators alone."""

SUPPRESSION_CAUSES: Final[Mapping[str, str]] = {
    "hard_bounce": N_("Refused for good"),
    "soft_bounces": N_("Several did not arrive"),
    "operator": N_("An operator's decision"),
}
