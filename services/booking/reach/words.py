"""What was not delivered and why, in words for whoever rings instead. Kinds and causes are notification's."""

from collections.abc import Mapping
from typing import Final

from shared.kernel.texts import N_

KIND_NAMES: Final[Mapping[str, str]] = {
    "booking_confirmed": N_("confirmation of a booking"),
    "seat_confirmed": N_("confirmation of a seat"),
    "booking_changed": N_("change of a booking"),
    "booking_cancelled": N_("cancellation of a booking"),
    "seat_cancelled": N_("a seat that was given up"),
    "run_changed": N_("new times or place for a course"),
    "run_cancelled": N_("a course that was called off"),
    "meeting_reminder": N_("reminder of a meeting"),
    "booking_asked": N_("receipt for a booking that waits for approval"),
    "booking_to_approve": N_("a booking to approve"),
    "booking_declined": N_("a booking that was not approved"),
    "names_due": N_("reminder that names are needed"),
    "seats_given_back": N_("seats without a name that were given back"),
    "booking_lapsed": N_("a booking in which nobody was named"),
    "request_received": N_("receipt for a training request"),
    "request_to_handle": N_("a new training request"),
    "request_withdrawn": N_("a withdrawn training request"),
    "request_in_case": N_("a training request that was taken up"),
    "request_declined": N_("a declined training request"),
    "request_returned": N_("a training request that waits again"),
    "request_contracted": N_("a signed contract for a training request"),
    "run_arranged": N_("training that was ordered"),
    "attendance_to_sign": N_("time to sign for"),
    "attendance_unsigned": N_("reminder to sign for time"),
    "signing_code": N_("code to sign with"),
    "certificate_ready": N_("certificate of a course"),
    "outside_course_accepted": N_("an outside course that counts"),
    "outside_course_declined": N_("an outside course that does not count"),
}
_OTHER_KIND: Final = N_("another message")
CHANNEL_NAMES: Final[Mapping[str, str]] = {"email": N_("e-mail"), "sms": N_("text message")}
_CAUSES: Final = (
    (("recipient_unknown",), N_("There is no address to send to.")),
    (("suppressed",), N_("The address has refused messages before, so nothing is sent to it.")),
    (("receipt_failed", "provider_failed"), N_("The provider says that it did not arrive.")),
    (("no_receipt", "unknown", "answer_unreadable"), N_("Nobody knows whether it arrived.")),
    (("smtp_5", "smtp_address"), N_("The address does not exist, or it does not take messages.")),
    (("smtp_4",), N_("The mailbox did not take the message, for instance because it is full.")),
)
_OTHER_CAUSE: Final = N_("It could not be delivered.")


def kind_name(kind: str) -> str:
    """Return what kind of message it was."""
    return KIND_NAMES.get(kind, _OTHER_KIND)


def cause_text(cause: str) -> str:
    """Return why it did not arrive."""
    return next((text for beginnings, text in _CAUSES if cause.startswith(beginnings)), _OTHER_CAUSE)
