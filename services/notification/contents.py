"""What each fact gives a wording to say: the fields of its kind, as they are kept. Pure.

A field that is missing here is found by the test that writes every kind from the golden sample of its fact.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts import booking, procurement
from shared.contracts.facts import RunSummary

Content = dict[str, Any]


def run_content(run: RunSummary) -> Content:
    """Return the fields that say which run it is and when it is held."""
    first = first_meeting(run)
    return {
        "course_title": run.course_title,
        "run_reference": run.reference,
        "meetings": [meeting.model_dump(mode="json") for meeting in run.meetings],
        "first_meeting": None if first is None else first.isoformat(),
    }


def first_meeting(run: RunSummary) -> datetime | None:
    """Return when a run begins."""
    return min((meeting.starts_at for meeting in run.meetings), default=None)


def run_changed(fact: booking.RunChanged, recipient_id: UUID | None = None) -> Content:
    """Return what a change tells; of other courses at the same time only to the recipient whom it concerns."""
    others = [
        f"{each.course_title} ({each.run_reference})" for each in fact.at_once if each.recipient_id == recipient_id
    ]
    return {
        **run_content(fact.run),
        "changes": list(fact.changes),
        "reason": fact.reason,
        "at_once": ", ".join(others) or None,
    }


def change_to_confirm(fact: booking.ConfirmationAsked, recipient_id: UUID | None = None) -> Content:
    """Return what a change tells and asks; of the link the question is kept, and it is made with the text."""
    others = [
        f"{each.course_title} ({each.run_reference})" for each in fact.at_once if each.recipient_id == recipient_id
    ]
    return {
        **run_content(fact.run),
        "changes": list(fact.changes),
        "reason": fact.reason,
        "at_once": ", ".join(others) or None,
        "reference": fact.reference,
        "seats": fact.seats,
        "until": fact.due_at.isoformat(),
        "released_unanswered": fact.reference if fact.releases else None,
        "answer_link": str(fact.confirmation_id),
        "booking_id": str(fact.booking_id),
    }


def change_answered(fact: booking.ConfirmationAnswered) -> Content:
    return {
        **run_content(fact.run),
        "reference": fact.reference,
        "seats": fact.seats,
        "booking_id": str(fact.booking_id),
    }


def run_postponed(fact: booking.RunPostponed) -> Content:
    """Return the fields; `first_meeting` is when the run would have begun."""
    first = min((meeting.starts_at for meeting in fact.removed), default=None)
    return {
        **run_content(fact.run),
        "first_meeting": None if first is None else first.isoformat(),
        "reason": fact.reason,
    }


def run_cancelled(fact: booking.RunCancelled) -> Content:
    return {**run_content(fact.run), "reason": fact.reason}


def run_decision_asked(fact: booking.RunDecisionAsked) -> Content:
    return {
        **run_content(fact.run),
        "booked": fact.booked,
        "minimum": fact.minimum,
        "decide_on": fact.decide_on.isoformat(),
        "run_id": str(fact.run_id),
        "project_id": str(fact.project_id),
    }


def run_staffed(fact: booking.RunStaffed) -> Content:
    return {**run_content(fact.run), "run_id": str(fact.run_id)}


def run_upheld(fact: booking.RunConfirmed) -> Content:
    return {**run_content(fact.run), "run_id": str(fact.run_id)}


def meeting_approached(fact: booking.MeetingApproached, part: str) -> Content:
    """Return the fields; a participant has a link of her own, by which she says that she has come."""
    meeting = next((each for each in fact.run.meetings if each.meeting_id == fact.meeting_id), None)
    return {
        **run_content(fact.run),
        "starts_at": fact.starts_at.isoformat(),
        "mode": fact.run.mode if meeting is None else meeting.mode,
        "place": None if meeting is None else meeting.place,
        "personal_link": str(fact.meeting_id) if part == "participant" else None,
    }


def attendance_to_sign(fact: booking.AttendanceSigningAsked) -> Content:
    """Return the fields; of the link the meeting that it is for is kept, and it is made when the text is written."""
    return {
        **run_content(fact.run),
        "starts_at": fact.starts_at.isoformat(),
        "minutes": fact.minutes,
        "personal_link": str(fact.meeting_id),
    }


def outside_course(fact: booking.OutsideCourseDecided) -> Content:
    return {
        "title": fact.title,
        "provider_name": fact.provider,
        "reason": fact.answer,
        "outside_course_id": str(fact.outside_course_id),
    }


def signing_code(fact: booking.SigningCodeDrawn) -> Content:
    """Return the fields; of the code its id is kept, and the digits are made when the text is written."""
    return {
        **run_content(fact.run),
        "starts_at": fact.starts_at.isoformat(),
        "minutes": fact.minutes,
        "code": str(fact.code_id),
    }


def booking_content(
    fact: booking.BookingConfirmed
    | booking.BookingAsked
    | booking.BookingDeclined
    | booking.BookingChanged
    | booking.BookingCancelled
    | booking.BookingNamesAwaited,
) -> Content:
    content = {
        **run_content(fact.run),
        "reference": fact.reference,
        "booking_id": str(fact.booking_id),
        "seats": fact.seats,
        "named": fact.named,
        "unnamed": fact.seats - fact.named,
    }
    if isinstance(fact, booking.BookingNamesAwaited):
        content["until"] = fact.until.isoformat()
    if isinstance(fact, booking.BookingChanged):
        content["seats_before"] = fact.seats_before
    if isinstance(fact, booking.BookingCancelled | booking.BookingDeclined):
        content["reason"] = fact.reason
    return content


def queue_joined(fact: booking.WaitingEntryJoined) -> Content:
    return {
        **run_content(fact.run),
        "seats": fact.seats,
        "queue_place": fact.place,
        "entry_id": str(fact.entry_id),
        "leave_link": str(fact.entry_id),
    }


def queue_moved(fact: booking.WaitingEntryMoved) -> Content:
    return {
        **run_content(fact.run),
        "queue_place": fact.place,
        "reason": fact.reason,
        "entry_id": str(fact.entry_id),
    }


def offer_content(fact: booking.SeatOfferOpened | booking.SeatOfferReminded | booking.SeatOfferExpired) -> Content:
    return {
        **run_content(fact.run),
        "seats": fact.offered,
        "until": fact.until.isoformat(),
        "entry_id": str(fact.entry_id),
    }


def request_content(
    fact: booking.TrainingRequestSubmitted
    | booking.TrainingRequestWithdrawn
    | procurement.TrainingRequestTaken
    | procurement.TrainingRequestDeclined
    | procurement.TrainingRequestReturned,
) -> Content:
    return {
        "title": fact.title,
        "reference": fact.reference,
        "reason": getattr(fact, "reason", None),
        "registration_number": getattr(fact, "registration_number", None),
    }


def request_arranged(fact: booking.TrainingRequestArranged) -> Content:
    return {**run_content(fact.run), "title": fact.title, "reference": fact.reference, "seats": fact.seats}


def supplier_invited(fact: procurement.SupplierInvited) -> Content:
    return {**_procedure(fact), "deadline": fact.deadline.isoformat()}


def question_answered(fact: procurement.QuestionAnswered) -> Content:
    return {**_procedure(fact), "deadline": fact.deadline.isoformat()}


def procedure_cancelled(fact: procurement.ProcedureCancelled) -> Content:
    return {**_procedure(fact), "reason": fact.reason}


def award_decided(fact: procurement.AwardDecided, supplier_id: UUID, winner_name: str | None) -> Content:
    """Return what one bidder is told: its own outcome, and of the winner what the law says (12 kap. 12 § LOU)."""
    own = next(outcome for outcome in fact.outcomes if outcome.supplier_id == supplier_id)
    winner = next((outcome for outcome in fact.outcomes if outcome.won), None)
    return {
        **_procedure(fact),
        "decided_on": fact.decided_on.isoformat(),
        "standstill_until": None if fact.standstill_until is None else fact.standstill_until.isoformat(),
        "reason": own.reason,
        "rank": own.rank,
        "points": own.points,
        "winner_name": winner_name,
        "winner_points": None if winner is None else winner.points,
        "winner_reason": None if winner is None else winner.reason,
    }


def contract_signed(fact: procurement.ContractSigned) -> Content:
    return {
        **_procedure(fact),
        "reference": fact.reference,
        "value": {"ore": fact.value_ore, "currency": fact.currency},
        "starts_on": fact.starts_on.isoformat(),
        "ends_on": fact.ends_on.isoformat(),
    }


def _procedure(
    fact: procurement.SupplierInvited
    | procurement.QuestionAnswered
    | procurement.AwardDecided
    | procurement.ProcedureCancelled
    | procurement.ContractSigned,
) -> Content:
    return {
        "title": fact.title,
        "registration_number": fact.registration_number,
        "buyer_name": fact.buyer_name,
    }


def only_of_kind(content: Mapping[str, Any], names: frozenset[str]) -> Content:
    """Return the fields that the kind uses and that have a value: nothing more is kept."""
    return {name: value for name, value in content.items() if name in names and value is not None}
