"""What booking tells: projects, employers, people (states); runs, bookings, requests and attendance (facts)."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.facts import Fact, Meeting, Part, Recipient, RunSummary, State
from shared.contracts.topics import ATTENDANCE, BOOKINGS, EMPLOYERS, PEOPLE, PROJECTS, RUNS, TRAINING_REQUESTS


class ProjectBuyer(Part):
    """A buyer in whose name things are bought for the project."""

    buyer_id: UUID
    name: str
    organisation_number: str


class ProjectDescribed(State, type="project.described.v1", topic=PROJECTS, key="project_id"):
    """A project as the other services need it."""

    project_id: UUID
    code: str
    name: str
    demonstration: bool
    programme: str
    owner_name: str
    starts_on: date
    ends_on: date | None
    buyers: tuple[ProjectBuyer, ...]


class EmployerWorkplace(Part):
    """A workplace of an employer."""

    workplace_id: UUID
    name: str
    municipality: str
    sni: str | None


class EmployerDescribed(State, type="employer.described.v1", topic=EMPLOYERS, key="employer_id"):
    """An employer. A sole trader has no number here: it is a personal identity number and stays in booking."""

    employer_id: UUID
    name: str
    organisation_number: str | None
    kind: str
    project_ids: tuple[UUID, ...]
    workplaces: tuple[EmployerWorkplace, ...]


class PersonAccount(Part):
    """A sign-in that is the person's: the issuer's alias and its subject."""

    issuer: str
    subject: str


class PersonGrant(Part):
    """What a person may act as, and for what."""

    role: str
    project_id: UUID | None = None
    employer_id: UUID | None = None
    buyer_id: UUID | None = None


class PersonDescribed(State, type="person.described.v1", topic=PEOPLE, key="person_id"):
    """A person. Of one with protected identity nothing is told but the id, the flag, and what they may do."""

    person_id: UUID
    protected: bool
    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None
    language: str
    accounts: tuple[PersonAccount, ...]
    grants: tuple[PersonGrant, ...]


class KeptSeats(Part):
    """Seats of a run that are kept for an employer."""

    employer_id: UUID
    seats: int
    request_id: UUID | None


class RunScheduled(Fact, type="run.scheduled.v1", topic=RUNS, key="run_id"):
    """A run can be booked; from a contract line or from the open catalogue."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    capacity: int
    contract_line_id: UUID | None
    kept: tuple[KeptSeats, ...]


class MeetingsAtOnce(Part):
    """A run that a recipient, or somebody she has booked, has at the same time as the one that was moved."""

    recipient_id: UUID
    course_title: str
    run_reference: str


class RunChanged(Fact, type="run.changed.v1", topic=RUNS, key="run_id"):
    """A run has other times, another place or another mode. Everyone booked must hear of it."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    changes: tuple[str, ...] = Field(description="what is new: times, place, mode")
    reason: str
    sequence: int = Field(description="the calendar entry's SEQUENCE: how many times the run has changed")
    recipients: tuple[Recipient, ...]
    at_once: tuple[MeetingsAtOnce, ...] = Field(default=(), description="what it overlaps now, by who is told so")
    removed: tuple[Meeting, ...] = Field(default=(), description="meetings that the run has no longer, as they were")


class RunPostponed(Fact, type="run.postponed.v1", topic=RUNS, key="run_id"):
    """A run is held later, nobody knows when yet. Bookings and places in its queue stay; its meetings are no more."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    removed: tuple[Meeting, ...] = Field(description="the meetings as they were")
    reason: str
    sequence: int
    recipients: tuple[Recipient, ...]


class RunStaffed(Fact, type="run.staffed.v1", topic=RUNS, key="run_id"):
    """Other trainers than before are named to hold a run: who now is, and who no longer is."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    recipients: tuple[Recipient, ...] = Field(description="those it is new for: trainer or former_trainer")


class RunDecisionAsked(Fact, type="run.decision_asked.v1", topic=RUNS, key="run_id"):
    """Fewer seats of a run are booked than its minimum: those who decide are warned, or on the day itself asked."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    booked: int
    minimum: int
    decide_on: date
    is_due: bool = Field(description="whether it is to be decided now; otherwise it is a warning")
    recipients: tuple[Recipient, ...]


class RunConfirmed(Fact, type="run.confirmed.v1", topic=RUNS, key="run_id"):
    """It is decided that a run is held though fewer seats are booked than its minimum."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    booked: int
    minimum: int
    reason: str
    recipients: tuple[Recipient, ...]


class RunCancelled(Fact, type="run.cancelled.v1", topic=RUNS, key="run_id"):
    """A run will not be held; its bookings are cancelled with it."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    reason: str
    sequence: int
    recipients: tuple[Recipient, ...]


class RunResized(Fact, type="run.resized.v1", topic=RUNS, key="run_id"):
    """A run has more or fewer seats. Those who wait and are offered some of them are told by the offer."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    capacity_before: int
    capacity: int
    reason: str


class MeetingApproached(Fact, type="meeting.approached.v1", topic=RUNS, key="run_id"):
    """A meeting is held tomorrow; the day before, those with a seat are reminded."""

    run_id: UUID
    project_id: UUID
    run: RunSummary
    meeting_id: UUID
    starts_at: AwareDatetime
    recipients: tuple[Recipient, ...]


class _BookingFact(Fact):
    booking_id: UUID
    reference: str
    project_id: UUID
    employer_id: UUID
    run: RunSummary
    run_sequence: int
    seats: int
    named: int
    recipients: tuple[Recipient, ...]


class BookingConfirmed(_BookingFact, type="booking.confirmed.v1", topic=BOOKINGS, key="booking_id"):
    """An employer has seats on a run."""


class BookingAsked(_BookingFact, type="booking.asked.v1", topic=BOOKINGS, key="booking_id"):
    """An employer asks for seats, which are held for it until whoever coaches it or leads the project has decided."""


class BookingDeclined(_BookingFact, type="booking.declined.v1", topic=BOOKINGS, key="booking_id"):
    """A booking was not approved, and its seats are free."""

    reason: str


class BookingChanged(_BookingFact, type="booking.changed.v1", topic=BOOKINGS, key="booking_id"):
    """A booking has another number of seats or other names."""

    seats_before: int
    because: str | None = Field(
        default=None, description="names_due: seats without a name when names were due; none: somebody decided it"
    )


class BookingCancelled(_BookingFact, type="booking.cancelled.v1", topic=BOOKINGS, key="booking_id"):
    """A booking is no more, and its seats are free."""

    reason: str
    with_run: bool = Field(description="whether the run was cancelled, and not this booking alone")
    because: str | None = Field(
        default=None, description="names_due: nobody was named when names were due; none: somebody decided it"
    )


class BookingNamesAwaited(_BookingFact, type="booking.names_awaited.v1", topic=BOOKINGS, key="booking_id"):
    """A booking has seats without a name, and they are given back once the names are due."""

    until: AwareDatetime


class ConfirmationAsked(_BookingFact, type="confirmation.asked.v1", topic=BOOKINGS, key="booking_id"):
    """A run was changed, and whoever booked is asked whether she still comes; or is reminded of the question."""

    confirmation_id: UUID
    changes: tuple[str, ...] = Field(description="what is new of the run: times, place, mode")
    reason: str
    due_at: AwareDatetime = Field(description="until when an answer is taken")
    releases: bool = Field(description="whether the seats are given back where nobody answers")
    is_reminder: bool
    at_once: tuple[MeetingsAtOnce, ...] = ()
    removed: tuple[Meeting, ...] = ()


class ConfirmationAnswered(_BookingFact, type="confirmation.answered.v1", topic=BOOKINGS, key="booking_id"):
    """It was said whether a booking still holds after a change, or the project's rule has decided it."""

    confirmation_id: UUID
    answer: str = Field(description="confirmed, given_up, kept_by_rule or released_by_rule")
    seats_before: int


class _WaitingFact(Fact):
    entry_id: UUID
    project_id: UUID
    employer_id: UUID
    run: RunSummary
    seats: int
    least: int = Field(description="the fewest of the seats that the group would take")


class WaitingEntryJoined(_WaitingFact, type="waiting_entry.joined.v1", topic=BOOKINGS, key="entry_id"):
    """A group of an employer waits for seats of a run."""

    place: int = Field(description="where in the waiting list it stands, counted from 1")
    recipients: tuple[Recipient, ...]


class WaitingEntryMoved(_WaitingFact, type="waiting_entry.moved.v1", topic=BOOKINGS, key="entry_id"):
    """Whoever leads the project has given an entry another place."""

    place_before: int
    place: int
    reason: str
    recipients: tuple[Recipient, ...]


class WaitingEntryWithdrawn(_WaitingFact, type="waiting_entry.withdrawn.v1", topic=BOOKINGS, key="entry_id"):
    """A group waits no longer, and was offered nothing."""

    because: str = Field(description="left, left_by_link, or closed with the run")


class SeatOfferOpened(_WaitingFact, type="seat_offer.opened.v1", topic=BOOKINGS, key="entry_id"):
    """Seats are held for a group that waits, until it answers or the time is up."""

    offered: int
    until: AwareDatetime
    recipients: tuple[Recipient, ...]


class SeatOfferReminded(_WaitingFact, type="seat_offer.reminded.v1", topic=BOOKINGS, key="entry_id"):
    """An offer is about to expire, and has no answer yet."""

    offered: int
    until: AwareDatetime
    recipients: tuple[Recipient, ...]


class SeatOfferAccepted(_WaitingFact, type="seat_offer.accepted.v1", topic=BOOKINGS, key="entry_id"):
    """The offered seats have become a booking."""

    offered: int
    booking_id: UUID


class SeatOfferDeclined(_WaitingFact, type="seat_offer.declined.v1", topic=BOOKINGS, key="entry_id"):
    """The offered seats were given up, and go to those who wait on."""

    offered: int
    because: str = Field(description="declined, left, left_by_link, or closed with the run")


class SeatOfferExpired(_WaitingFact, type="seat_offer.expired.v1", topic=BOOKINGS, key="entry_id"):
    """Nobody answered in time, and the seats go to those who wait on."""

    offered: int
    until: AwareDatetime
    recipients: tuple[Recipient, ...]


class _TrainingRequestFact(Fact):
    request_id: UUID
    reference: str
    project_id: UUID
    employer_id: UUID
    buyer_id: UUID
    title: str
    recipients: tuple[Recipient, ...]


class TrainingRequestSubmitted(
    _TrainingRequestFact, type="training_request.submitted.v1", topic=TRAINING_REQUESTS, key="request_id"
):
    """An employer asks for training of its own; it waits for a procurement officer."""

    description: str
    persons: int
    minutes: int = Field(description="length of the training for one person")
    wished_from: date | None
    wished_to: date | None
    mode: str
    municipality: str
    language: str
    wished_time: str = Field(default="any", description="when in the week; `any` leaves it open")
    pool: str | None = Field(default=None, description="the same in requests that were sent together, for one purchase")


class TrainingRequestWithdrawn(
    _TrainingRequestFact, type="training_request.withdrawn.v1", topic=TRAINING_REQUESTS, key="request_id"
):
    """The employer no longer asks."""

    reason: str


class TrainingRequestArranged(
    _TrainingRequestFact, type="training_request.arranged.v1", topic=TRAINING_REQUESTS, key="request_id"
):
    """What was asked for has become a run with seats kept for the employer."""

    run: RunSummary
    run_sequence: int
    seats: int


class _AttendanceFact(Fact):
    attendance_id: UUID
    project_id: UUID
    employer_id: UUID
    run_id: UUID
    meeting_id: UUID
    person_id: UUID
    minutes: int = Field(description="attended, of `meeting_minutes`")
    meeting_minutes: int


class AttendanceRecorded(_AttendanceFact, type="attendance.recorded.v1", topic=ATTENDANCE, key="attendance_id"):
    """Somebody's minutes of a meeting are told for the first time; 0 of somebody with a seat is a no-show."""

    standing: str = Field(description="no_show, partly or fully")


class AttendanceCorrected(_AttendanceFact, type="attendance.corrected.v1", topic=ATTENDANCE, key="attendance_id"):
    """Somebody's minutes of a meeting are others than told before; a signature of the earlier ones counts no more."""

    standing: str
    minutes_before: int
    was_signed: bool


class AttendanceSigned(_AttendanceFact, type="attendance.signed.v1", topic=ATTENDANCE, key="attendance_id"):
    """The participant has signed for her minutes."""

    way: str = Field(description="code, link, paper or a message")
    signed_at: AwareDatetime


class AttendanceLeftUnsigned(
    _AttendanceFact, type="attendance.left_unsigned.v1", topic=ATTENDANCE, key="attendance_id"
):
    """The participant was asked and reminded, and has not signed in time."""


class _SigningFact(_AttendanceFact):
    run: RunSummary
    starts_at: AwareDatetime
    recipients: tuple[Recipient, ...]


class AttendanceSigningAsked(_SigningFact, type="attendance.signing_asked.v1", topic=ATTENDANCE, key="attendance_id"):
    """The participant is asked to sign; her link is made where the message is written, and does not travel."""

    is_reminder: bool


class SigningCodeDrawn(_SigningFact, type="signing_code.drawn.v1", topic=ATTENDANCE, key="attendance_id"):
    """The participant is sent a code to sign with: it is made of `code_id` where it is written, and does not travel."""

    code_id: UUID
    expires_at: AwareDatetime


class CertificateIssued(Fact, type="certificate.issued.v1", topic=ATTENDANCE, key="certificate_id"):
    """Somebody's signed time is attested: of a course, with its run, or of a month in a project, by its first day.

    The code by which it is checked does not travel.
    """

    certificate_id: UUID
    kind: str = Field(description="course or month")
    project_id: UUID
    employer_id: UUID | None
    person_id: UUID
    run: RunSummary | None
    month: date | None
    minutes: int
    counted_minutes: int = Field(description="by the project's rule of rounding")
    replaces_id: UUID | None
    recipients: tuple[Recipient, ...]


class OutsideCourseDecided(Fact, type="outside_course.decided.v1", topic=ATTENDANCE, key="outside_course_id"):
    """A course that somebody took outside of the project counts in it, or does not; whoever entered it is told."""

    outside_course_id: UUID
    project_id: UUID
    employer_id: UUID
    person_id: UUID
    need_id: UUID | None
    is_accepted: bool
    title: str
    provider: str
    minutes: int
    answer: str | None = Field(description="in the words of whoever decided")
    recipients: tuple[Recipient, ...]
