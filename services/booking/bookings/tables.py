"""Bookings and their seats. A seat that was given up stays as a row with `released_at`; the others are the claim.

The database holds that nobody has two seats on one run.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose
from services.booking.bookings.rules import BookingState
from shared.kernel.ids import new_id
from shared.kernel.states import state_check

_ACTIVE = text("released_at IS NULL")


class Booking(BookingTable, table=True):
    """A claim of an employer on seats of a run; `seats` repeats how many seats it has (when cancelled: had)."""

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint(state_check("state", BookingState), name="state"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("late_seats >= 0", name="late_seats"),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_because IS NOT NULL) "
            "AND (state = 'cancelled') = (cancelled_late IS NOT NULL)",
            name="cancelled",
        ),
        CheckConstraint("(state = 'declined') = (declined_because IS NOT NULL)", name="declined"),
        Index("ix_bookings_asked", "project_id", "id", postgresql_where=text("state = 'asked'")),
        UniqueConstraint("id", "run_id"),
        Index("ix_bookings_employer_id", "project_id", "employer_id", "id"),
        Index("ix_bookings_run_id", "run_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = prose(unique=True)
    project_id: UUID = Field(foreign_key="projects.id")
    employer_id: UUID = Field(foreign_key="employers.id")
    run_id: UUID = Field(foreign_key="runs.id")
    state: str = prose()
    seats: int
    version: int = 1
    cancelled_because: str | None = prose(default=None)
    cancelled_late: bool | None = Field(
        default=None,
        sa_column_kwargs={"comment": "whether the employer cancelled after the project's days of free cancellation"},
    )
    declined_because: str | None = prose(default=None)
    late_seats: int = Field(
        default=0,
        sa_column_kwargs={"server_default": "0", "comment": "given back after the project's days of free cancellation"},
    )
    names_reminded_at: datetime | None = moment(default=None)
    answer_due_at: datetime | None = moment(
        default=None,
        sa_column_kwargs={"comment": "until when it is asked whether they still come; repeats confirmations"},
    )
    created_at: datetime = moment()


class Seat(BookingTable, table=True):
    """One seat of a booking, taken from a pool: a participant's, or a placeholder for somebody not yet named."""

    __tablename__ = "seats"
    __table_args__ = (
        ForeignKeyConstraint(["booking_id", "run_id"], ["bookings.id", "bookings.run_id"]),
        Index(
            "uq_seats_run_id_participant_id",
            "run_id",
            "participant_id",
            unique=True,
            postgresql_where=text("released_at IS NULL AND participant_id IS NOT NULL"),
        ),
        Index("uq_seats_booking_id_number", "booking_id", "number", unique=True),
        Index("ix_seats_pool_id", "pool_id", postgresql_where=_ACTIVE),
        Index("ix_seats_participant_id", "participant_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    booking_id: UUID
    run_id: UUID
    pool_id: UUID = Field(foreign_key="seat_pools.id")
    number: int
    kept: bool = Field(sa_column_kwargs={"comment": "whether the pool is the employer's own"})
    participant_id: UUID | None = Field(default=None, foreign_key="persons.id")
    released_at: datetime | None = moment(default=None)


class SeatMeeting(BookingTable, table=True):
    """When a named seat's participant has a meeting: no two of one person overlap, but for those that are marked.

    `moved_onto`: a lead moved the run onto another of hers. Written by `bookings.overlaps`.
    """

    __tablename__ = "seat_meetings"
    __table_args__ = (
        ExcludeConstraint(
            ("participant_id", "="),
            ("during", "&&"),
            where=text("NOT moved_onto"),
            using="gist",
            name="ex_seat_meetings_participant_id_during",
        ),
        Index("ix_seat_meetings_participant_id", "participant_id"),
        Index("ix_seat_meetings_meeting_id", "meeting_id"),
    )

    seat_id: UUID = Field(foreign_key="seats.id", primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id", primary_key=True, ondelete="CASCADE")
    participant_id: UUID = Field(foreign_key="persons.id")
    during: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))
    moved_onto: bool = False


class BookingHistory(HistoryColumns, table=True):
    """What has happened to a booking; `joined` and `left_out` are participants."""

    __tablename__ = "booking_history"

    booking_id: UUID = Field(foreign_key="bookings.id", index=True)
    seats_before: int
    seats_after: int
    joined: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    left_out: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
