"""Certificates as they were issued, and courses taken outside with their evidence.

What a certificate says, `attested`, names nobody and is never changed.
The database holds that somebody has at most one valid certificate of a run, and of a month in a project.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose
from services.booking.proof.outside_rules import (
    LARGEST_EVIDENCE,
    MOST_HOURS,
    EvidenceType,
    OutsideState,
    ProviderKind,
)
from services.booking.proof.rules import CODE_PATTERN, CertificateKind, CertificateState
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Certificate(BookingTable, table=True):
    """A certificate. `employer_id` is whose seat a course was taken on; a month may be of several, and has none."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint(state_check("kind", CertificateKind), name="kind"),
        CheckConstraint(state_check("state", CertificateState), name="state"),
        CheckConstraint(f"code ~ '{CODE_PATTERN}'", name="code"),
        CheckConstraint(
            "(kind = 'course') = (run_id IS NOT NULL) AND (kind = 'month') = (month IS NOT NULL)", name="of"
        ),
        CheckConstraint("(state = 'replaced') = (replaced_by_id IS NOT NULL)", name="replaced"),
        CheckConstraint("(state = 'valid') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("counted_minutes BETWEEN 0 AND minutes", name="minutes"),
        Index(
            "uq_certificates_valid",
            "participant_id",
            "project_id",
            "run_id",
            "month",
            unique=True,
            postgresql_where=text("state = 'valid'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_certificates_participant_id", "participant_id", "id"),
        Index("ix_certificates_project_id", "project_id", "id"),
        Index("ix_certificates_run_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
        Index("ix_certificates_employer_id", "employer_id", "id", postgresql_where=text("employer_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = prose(unique=True)
    kind: str = prose()
    state: str = prose(default=CertificateState.VALID.value)
    project_id: UUID = Field(foreign_key="projects.id")
    employer_id: UUID | None = Field(default=None, foreign_key="employers.id")
    participant_id: UUID = Field(foreign_key="persons.id")
    run_id: UUID | None = Field(default=None, foreign_key="runs.id")
    month: date | None = None
    minutes: int
    counted_minutes: int
    attested: dict[str, Any] = Field(sa_type=JSONB)
    issued_at: datetime = moment()
    ended_at: datetime | None = moment(default=None)
    replaced_by_id: UUID | None = Field(default=None, foreign_key="certificates.id")
    version: int = 1


class CertificateHistory(HistoryColumns, table=True):
    """What has happened to a certificate."""

    __tablename__ = "certificate_history"

    certificate_id: UUID = Field(foreign_key="certificates.id", index=True)


class OutsideCourse(BookingTable, table=True):
    """A course that a participant took outside of the project. Its hours count in the month in which it ended."""

    __tablename__ = "outside_courses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["employer_id", "project_id"], ["employer_projects.employer_id", "employer_projects.project_id"]
        ),
        CheckConstraint(state_check("state", OutsideState), name="state"),
        CheckConstraint(state_check("provider_kind", ProviderKind), name="provider_kind"),
        CheckConstraint(f"minutes BETWEEN 1 AND {MOST_HOURS * 60}", name="minutes"),
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint("(state = 'entered') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("state <> 'declined' OR answer IS NOT NULL", name="answer"),
        Index(
            "uq_outside_courses_once",
            "participant_id",
            "project_id",
            "title",
            "starts_on",
            "ends_on",
            unique=True,
            postgresql_where=text("state <> 'declined'"),
        ),
        Index("ix_outside_courses_project_id", "project_id", "id"),
        Index("ix_outside_courses_employer_id", "employer_id", "project_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    employer_id: UUID
    participant_id: UUID = Field(foreign_key="persons.id")
    need_id: UUID | None = Field(default=None, foreign_key="needs.id")
    title: str = prose()
    provider: str = prose()
    provider_kind: str = prose()
    starts_on: date
    ends_on: date
    minutes: int
    state: str = prose(default=OutsideState.ENTERED.value)
    answer: str | None = prose(default=None)
    entered_by: UUID = Field(foreign_key="persons.id")
    entered_at: datetime = moment()
    decided_by: UUID | None = Field(default=None, foreign_key="persons.id")
    decided_at: datetime | None = moment(default=None)
    version: int = 1


class OutsideEvidence(BookingTable, table=True):
    """The file that shows that an outside course was taken. What it was called is not kept: it often names people."""

    __tablename__ = "outside_evidence"
    __table_args__ = (
        CheckConstraint(state_check("media_type", EvidenceType), name="media_type"),
        CheckConstraint(f"octet_length(content) BETWEEN 1 AND {LARGEST_EVIDENCE}", name="size"),
    )

    outside_course_id: UUID = Field(primary_key=True, foreign_key="outside_courses.id")
    media_type: str = prose()
    content: bytes = Field(sa_type=LargeBinary)


class OutsideCourseHistory(HistoryColumns, table=True):
    """What has happened to an outside course."""

    __tablename__ = "outside_course_history"

    outside_course_id: UUID = Field(foreign_key="outside_courses.id", index=True)
