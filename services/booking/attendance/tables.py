"""Attendance and what is signed of it. A signature that a correction made void stays as a row with `replaced_at`.

The database holds that somebody has one row for each meeting, and at most one signature that counts.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.booking.attendance.rules import MOST_MINUTES, Asked, Source
from services.booking.base import BookingTable, HistoryColumns, moment, prose
from services.booking.projects.rules import SigningWay
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Attendance(BookingTable, table=True):
    """How many minutes of a meeting somebody was there; `signed_at` repeats when the signature that counts was given.

    `next_check_at` is when the signature is asked for, reminded of or given up; none when there is nothing to wait for.
    `prove_at` is when what is proven by it is to be looked at again.
    """

    __tablename__ = "attendances"
    __table_args__ = (
        UniqueConstraint("meeting_id", "participant_id"),
        CheckConstraint(f"minutes BETWEEN 0 AND {MOST_MINUTES}", name="minutes"),
        CheckConstraint(state_check("source", Source), name="source"),
        CheckConstraint(state_check("asked", Asked), name="asked"),
        CheckConstraint("signed_at IS NULL OR (minutes > 0 AND next_check_at IS NULL)", name="signed"),
        Index("ix_attendances_project_id", "project_id", "meeting_id"),
        Index("ix_attendances_run_id", "run_id"),
        Index("ix_attendances_booking_id", "booking_id"),
        Index("ix_attendances_participant_id", "participant_id", "meeting_id"),
        Index(
            "ix_attendances_unsigned", "project_id", "id", postgresql_where=text("minutes > 0 AND signed_at IS NULL")
        ),
        Index("ix_attendances_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
        Index("ix_attendances_prove_at", "prove_at", postgresql_where=text("prove_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")
    run_id: UUID = Field(foreign_key="runs.id")
    meeting_id: UUID = Field(foreign_key="meetings.id")
    booking_id: UUID = Field(foreign_key="bookings.id")
    employer_id: UUID = Field(foreign_key="employers.id")
    participant_id: UUID = Field(foreign_key="persons.id")
    minutes: int
    source: str = prose()
    asked: str = prose(default=Asked.NOT_YET.value)
    next_check_at: datetime | None = moment(default=None)
    signed_at: datetime | None = moment(default=None)
    prove_at: datetime | None = moment(default=None)
    version: int = 1
    created_at: datetime = moment()


class Signature(BookingTable, table=True):
    """A participant's word for her minutes; `noted_by` and `evidence` where it came on paper or by e-mail."""

    __tablename__ = "attendance_signatures"
    __table_args__ = (
        CheckConstraint(state_check("way", SigningWay), name="way"),
        CheckConstraint(
            "(way IN ('paper', 'email')) = (noted_by IS NOT NULL) AND (noted_by IS NULL) = (evidence IS NULL)",
            name="noted",
        ),
        Index(
            "uq_attendance_signatures_counts",
            "attendance_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_attendance_signatures_attendance_id", "attendance_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    attendance_id: UUID = Field(foreign_key="attendances.id")
    minutes: int
    way: str = prose()
    at: datetime = moment()
    noted_by: UUID | None = Field(default=None, foreign_key="persons.id")
    evidence: str | None = prose(default=None)
    replaced_at: datetime | None = moment(default=None)


class SigningCode(BookingTable, table=True):
    """A code of four digits that was sent: its id, for the digits are made of that and a key, and are kept nowhere."""

    __tablename__ = "signing_codes"
    __table_args__ = (
        CheckConstraint("tries_left >= 0", name="tries_left"),
        Index("ix_signing_codes_attendance_id", "attendance_id", "made_at"),
        Index("uq_signing_codes_open", "attendance_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    attendance_id: UUID = Field(foreign_key="attendances.id")
    made_at: datetime = moment()
    expires_at: datetime = moment()
    tries_left: int
    ended_at: datetime | None = moment(default=None)


class AttendanceHistory(HistoryColumns, table=True):
    """What has happened to somebody's attendance of a meeting."""

    __tablename__ = "attendance_history"

    attendance_id: UUID = Field(foreign_key="attendances.id", index=True)
