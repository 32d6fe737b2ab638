"""What procurement tells: suppliers (state); requests in cases, procedures and contracts (facts).

Nothing here is caused by a bid: from the invitation to the award decision no fact may depend on who bids.
"""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.facts import Fact, Part, Recipient, State
from shared.contracts.topics import CASES, CONTRACTS, PROCEDURES, SUPPLIERS


class SupplierAccount(Part):
    """A sign-in that acts for the supplier."""

    issuer: str
    subject: str


class SupplierDescribed(State, type="supplier.described.v1", topic=SUPPLIERS, key="supplier_id"):
    """A supplier and where to reach it. A sole trader has no number here."""

    supplier_id: UUID
    name: str
    organisation_number: str | None
    email: str
    phone: str | None
    language: str
    accounts: tuple[SupplierAccount, ...]


class _RequestFact(Fact):
    request_id: UUID
    reference: str
    title: str
    project_id: UUID
    employer_id: UUID
    buyer_id: UUID
    recipients: tuple[Recipient, ...]


class TrainingRequestTaken(_RequestFact, type="training_request.taken.v1", topic=CASES, key="request_id"):
    """An officer has put the request into a case."""

    case_id: UUID
    registration_number: str


class TrainingRequestDeclined(_RequestFact, type="training_request.declined.v1", topic=CASES, key="request_id"):
    """An officer has said no, with a reason that the employer reads."""

    reason: str


class TrainingRequestReturned(_RequestFact, type="training_request.returned.v1", topic=CASES, key="request_id"):
    """The request's case was cancelled; it waits for an officer again."""

    case_id: UUID
    reason: str


class _ProcedureFact(Fact):
    procedure_id: UUID
    case_id: UUID
    registration_number: str
    project_id: UUID
    buyer_id: UUID
    buyer_name: str
    title: str


class SupplierInvited(_ProcedureFact, type="supplier.invited.v1", topic=PROCEDURES, key="procedure_id"):
    """A supplier is asked to bid. One fact for each, so that none learns who else was asked."""

    deadline: AwareDatetime
    recipients: tuple[Recipient, ...]


class QuestionAnswered(_ProcedureFact, type="question.answered.v1", topic=PROCEDURES, key="procedure_id"):
    """A supplier's question is answered for all who are invited. Neither text is told here, nor who asked."""

    deadline: AwareDatetime
    recipients: tuple[Recipient, ...]


class BidOutcome(Part):
    """How one bidder fared."""

    supplier_id: UUID
    won: bool
    rank: int | None = Field(description="none for a bid that was not evaluated")
    points: str | None = Field(description="weighted points, a decimal number as text")
    reason: str


class AwardDecided(_ProcedureFact, type="award.decided.v1", topic=PROCEDURES, key="procedure_id"):
    """The delegate has decided: the first fact that names a bidder."""

    decided_on: date
    standstill_until: date | None = Field(description="the last day; none where no standstill applies")
    outcomes: tuple[BidOutcome, ...]
    recipients: tuple[Recipient, ...]


class ProcedureCancelled(_ProcedureFact, type="procedure.cancelled.v1", topic=PROCEDURES, key="procedure_id"):
    """The procedure ends without a contract; every invited supplier is told why."""

    reason: str
    recipients: tuple[Recipient, ...]


class ContractSigned(Fact, type="contract.signed.v1", topic=CONTRACTS, key="contract_id"):
    """A contract binds buyer and supplier."""

    contract_id: UUID
    reference: str
    procedure_id: UUID
    case_id: UUID
    registration_number: str
    project_id: UUID
    buyer_id: UUID
    buyer_name: str
    supplier_id: UUID
    title: str
    value_ore: int
    currency: str
    starts_on: date
    ends_on: date
    request_ids: tuple[UUID, ...]
    recipients: tuple[Recipient, ...]


class OrderedMeeting(Part):
    """A meeting as it was ordered."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: str
    place: str | None


class OrderedSeats(Part):
    """Seats ordered for one training request."""

    request_id: UUID
    employer_id: UUID
    seats: int


class ContractLineOrdered(Fact, type="contract_line.ordered.v1", topic=CONTRACTS, key="contract_id"):
    """A line of a contract is to be delivered: booking makes a run of it."""

    contract_id: UUID
    line_id: UUID
    project_id: UUID
    supplier_id: UUID
    title: str
    description: str
    language: str
    mode: str
    seats: int
    price_ore: int
    currency: str
    meetings: tuple[OrderedMeeting, ...]
    requests: tuple[OrderedSeats, ...]
