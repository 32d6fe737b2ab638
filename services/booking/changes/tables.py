"""Questions to those who have booked, after a change of their run. A booking has one open question at most.

`bookings.answer_due_at` repeats when the open one is due, for the areas below this one.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, text
from sqlmodel import Field

from services.booking.base import BookingTable, moment, prose
from services.booking.changes.rules import ConfirmationState
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Confirmation(BookingTable, table=True):
    """Whether a booking holds after the run's change number `sequence`. `next_check_at` is its reminder, or end."""

    __tablename__ = "confirmations"
    __table_args__ = (
        CheckConstraint(state_check("state", ConfirmationState), name="state"),
        CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name="answered_at"),
        CheckConstraint("(state = 'asked') = (next_check_at IS NOT NULL)", name="next_check_at"),
        CheckConstraint("due_at > asked_at", name="due_at"),
        Index("uq_confirmations_booking_id", "booking_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index("ix_confirmations_booking_id", "booking_id", "id"),
        Index("ix_confirmations_run_id", "run_id", "id"),
        Index("ix_confirmations_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    booking_id: UUID = Field(foreign_key="bookings.id")
    run_id: UUID = Field(foreign_key="runs.id")
    sequence: int
    changes: list[str] = Field(sa_type=ARRAY(Text))
    reason: str = prose()
    state: str = prose(default=ConfirmationState.ASKED.value)
    seats: int = Field(sa_column_kwargs={"comment": "how many the booking had when it was asked"})
    seats_after: int | None = Field(default=None, sa_column_kwargs={"comment": "how many it has after the answer"})
    asked_at: datetime = moment()
    due_at: datetime = moment()
    next_check_at: datetime | None = moment()
    answered_at: datetime | None = moment(default=None)
    answered_by: UUID | None = None
