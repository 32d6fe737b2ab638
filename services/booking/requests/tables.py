"""Training requests and their history. `case_id` and `registration_number` are procurement's, once known."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose
from services.booking.courses.rules import Mode
from services.booking.needs.rules import WishedTime
from services.booking.requests.rules import RequestState
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class TrainingRequest(BookingTable, table=True):
    """Training of its own that an employer asks for in a project."""

    __tablename__ = "training_requests"
    __table_args__ = (
        CheckConstraint(state_check("state", RequestState), name="state"),
        CheckConstraint(state_check("mode", Mode), name="mode"),
        CheckConstraint(state_check("wished_time", WishedTime), name="wished_time"),
        CheckConstraint("persons > 0 AND minutes > 0", name="size"),
        CheckConstraint("wished_to >= wished_from", name="period"),
        Index("ix_training_requests_employer_id", "project_id", "employer_id", "id"),
        Index("ix_training_requests_need_id", "need_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = prose(unique=True)
    project_id: UUID = Field(foreign_key="projects.id")
    employer_id: UUID = Field(foreign_key="employers.id")
    buyer_id: UUID
    need_id: UUID | None = Field(default=None, foreign_key="needs.id")
    state: str = prose()
    title: str = prose()
    description: str = prose()
    persons: int
    minutes: int
    wished_from: date | None = None
    wished_to: date | None = None
    wished_time: str = prose(default=WishedTime.ANY.value)
    mode: str = prose()
    municipality: str = prose()
    language: str = prose()
    case_id: UUID | None = None
    registration_number: str | None = prose(default=None)
    answer: str | None = prose(default=None)
    pool: str | None = prose(default=None)
    version: int = 1
    created_at: datetime = moment()


class RequestedRun(BookingTable, table=True):
    """A run that came of a request, with the seats kept for the employer."""

    __tablename__ = "requested_runs"

    request_id: UUID = Field(foreign_key="training_requests.id", primary_key=True)
    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    seats: int


class RequestHistory(HistoryColumns, table=True):
    """What has happened to a request."""

    __tablename__ = "training_request_history"

    request_id: UUID = Field(foreign_key="training_requests.id", index=True)
