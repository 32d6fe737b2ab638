"""Every kind of notification in one table: what tells it, to whom, over which channels, with which fields.

To add one: a line here, its texts in `wordings/texts/{sv,en}/`, and its content in `contents.py`. What is missing is an
error when the process starts, not when something is to be sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ChannelName(StrEnum):
    """How a notification travels."""

    EMAIL = "email"
    SMS = "sms"


class Form(StrEnum):
    """What a field holds, and so how it is written in each language."""

    TEXT = "text"
    COUNT = "count"
    DAY = "day"
    MOMENT = "moment"
    MEETINGS = "meetings"
    MODE = "mode"
    CHANGES = "changes"
    MONEY = "money"
    PERSONAL_LINK = "personal_link"
    QUEUE_LINK = "queue_link"
    CERTIFICATE_LINK = "certificate_link"
    ANSWER_LINK = "answer_link"
    PERSONAL_CODE = "personal_code"


class Calendar(StrEnum):
    """What the calendar file of a notification does with the recipient's entries (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class OnUnknown(StrEnum):
    """What to do when nobody can say whether it was sent."""

    AGAIN = "again"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Field:
    """A named field of a wording. `sms` says whether the SMS must hold it too; the e-mail holds every field.

    An optional field stands in a line that begins `[if name]`, which is left out where the field has no value.
    """

    name: str
    form: Form = Form.TEXT
    sms: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notification.

    `required`: the law, or the recipient's own procedure, requires it, so it cannot be switched off. `secret`: tells
    who was invited or bid, so it is shown to its recipient, the buyer's officers and the operator alone. `replaces`:
    kinds about the same thing that are dropped where they are still held back.
    """

    name: str
    fields: tuple[Field, ...]
    channels: tuple[ChannelName, ...] = (ChannelName.EMAIL,)
    required: bool = False
    secret: bool = False
    calendar: Calendar | None = None
    on_unknown: OnUnknown = OnUnknown.AGAIN
    replaces: tuple[str, ...] = ()


_BOTH = (ChannelName.EMAIL, ChannelName.SMS)

COURSE = Field("course_title", sms=True)
RUN = Field("run_reference")
MEETINGS = Field("meetings", Form.MEETINGS)
AT_ONCE = Field("at_once", optional=True)
FIRST = Field("first_meeting", Form.MOMENT, sms=True, optional=True)
REFERENCE = Field("reference")
TITLE = Field("title")
REASON = Field("reason")
NUMBER = Field("registration_number")
BUYER = Field("buyer_name")
SEATS = Field("seats", Form.COUNT)
NAMED = Field("named", Form.COUNT)
PLACE = Field("queue_place", Form.COUNT)
ENTRY = Field("entry_id")
PROVIDER = Field("provider_name")
OUTSIDE = Field("outside_course_id")
UNTIL = Field("until", Form.MOMENT)
BOOKED = Field("booked", Form.COUNT)
MINIMUM = Field("minimum", Form.COUNT)
DECIDE_ON = Field("decide_on", Form.DAY)
RUN_ID = Field("run_id")
PROJECT_ID = Field("project_id")
UNNAMED = Field("unnamed", Form.COUNT)
BOOKING = Field("booking_id")
STARTS = Field("starts_at", Form.MOMENT, sms=True)
MINUTES = Field("minutes", Form.COUNT, sms=True)
ANSWER = Field("answer_link", Form.ANSWER_LINK)
RELEASED = Field("released_unanswered", optional=True)
LINK = Field("personal_link", Form.PERSONAL_LINK, sms=True)

UNIVERSAL: tuple[Field, ...] = (Field("recipient_name"), Field("project_name", optional=True), Field("origin"))
"""Fields that every text may use; they are looked up when it is sent."""

_KINDS = (
    Kind("booking_confirmed", (COURSE, RUN, REFERENCE, SEATS, NAMED, MEETINGS), calendar=Calendar.REQUEST),
    Kind("seat_confirmed", (COURSE, RUN, MEETINGS, FIRST), _BOTH, calendar=Calendar.REQUEST),
    Kind(
        "booking_changed",
        (COURSE, RUN, REFERENCE, Field("seats_before", Form.COUNT), SEATS, NAMED, MEETINGS),
        calendar=Calendar.REQUEST,
    ),
    Kind(
        "booking_cancelled",
        (COURSE, RUN, REFERENCE, SEATS, REASON),
        calendar=Calendar.CANCEL,
    ),
    Kind(
        "seat_cancelled",
        (COURSE, RUN, FIRST),
        _BOTH,
        calendar=Calendar.CANCEL,
        replaces=("seat_confirmed", "meeting_reminder"),
    ),
    Kind(
        "run_changed",
        (COURSE, RUN, Field("changes", Form.CHANGES, sms=True), REASON, MEETINGS, FIRST, AT_ONCE),
        _BOTH,
        calendar=Calendar.REQUEST,
        replaces=("run_changed", "meeting_reminder"),
    ),
    Kind(
        "run_changed_waiting",
        (COURSE, RUN, Field("changes", Form.CHANGES), REASON, MEETINGS),
        replaces=("run_changed_waiting",),
    ),
    Kind(
        "change_to_confirm",
        (
            *(COURSE, RUN, Field("changes", Form.CHANGES, sms=True), REASON, MEETINGS, FIRST, AT_ONCE),
            *(REFERENCE, SEATS, Field("until", Form.MOMENT, sms=True), RELEASED, ANSWER, BOOKING),
        ),
        _BOTH,
        required=True,
        calendar=Calendar.REQUEST,
        replaces=("change_to_confirm", "run_changed", "meeting_reminder"),
    ),
    Kind(
        "change_unanswered",
        (COURSE, RUN, REASON, REFERENCE, SEATS, UNTIL, RELEASED, ANSWER, BOOKING),
        required=True,
        replaces=("change_to_confirm",),
    ),
    Kind(
        "change_answered",
        (COURSE, RUN, REFERENCE, SEATS, MEETINGS, BOOKING),
        replaces=("change_to_confirm", "change_unanswered"),
    ),
    Kind(
        "seats_released",
        (COURSE, RUN, REFERENCE, SEATS, BOOKING),
        required=True,
        calendar=Calendar.CANCEL,
        replaces=("change_to_confirm", "change_unanswered"),
    ),
    Kind(
        "run_postponed",
        (COURSE, RUN, REASON, FIRST),
        _BOTH,
        calendar=Calendar.CANCEL,
        replaces=("run_changed", "change_to_confirm", "change_unanswered", "meeting_reminder"),
    ),
    Kind("run_postponed_waiting", (COURSE, RUN, REASON, FIRST), replaces=("run_changed_waiting",)),
    Kind(
        "run_cancelled",
        (COURSE, RUN, REASON, FIRST),
        _BOTH,
        calendar=Calendar.CANCEL,
        replaces=("run_changed", "meeting_reminder", "seat_confirmed"),
    ),
    Kind("trainer_named", (COURSE, RUN, MEETINGS, RUN_ID), replaces=("trainer_released",)),
    Kind("trainer_released", (COURSE, RUN, MEETINGS), replaces=("trainer_named",)),
    Kind("run_short", (COURSE, RUN, BOOKED, MINIMUM, DECIDE_ON, RUN_ID)),
    Kind("run_to_decide", (COURSE, RUN, BOOKED, MINIMUM, RUN_ID, PROJECT_ID), required=True, replaces=("run_short",)),
    Kind("run_upheld", (COURSE, RUN, MEETINGS, RUN_ID), replaces=("run_short",)),
    Kind(
        "meeting_reminder",
        (
            COURSE,
            RUN,
            Field("starts_at", Form.MOMENT, sms=True),
            Field("mode", Form.MODE),
            Field("place", sms=True, optional=True),
            Field("personal_link", Form.PERSONAL_LINK, optional=True),
        ),
        _BOTH,
    ),
    Kind("booking_asked", (COURSE, RUN, REFERENCE, SEATS, NAMED, MEETINGS, BOOKING)),
    Kind("booking_to_approve", (COURSE, RUN, REFERENCE, SEATS, BOOKING)),
    Kind("booking_declined", (COURSE, RUN, REFERENCE, SEATS, REASON, BOOKING)),
    Kind("names_due", (COURSE, RUN, REFERENCE, UNNAMED, UNTIL, BOOKING), replaces=("names_due",)),
    Kind("seats_given_back", (COURSE, RUN, REFERENCE, Field("seats_before", Form.COUNT), SEATS, BOOKING)),
    Kind("booking_lapsed", (COURSE, RUN, REFERENCE, SEATS), calendar=Calendar.CANCEL),
    Kind("queue_joined", (COURSE, RUN, SEATS, PLACE, MEETINGS, ENTRY, Field("leave_link", Form.QUEUE_LINK))),
    Kind("queue_moved", (COURSE, RUN, PLACE, REASON, ENTRY)),
    Kind("seats_offered", (COURSE, RUN, SEATS, UNTIL, MEETINGS, ENTRY), required=True, replaces=("queue_joined",)),
    Kind("offer_expiring", (COURSE, RUN, SEATS, UNTIL, ENTRY), required=True),
    Kind("offer_passed_on", (COURSE, RUN, SEATS, UNTIL, ENTRY), replaces=("seats_offered", "offer_expiring")),
    Kind("attendance_to_sign", (COURSE, RUN, STARTS, MINUTES, LINK), _BOTH, required=True),
    Kind(
        "attendance_unsigned",
        (COURSE, RUN, STARTS, MINUTES, LINK),
        _BOTH,
        required=True,
        replaces=("attendance_to_sign",),
    ),
    Kind(
        "signing_code",
        (COURSE, STARTS, MINUTES, Field("code", Form.PERSONAL_CODE, sms=True)),
        _BOTH,
        required=True,
        replaces=("signing_code",),
    ),
    Kind("certificate_ready", (COURSE, RUN, Field("certificate_link", Form.CERTIFICATE_LINK))),
    Kind("outside_course_accepted", (TITLE, PROVIDER, OUTSIDE)),
    Kind("outside_course_declined", (TITLE, PROVIDER, REASON, OUTSIDE)),
    Kind("request_received", (TITLE, REFERENCE)),
    Kind("request_to_handle", (TITLE, REFERENCE)),
    Kind("request_withdrawn", (TITLE, REFERENCE, REASON)),
    Kind("request_in_case", (TITLE, REFERENCE, NUMBER)),
    Kind("request_declined", (TITLE, REFERENCE, REASON), required=True),
    Kind("request_returned", (TITLE, REFERENCE, REASON), required=True),
    Kind("request_contracted", (TITLE, NUMBER, Field("starts_on", Form.DAY), Field("ends_on", Form.DAY))),
    Kind("run_arranged", (TITLE, REFERENCE, COURSE, RUN, SEATS, MEETINGS)),
    Kind(
        "invitation_to_bid",
        (TITLE, NUMBER, BUYER, Field("deadline", Form.MOMENT)),
        required=True,
        secret=True,
        on_unknown=OnUnknown.HOLD,
    ),
    Kind(
        "question_answered",
        (TITLE, NUMBER, BUYER, Field("deadline", Form.MOMENT)),
        required=True,
        secret=True,
        replaces=("question_answered",),
    ),
    Kind(
        "award",
        (
            TITLE,
            NUMBER,
            BUYER,
            Field("decided_on", Form.DAY),
            REASON,
            Field("points", optional=True),
            Field("standstill_until", Form.DAY, optional=True),
        ),
        required=True,
        secret=True,
        on_unknown=OnUnknown.HOLD,
    ),
    Kind(
        "non_award",
        (
            TITLE,
            NUMBER,
            BUYER,
            Field("decided_on", Form.DAY),
            Field("winner_name", optional=True),
            Field("winner_points", optional=True),
            Field("winner_reason", optional=True),
            REASON,
            Field("rank", Form.COUNT, optional=True),
            Field("points", optional=True),
            Field("standstill_until", Form.DAY, optional=True),
        ),
        required=True,
        secret=True,
        on_unknown=OnUnknown.HOLD,
    ),
    Kind(
        "procedure_cancelled",
        (TITLE, NUMBER, BUYER, REASON),
        required=True,
        secret=True,
        on_unknown=OnUnknown.HOLD,
    ),
    Kind(
        "contract_signed",
        (
            TITLE,
            NUMBER,
            BUYER,
            REFERENCE,
            Field("value", Form.MONEY),
            Field("starts_on", Form.DAY),
            Field("ends_on", Form.DAY),
        ),
        required=True,
        secret=True,
        on_unknown=OnUnknown.HOLD,
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}


def optional_kinds(channel: ChannelName) -> tuple[str, ...]:
    """Return the kinds that a recipient may switch off for a channel."""
    return tuple(kind.name for kind in _KINDS if channel in kind.channels and not kind.required)
