"""Pools of a run's seats, and how many open seats each employer has taken where the run has a cap.

The pools of a run together have its capacity. `taken` is changed by one conditional statement only.
"""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.booking.base import BookingTable
from shared.kernel.ids import new_id


class SeatPool(BookingTable, table=True):
    """Seats of a run: open to all, or kept for a holder. `waiting` counts waiting-list entries, which go first."""

    __tablename__ = "seat_pools"
    __table_args__ = (
        UniqueConstraint("run_id", "holder_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
        CheckConstraint("waiting >= 0", name="waiting"),
        Index("ix_seat_pools_holder_id", "holder_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    run_id: UUID = Field(foreign_key="runs.id")
    holder_id: UUID | None = Field(default=None, foreign_key="employers.id")
    capacity: int
    taken: int = 0
    waiting: int = 0


class SeatCap(BookingTable, table=True):
    """How many open seats of a run one employer has taken, and the most that it may."""

    __tablename__ = "seat_caps"
    __table_args__ = (CheckConstraint("taken BETWEEN 0 AND cap", name="taken"),)

    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    employer_id: UUID = Field(foreign_key="employers.id", primary_key=True)
    cap: int
    taken: int = 0
