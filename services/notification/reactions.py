"""Each fact that somebody must be told of, and the kind of notification that each recipient's part makes of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from services.notification import contents
from services.notification.base import Holder
from services.notification.contents import Content, first_meeting, only_of_kind
from services.notification.kinds import KINDS
from services.notification.notifications.calendar_files import calendar_content
from services.notification.notifications.commands import Cause, Telling, tell
from services.notification.recipients.queries import find_recipient, is_recipient_erased
from shared.contracts.booking import (
    AttendanceCorrected,
    AttendanceLeftUnsigned,
    AttendanceRecorded,
    AttendanceSigned,
    AttendanceSigningAsked,
    BookingAsked,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    BookingDeclined,
    BookingNamesAwaited,
    CertificateIssued,
    ConfirmationAnswered,
    ConfirmationAsked,
    MeetingApproached,
    OutsideCourseDecided,
    RunCancelled,
    RunChanged,
    RunConfirmed,
    RunDecisionAsked,
    RunPostponed,
    RunResized,
    RunScheduled,
    RunStaffed,
    SeatOfferAccepted,
    SeatOfferDeclined,
    SeatOfferExpired,
    SeatOfferOpened,
    SeatOfferReminded,
    SigningCodeDrawn,
    TrainingRequestArranged,
    TrainingRequestSubmitted,
    TrainingRequestWithdrawn,
    WaitingEntryJoined,
    WaitingEntryMoved,
    WaitingEntryWithdrawn,
)
from shared.contracts.facts import Fact, Meeting, Recipient, RunSummary
from shared.contracts.procurement import (
    AwardDecided,
    ContractLineOrdered,
    ContractSigned,
    ProcedureCancelled,
    QuestionAnswered,
    SupplierInvited,
    TrainingRequestDeclined,
    TrainingRequestReturned,
    TrainingRequestTaken,
)
from shared.messaging.reactions import Delivery, NotYetKnown, Reactions

REACTIONS = Reactions("notification")
# seats that become free are told of by the offers of them
REACTIONS.ignore(RunScheduled, RunResized, ContractLineOrdered)
# whoever leaves or answers knows it; of the booking that comes of it the booking tells
REACTIONS.ignore(WaitingEntryWithdrawn, SeatOfferAccepted, SeatOfferDeclined)
# whoever signs knows it; what is marked she is told when she is asked to sign, and what is not signed the lead sees
REACTIONS.ignore(AttendanceRecorded, AttendanceCorrected, AttendanceSigned, AttendanceLeftUnsigned)

URGENT_WITHIN = timedelta(hours=24)
_ANY = "*"
_SEATED = "participant"
_UNSEATED = "former_participant"
_NAMES_DUE = "names_due"
_CANCELLED = {_NAMES_DUE: "booking_lapsed", "unanswered": "seats_released"}
_WAITING = "waiting"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Matter:
    """What all notifications of one fact have in common."""

    subject_id: UUID
    project_id: UUID
    employer_id: UUID | None = None
    buyer_id: UUID | None = None
    calendar: Mapping[str, Any] | None = None
    urgent: bool = False
    not_after: datetime | None = None


KindsByPart = Mapping[str, str]
"""The kind for each part that a recipient has; `*` stands for every other part."""


async def _tell(
    delivery: Delivery,
    fact: Fact,
    recipients: Iterable[Recipient],
    kinds: KindsByPart,
    matter: Matter,
    content_for: Callable[[Recipient], Content],
) -> None:
    assert delivery.envelope is not None
    tellings = []
    for recipient in recipients:
        kind = kinds.get(recipient.part) or kinds.get(f"{recipient.kind}:{_ANY}") or kinds.get(_ANY)
        if kind is None or recipient.kind not in set(Holder):
            # a newer system may have other parts and kinds of recipients; those that are known are told
            _log.warning("recipient_not_told", type=fact.type_name, kind=recipient.kind[:50], part=recipient.part[:50])
            continue
        names = frozenset(field.name for field in KINDS[kind].fields)
        tellings.append(
            Telling(
                kind=kind,
                holder=Holder(recipient.kind),
                holder_id=recipient.id,
                part=recipient.part,
                content=only_of_kind(content_for(recipient), names),
                subject_id=matter.subject_id,
                project_id=matter.project_id,
                employer_id=matter.employer_id,
                buyer_id=matter.buyer_id,
                calendar=matter.calendar if KINDS[kind].calendar is not None else None,
                urgent=matter.urgent,
                not_after=matter.not_after,
            )
        )
    cause = Cause(delivery.envelope.id, fact.type_name)
    await tell(delivery.session, delivery.clock.now(), cause, tellings)


def _about_run(
    delivery: Delivery,
    run: RunSummary,
    project_id: UUID,
    sequence: int,
    *,
    employer_id: UUID | None = None,
    removed: Sequence[Meeting] = (),
) -> Matter:
    """Return what is common to notifications about a run; they are urgent where it begins within a day."""
    first = first_meeting(run)
    now = delivery.clock.now()
    return Matter(
        subject_id=run.run_id,
        project_id=project_id,
        employer_id=employer_id,
        calendar=calendar_content(run, sequence, removed),
        urgent=first is not None and now < first <= now + URGENT_WITHIN,
    )


@REACTIONS.on(RunChanged)
async def on_run_changed(delivery: Delivery, fact: RunChanged) -> None:
    """Tell everyone booked what is new."""
    matter = _about_run(delivery, fact.run, fact.project_id, fact.sequence, removed=fact.removed)
    await _tell(
        delivery,
        fact,
        fact.recipients,
        {_WAITING: "run_changed_waiting", _ANY: "run_changed"},
        matter,
        lambda recipient: contents.run_changed(fact, recipient.id),
    )


@REACTIONS.on(RunPostponed)
async def on_run_postponed(delivery: Delivery, fact: RunPostponed) -> None:
    """Tell everyone booked and those who wait that the run has no dates any more, and take it out of calendars."""
    matter = _about_run(delivery, fact.run, fact.project_id, fact.sequence, removed=fact.removed)
    first = min((meeting.starts_at for meeting in fact.removed), default=None)
    now = delivery.clock.now()
    matter = replace(matter, urgent=first is not None and now < first <= now + URGENT_WITHIN)
    content = contents.run_postponed(fact)
    kinds = {_WAITING: "run_postponed_waiting", _ANY: "run_postponed"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(RunCancelled)
async def on_run_cancelled(delivery: Delivery, fact: RunCancelled) -> None:
    """Tell everyone booked that the run will not be held."""
    matter = _about_run(delivery, fact.run, fact.project_id, fact.sequence)
    content = contents.run_cancelled(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "run_cancelled"}, matter, lambda _: content)


@REACTIONS.on(RunStaffed)
async def on_run_staffed(delivery: Delivery, fact: RunStaffed) -> None:
    """Tell trainers which course they hold from now on, or no longer do."""
    matter = Matter(subject_id=fact.run_id, project_id=fact.project_id)
    content = contents.run_staffed(fact)
    kinds = {"former_trainer": "trainer_released", _ANY: "trainer_named"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(RunDecisionAsked)
async def on_run_decision_asked(delivery: Delivery, fact: RunDecisionAsked) -> None:
    """Warn that too few have booked, or ask for a decision; once the run has begun that is of no use."""
    matter = Matter(subject_id=fact.run_id, project_id=fact.project_id, not_after=first_meeting(fact.run))
    content = contents.run_decision_asked(fact)
    kind = "run_to_decide" if fact.is_due else "run_short"
    await _tell(delivery, fact, fact.recipients, {_ANY: kind}, matter, lambda _: content)


@REACTIONS.on(RunConfirmed)
async def on_run_confirmed(delivery: Delivery, fact: RunConfirmed) -> None:
    """Tell coaches and those who have booked that the run is held though few have booked."""
    matter = Matter(subject_id=fact.run_id, project_id=fact.project_id, not_after=first_meeting(fact.run))
    content = contents.run_upheld(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "run_upheld"}, matter, lambda _: content)


@REACTIONS.on(MeetingApproached)
async def on_meeting_approached(delivery: Delivery, fact: MeetingApproached) -> None:
    """Remind of a meeting; once it has begun a reminder is of no use."""
    matter = Matter(subject_id=fact.run_id, project_id=fact.project_id, not_after=fact.starts_at)
    kinds = {_ANY: "meeting_reminder"}
    await _tell(
        delivery, fact, fact.recipients, kinds, matter, lambda told: contents.meeting_approached(fact, told.part)
    )


@REACTIONS.on(BookingConfirmed)
async def on_booking_confirmed(delivery: Delivery, fact: BookingConfirmed) -> None:
    """Tell the employer's contacts of the booking, and participants of their seats."""
    kinds = {_SEATED: "seat_confirmed", _ANY: "booking_confirmed"}
    await _tell_of_booking(delivery, fact, kinds)


@REACTIONS.on(BookingAsked)
async def on_booking_asked(delivery: Delivery, fact: BookingAsked) -> None:
    """Tell the contacts that their seats are held, and coaches or leads that a booking waits for them."""
    kinds = {"contact": "booking_asked", _ANY: "booking_to_approve"}
    await _tell_of_booking(delivery, fact, kinds)


@REACTIONS.on(BookingDeclined)
async def on_booking_declined(delivery: Delivery, fact: BookingDeclined) -> None:
    """Tell the contacts why their booking was not approved."""
    await _tell_of_booking(delivery, fact, {_ANY: "booking_declined"})


@REACTIONS.on(BookingChanged)
async def on_booking_changed(delivery: Delivery, fact: BookingChanged) -> None:
    """Tell contacts what is new, those who got a seat that they have one, and those who lost it that they have not."""
    contacts = "seats_given_back" if fact.because == _NAMES_DUE else "booking_changed"
    kinds = {_SEATED: "seat_confirmed", _UNSEATED: "seat_cancelled", _ANY: contacts}
    await _tell_of_booking(delivery, fact, kinds)


@REACTIONS.on(BookingCancelled)
async def on_booking_cancelled(delivery: Delivery, fact: BookingCancelled) -> None:
    """Tell everyone concerned; where the run itself was cancelled they hear of that, and not twice."""
    if fact.with_run:
        return
    because = fact.because or ""
    kinds = {_SEATED: "seat_cancelled", _UNSEATED: "seat_cancelled", _ANY: _CANCELLED.get(because, "booking_cancelled")}
    await _tell_of_booking(delivery, fact, kinds)


@REACTIONS.on(BookingNamesAwaited)
async def on_booking_names_awaited(delivery: Delivery, fact: BookingNamesAwaited) -> None:
    """Remind the contacts of seats without a name; once names are due that is of no use."""
    matter = _about_run(delivery, fact.run, fact.project_id, fact.run_sequence, employer_id=fact.employer_id)
    content = contents.booking_content(fact)
    await _tell(
        delivery, fact, fact.recipients, {_ANY: "names_due"}, replace(matter, not_after=fact.until), lambda _: content
    )


@REACTIONS.on(ConfirmationAsked)
async def on_confirmation_asked(delivery: Delivery, fact: ConfirmationAsked) -> None:
    """Tell the contacts what is new and ask whether they still come, or remind them of that before it is due."""
    about = _about_run(
        delivery,
        fact.run,
        fact.project_id,
        fact.run_sequence,
        employer_id=fact.employer_id,
        removed=fact.removed,
    )
    matter = replace(about, not_after=fact.due_at if fact.is_reminder else None)
    kind = "change_unanswered" if fact.is_reminder else "change_to_confirm"
    await _tell(
        delivery,
        fact,
        fact.recipients,
        {_ANY: kind},
        matter,
        lambda recipient: contents.change_to_confirm(fact, recipient.id),
    )


@REACTIONS.on(ConfirmationAnswered)
async def on_confirmation_answered(delivery: Delivery, fact: ConfirmationAnswered) -> None:
    """Tell the contacts that their answer has come in; of a booking that is no more the booking tells."""
    if fact.answer != "confirmed":
        return
    matter = Matter(subject_id=fact.run.run_id, project_id=fact.project_id, employer_id=fact.employer_id)
    content = contents.change_answered(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "change_answered"}, matter, lambda _: content)


async def _tell_of_booking(
    delivery: Delivery,
    fact: BookingConfirmed | BookingAsked | BookingDeclined | BookingChanged | BookingCancelled,
    kinds: KindsByPart,
) -> None:
    matter = _about_run(delivery, fact.run, fact.project_id, fact.run_sequence, employer_id=fact.employer_id)
    content = contents.booking_content(fact)
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(WaitingEntryJoined)
async def on_waiting_entry_joined(delivery: Delivery, fact: WaitingEntryJoined) -> None:
    """Tell the employer's contacts where their group stands in the queue, and how it can leave."""
    content = contents.queue_joined(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "queue_joined"}, _about_entry(fact), lambda _: content)


@REACTIONS.on(WaitingEntryMoved)
async def on_waiting_entry_moved(delivery: Delivery, fact: WaitingEntryMoved) -> None:
    """Tell the contacts that the project gave their group another place, and why."""
    content = contents.queue_moved(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "queue_moved"}, _about_entry(fact), lambda _: content)


@REACTIONS.on(SeatOfferOpened)
async def on_seat_offer_opened(delivery: Delivery, fact: SeatOfferOpened) -> None:
    """Tell the contacts that seats are held for them; once the offer has expired that is of no use."""
    await _tell_of_offer(delivery, fact, "seats_offered", not_after=fact.until)


@REACTIONS.on(SeatOfferReminded)
async def on_seat_offer_reminded(delivery: Delivery, fact: SeatOfferReminded) -> None:
    """Tell the contacts that their offer is about to expire; once it has, that is of no use."""
    await _tell_of_offer(delivery, fact, "offer_expiring", not_after=fact.until)


@REACTIONS.on(SeatOfferExpired)
async def on_seat_offer_expired(delivery: Delivery, fact: SeatOfferExpired) -> None:
    """Tell the contacts that their seats have gone to others."""
    await _tell_of_offer(delivery, fact, "offer_passed_on")


async def _tell_of_offer(
    delivery: Delivery,
    fact: SeatOfferOpened | SeatOfferReminded | SeatOfferExpired,
    kind: str,
    *,
    not_after: datetime | None = None,
) -> None:
    content = contents.offer_content(fact)
    matter = replace(_about_entry(fact), not_after=not_after)
    await _tell(delivery, fact, fact.recipients, {_ANY: kind}, matter, lambda _: content)


def _about_entry(
    fact: WaitingEntryJoined | WaitingEntryMoved | SeatOfferOpened | SeatOfferReminded | SeatOfferExpired,
) -> Matter:
    return Matter(subject_id=fact.entry_id, project_id=fact.project_id, employer_id=fact.employer_id)


@REACTIONS.on(AttendanceSigningAsked)
async def on_attendance_signing_asked(delivery: Delivery, fact: AttendanceSigningAsked) -> None:
    """Ask the participant to sign for her time, or remind her of it."""
    matter = Matter(subject_id=fact.attendance_id, project_id=fact.project_id, employer_id=fact.employer_id)
    content = contents.attendance_to_sign(fact)
    kind = "attendance_unsigned" if fact.is_reminder else "attendance_to_sign"
    await _tell(delivery, fact, fact.recipients, {_ANY: kind}, matter, lambda _: content)


@REACTIONS.on(SigningCodeDrawn)
async def on_signing_code_drawn(delivery: Delivery, fact: SigningCodeDrawn) -> None:
    """Send the participant a code to sign with, at once; after its time it is of no use."""
    matter = Matter(
        subject_id=fact.attendance_id,
        project_id=fact.project_id,
        employer_id=fact.employer_id,
        urgent=True,
        not_after=fact.expires_at,
    )
    content = contents.signing_code(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "signing_code"}, matter, lambda _: content)


@REACTIONS.on(CertificateIssued)
async def on_certificate_issued(delivery: Delivery, fact: CertificateIssued) -> None:
    """Tell the participant that her certificate of a course is ready; a month's statement is told to nobody."""
    if fact.run is None:
        return
    matter = Matter(subject_id=fact.certificate_id, project_id=fact.project_id, employer_id=fact.employer_id)
    content = {**contents.run_content(fact.run), "certificate_link": str(fact.certificate_id)}
    await _tell(delivery, fact, fact.recipients, {_ANY: "certificate_ready"}, matter, lambda _: content)


@REACTIONS.on(OutsideCourseDecided)
async def on_outside_course_decided(delivery: Delivery, fact: OutsideCourseDecided) -> None:
    """Tell whoever entered an outside course whether it counts."""
    matter = Matter(subject_id=fact.outside_course_id, project_id=fact.project_id, employer_id=fact.employer_id)
    kind = "outside_course_accepted" if fact.is_accepted else "outside_course_declined"
    content = contents.outside_course(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: kind}, matter, lambda _: content)


def _about_request(
    fact: TrainingRequestSubmitted
    | TrainingRequestWithdrawn
    | TrainingRequestArranged
    | TrainingRequestTaken
    | TrainingRequestDeclined
    | TrainingRequestReturned,
) -> Matter:
    return Matter(
        subject_id=fact.request_id, project_id=fact.project_id, employer_id=fact.employer_id, buyer_id=fact.buyer_id
    )


@REACTIONS.on(TrainingRequestSubmitted)
async def on_training_request_submitted(delivery: Delivery, fact: TrainingRequestSubmitted) -> None:
    """Tell the employer that its request has come in, and the officers that one waits."""
    kinds = {"officer": "request_to_handle", _ANY: "request_received"}
    content = contents.request_content(fact)
    await _tell(delivery, fact, fact.recipients, kinds, _about_request(fact), lambda _: content)


@REACTIONS.on(TrainingRequestWithdrawn)
async def on_training_request_withdrawn(delivery: Delivery, fact: TrainingRequestWithdrawn) -> None:
    """Tell that the request is withdrawn."""
    content = contents.request_content(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "request_withdrawn"}, _about_request(fact), lambda _: content)


@REACTIONS.on(TrainingRequestTaken)
async def on_training_request_taken(delivery: Delivery, fact: TrainingRequestTaken) -> None:
    """Tell the employer that its request is in a case."""
    content = contents.request_content(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "request_in_case"}, _about_request(fact), lambda _: content)


@REACTIONS.on(TrainingRequestDeclined)
async def on_training_request_declined(delivery: Delivery, fact: TrainingRequestDeclined) -> None:
    """Tell the employer that its request is declined, and why."""
    content = contents.request_content(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "request_declined"}, _about_request(fact), lambda _: content)


@REACTIONS.on(TrainingRequestReturned)
async def on_training_request_returned(delivery: Delivery, fact: TrainingRequestReturned) -> None:
    """Tell the employer that its request waits again."""
    content = contents.request_content(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "request_returned"}, _about_request(fact), lambda _: content)


@REACTIONS.on(TrainingRequestArranged)
async def on_training_request_arranged(delivery: Delivery, fact: TrainingRequestArranged) -> None:
    """Tell the employer of its run, and that seats are kept for it."""
    content = contents.request_arranged(fact)
    await _tell(delivery, fact, fact.recipients, {_ANY: "run_arranged"}, _about_request(fact), lambda _: content)


@REACTIONS.on(SupplierInvited)
async def on_supplier_invited(delivery: Delivery, fact: SupplierInvited) -> None:
    """Invite a supplier to bid; after the deadline the invitation is of no use."""
    matter = Matter(fact.procedure_id, fact.project_id, buyer_id=fact.buyer_id, not_after=fact.deadline)
    content = contents.supplier_invited(fact)
    kinds = {"supplier:*": "invitation_to_bid"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(QuestionAnswered)
async def on_question_answered(delivery: Delivery, fact: QuestionAnswered) -> None:
    """Tell every supplier that was invited that there is an answer to read; after the deadline it is of no use."""
    matter = Matter(fact.procedure_id, fact.project_id, buyer_id=fact.buyer_id, not_after=fact.deadline)
    content = contents.question_answered(fact)
    kinds = {"supplier:*": "question_answered"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(ProcedureCancelled)
async def on_procedure_cancelled(delivery: Delivery, fact: ProcedureCancelled) -> None:
    """Tell every supplier concerned why there will be no contract."""
    matter = Matter(fact.procedure_id, fact.project_id, buyer_id=fact.buyer_id)
    content = contents.procedure_cancelled(fact)
    kinds = {"supplier:*": "procedure_cancelled"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)


@REACTIONS.on(AwardDecided)
async def on_award_decided(delivery: Delivery, fact: AwardDecided) -> None:
    """Tell each bidder how it fared, and who was chosen. Waits for the winner's name."""
    matter = Matter(fact.procedure_id, fact.project_id, buyer_id=fact.buyer_id)
    bidders = {outcome.supplier_id: outcome for outcome in fact.outcomes}
    name = await _winner_name(delivery, fact)
    for won, kind in ((True, "award"), (False, "non_award")):
        told = [
            recipient for recipient in fact.recipients if recipient.id in bidders and bidders[recipient.id].won is won
        ]
        await _tell(
            delivery,
            fact,
            told,
            {"supplier:*": kind},
            matter,
            lambda recipient: contents.award_decided(fact, recipient.id, name),
        )


async def _winner_name(delivery: Delivery, fact: AwardDecided) -> str | None:
    """Return the chosen supplier's name; None where there is none, or it has been erased."""
    winner = next((outcome.supplier_id for outcome in fact.outcomes if outcome.won), None)
    if winner is None:
        return None
    copy = await find_recipient(delivery.session, Holder.SUPPLIER, winner)
    if copy is not None:
        return copy.name
    if await is_recipient_erased(delivery.session, Holder.SUPPLIER, winner):
        return None
    raise NotYetKnown("supplier", winner)


@REACTIONS.on(ContractSigned)
async def on_contract_signed(delivery: Delivery, fact: ContractSigned) -> None:
    """Tell the supplier that the contract binds, and the requesters that their training is under contract."""
    matter = Matter(fact.contract_id, fact.project_id, buyer_id=fact.buyer_id)
    content = contents.contract_signed(fact)
    kinds = {"supplier:*": "contract_signed", "person:*": "request_contracted"}
    await _tell(delivery, fact, fact.recipients, kinds, matter, lambda _: content)
