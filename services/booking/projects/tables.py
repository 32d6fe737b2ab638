"""Projects, their fund programmes with dated rules, who pays, and in whose name things are bought."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose, sorted_text
from services.booking.projects.rules import AidBasis, BookingApproval, HourRounding, SigningWay, Unanswered
from shared.kernel.states import state_check


class FundProgramme(BookingTable, table=True):
    """Where the money comes from (ESF 2014-2020, ESF+ 2021-2027)."""

    __tablename__ = "fund_programmes"

    id: UUID = Field(primary_key=True)
    code: str = prose(unique=True)
    name: str = prose()
    starts_on: date
    ends_on: date


class ProgrammeTerm(BookingTable, table=True):
    """A rule of a programme for a time. A value of none is one that its source has not confirmed."""

    __tablename__ = "programme_terms"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="period"),)

    programme_id: UUID = Field(primary_key=True, foreign_key="fund_programmes.id")
    kind: str = prose(primary_key=True)
    valid_from: date = Field(primary_key=True)
    valid_to: date | None = None
    value: str | None = prose(default=None)
    source: str = prose()
    note: str | None = prose(default=None)


class Project(BookingTable, table=True):
    """A funded undertaking. `content` is a fingerprint of the data file it was loaded from."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint("demonstration = (source_project_id IS NOT NULL)", name="demonstration"),
        CheckConstraint("queue_passes >= 0 AND free_cancellation_days >= 0", name="settings"),
        CheckConstraint("name_by_days > 0", name="name_by_days"),
        CheckConstraint(state_check("booking_approval", BookingApproval), name="booking_approval"),
        CheckConstraint("substitution_lock_days >= 0", name="substitution_lock_days"),
        CheckConstraint(state_check("aid_basis", AidBasis), name="aid_basis"),
        CheckConstraint(state_check("hour_rounding", HourRounding), name="hour_rounding"),
        CheckConstraint("cardinality(signing_ways) > 0 AND signing_days > 0", name="signing"),
        CheckConstraint("confirmation_days > 0", name="confirmation_days"),
        CheckConstraint(state_check("unanswered", Unanswered), name="unanswered"),
    )

    id: UUID = Field(primary_key=True)
    code: str = prose(unique=True)
    name: str = sorted_text()
    summary: str = prose()
    programme_id: UUID = Field(foreign_key="fund_programmes.id")
    owner_name: str = prose()
    owner_number: str | None = prose(default=None)
    starts_on: date
    ends_on: date | None = None
    period_note: str | None = prose(default=None)
    target_persons: int | None = None
    target_minutes: int | None = Field(default=None, sa_type=BigInteger)
    target_employers: int | None = None
    target_note: str | None = prose(default=None)
    who_may_join: str = prose()
    eligibility: dict[str, Any] = Field(sa_type=JSONB)
    described: dict[str, Any] = Field(
        sa_type=JSONB,
        sa_column_kwargs={"comment": "tracks, ways, partners, principles, reached, public record: shown, not acted on"},
    )
    aid_basis: str = prose()
    hour_rounding: str = prose()
    queue_passes: int
    free_cancellation_days: int
    offer_hours: int
    reminder_days: int
    name_by_days: int | None = Field(
        default=None,
        sa_column_kwargs={"comment": "days before a run by which every seat has a name; none: names may come whenever"},
    )
    booking_approval: str = prose(default=BookingApproval.NONE.value)
    substitution_lock_days: int | None = Field(
        default=None,
        sa_column_kwargs={
            "comment": "days before a run from which an employer no longer exchanges participants herself"
        },
    )
    signing_ways: list[str] = Field(default_factory=lambda: [way.value for way in SigningWay], sa_type=ARRAY(Text))
    signing_days: int = 3
    confirmation_days: int | None = Field(
        default=None,
        sa_column_kwargs={"comment": "within which an employer says whether it comes after a change; none: not asked"},
    )
    unanswered: str = prose(default=Unanswered.KEEP.value)
    demonstration: bool
    source_project_id: UUID | None = Field(default=None, foreign_key="projects.id")
    own_settings: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"comment": "by column: what whoever leads the project has set; the file does not undo it"},
    )
    content: bytes = Field(sa_type=LargeBinary)
    version: int = Field(sa_type=BigInteger)
    created_at: datetime = moment()


class ProjectFunder(BookingTable, table=True):
    """Who pays for a project: an amount, an exact share, or both."""

    __tablename__ = "project_funders"
    __table_args__ = (
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        CheckConstraint("amount_ore >= 0", name="amount"),
    )

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    position: int = Field(primary_key=True)
    name: str = prose()
    kind: str = prose()
    amount_ore: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = prose()
    share: Decimal | None = Field(default=None, sa_type=Numeric(9, 8))


class ProjectBuyer(BookingTable, table=True):
    """In whose name things are bought for a project; the id is procurement's too."""

    __tablename__ = "project_buyers"
    __table_args__ = (UniqueConstraint("project_id", "organisation_number"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    buyer_id: UUID = Field(primary_key=True)
    name: str = prose()
    organisation_number: str = prose()
    kind: str = prose()


class ProjectQuestions(BookingTable, table=True):
    """A version of the questions that a project asks about needs. Rows are added, never changed; the last is asked."""

    __tablename__ = "project_questions"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    version: int = Field(primary_key=True)
    questions: list[dict[str, Any]] = Field(sa_type=JSONB)
    made_at: datetime = moment()


class ProjectHistory(HistoryColumns, table=True):
    """What has happened to projects."""

    __tablename__ = "project_history"

    project_id: UUID = Field(foreign_key="projects.id", index=True)
