"""Pools of a run's seats, how many open seats each employer has taken where the run has a cap, and the waiting list.

The pools of a run together have its capacity. `taken` is what bookings have and open offers hold.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose
from services.booking.seats.rules import EntryState, OfferState, Turn
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


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
    """How many open seats of a run one employer has taken, and the most that it may where the run has such a cap.

    Kept also where the run caps undertakings: what one has taken is the sum of its employers'.
    """

    __tablename__ = "seat_caps"
    __table_args__ = (CheckConstraint("taken >= 0 AND (cap IS NULL OR taken <= cap)", name="taken"),)

    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    employer_id: UUID = Field(foreign_key="employers.id", primary_key=True)
    cap: int | None = None
    taken: int = 0


class WaitingEntry(BookingTable, table=True):
    """A group of an employer that waits for seats of a run: all of `seats`, or at least `least` of them.

    `place` is where it stands, counted from 1, while it waits; `passed` how often later ones were offered seats first.
    """

    __tablename__ = "waiting_entries"
    __table_args__ = (
        CheckConstraint(state_check("state", EntryState), name="state"),
        CheckConstraint(state_check("turn", Turn), name="turn"),
        CheckConstraint("least BETWEEN 1 AND seats", name="seats"),
        CheckConstraint("passed >= 0", name="passed"),
        CheckConstraint("(state = 'waiting') = (place IS NOT NULL)", name="place"),
        Index(
            "uq_waiting_entries_run_id_employer_id",
            "run_id",
            "employer_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'offered')"),
        ),
        Index("ix_waiting_entries_run_id", "run_id", "state", "place"),
        Index("ix_waiting_entries_employer_id", "employer_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")
    employer_id: UUID = Field(foreign_key="employers.id")
    run_id: UUID = Field(foreign_key="runs.id")
    need_id: UUID | None = Field(default=None, foreign_key="needs.id")
    state: str = prose()
    turn: str = prose()
    seats: int
    least: int
    joined_at: datetime = moment()
    place: int | None = None
    passed: int = 0
    version: int = 1


class SeatOffer(BookingTable, table=True):
    """Seats held for an entry until it answers or the time is up. `next_check_at` is its warning, and then its end."""

    __tablename__ = "seat_offers"
    __table_args__ = (
        CheckConstraint(state_check("state", OfferState), name="state"),
        CheckConstraint("kept >= 0 AND open >= 0 AND kept + open > 0", name="seats"),
        CheckConstraint("(state = 'open') = (next_check_at IS NOT NULL)", name="next_check_at"),
        Index("ix_seat_offers_run_id", "run_id", postgresql_where=text("state = 'open'")),
        Index("ix_seat_offers_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    entry_id: UUID = Field(foreign_key="waiting_entries.id", unique=True)
    run_id: UUID = Field(foreign_key="runs.id")
    state: str = prose()
    kept: int = Field(sa_column_kwargs={"comment": "of the employer's own seats"})
    open: int
    made_at: datetime = moment()
    until: datetime = moment()
    next_check_at: datetime | None = moment(default=None)

    @property
    def seats(self) -> int:
        """How many it holds."""
        return self.kept + self.open


class WaitingHistory(HistoryColumns, table=True):
    """What has happened to an entry of the waiting list; `before` and `after` are its places where it was moved."""

    __tablename__ = "waiting_history"

    entry_id: UUID = Field(foreign_key="waiting_entries.id", index=True)
