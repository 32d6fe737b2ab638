"""Certificates as they were issued. `attested` is what one says; it names nobody and is never changed.

The database holds that somebody has at most one valid certificate of a run, and of a month in a project.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose
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
