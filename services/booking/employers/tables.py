"""Employers, workplaces, the undertakings they belong to, the projects they have joined, and who is employed where.

A sole trader's organisation number is a personal identity number: sealed here, and never told to anyone.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose, sorted_text
from services.booking.employers.rules import Membership, MoneyBand
from services.booking.projects.rules import AffectedBy, EmployerKind, SizeClass
from services.booking.projects.sectors import SniVersion
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Undertaking(BookingTable, table=True):
    """The single undertaking that state aid and size are counted for."""

    __tablename__ = "undertakings"
    __table_args__ = (
        CheckConstraint("employees >= 0", name="employees"),
        CheckConstraint(state_check("turnover", MoneyBand), name="turnover"),
        CheckConstraint(state_check("balance", MoneyBand), name="balance"),
        CheckConstraint(state_check("size", SizeClass), name="size"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    group_name: str | None = prose(default=None)
    employees: int
    turnover: str = prose()
    balance: str = prose()
    size: str = prose()
    stated_on: date


class Employer(BookingTable, table=True):
    """A company, association or public body, by organisation number."""

    __tablename__ = "employers"
    __table_args__ = (
        CheckConstraint(state_check("kind", EmployerKind), name="kind"),
        CheckConstraint(
            "(organisation_number IS NULL) = (number_sealed IS NOT NULL) AND "
            "(organisation_number IS NULL OR substr(organisation_number, 3, 1) >= '2')",
            name="number",
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = sorted_text(index=True)
    kind: str = prose()
    organisation_number: str | None = prose(default=None, unique=True)
    number_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    number_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    undertaking_id: UUID = Field(foreign_key="undertakings.id")
    registered_by: UUID | None = Field(default=None, foreign_key="persons.id")
    registered_at: datetime = moment()
    version: int = Field(default=0, sa_type=BigInteger)


class Workplace(BookingTable, table=True):
    """Where an employer's people work: county and industry are asked of it."""

    __tablename__ = "workplaces"
    __table_args__ = (
        UniqueConstraint("id", "employer_id"),
        CheckConstraint("(sni IS NULL) = (sni_version IS NULL)", name="sni"),
        CheckConstraint(state_check("sni_version", SniVersion), name="sni_version"),
        CheckConstraint(r"municipality ~ '^\d{4}$'", name="municipality"),
        Index("uq_workplaces_cfar", "cfar", unique=True, postgresql_where=text("cfar IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    employer_id: UUID = Field(foreign_key="employers.id", index=True)
    name: str = sorted_text()
    municipality: str = prose()
    cfar: str | None = prose(default=None)
    sni: str | None = prose(default=None)
    sni_version: str | None = prose(default=None)


class EmployerProject(BookingTable, table=True):
    """An employer's part in a project, with how it is affected in its own words where the project asks."""

    __tablename__ = "employer_projects"
    __table_args__ = (
        CheckConstraint(state_check("membership", Membership), name="membership"),
        CheckConstraint(state_check("affected_by", AffectedBy), name="affected_by"),
        Index("ix_employer_projects_project_id", "project_id"),
    )

    employer_id: UUID = Field(primary_key=True, foreign_key="employers.id")
    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    membership: str = prose()
    affected_by: str | None = prose(default=None)
    statement: str | None = prose(default=None)
    size_at_entry: str = prose()
    joined_on: date
    left_on: date | None = None


class ProjectWorkplace(BookingTable, table=True):
    """A workplace that the project's conditions let in, and when that was decided."""

    __tablename__ = "project_workplaces"
    __table_args__ = (
        ForeignKeyConstraint(["workplace_id", "employer_id"], ["workplaces.id", "workplaces.employer_id"]),
        ForeignKeyConstraint(
            ["employer_id", "project_id"], ["employer_projects.employer_id", "employer_projects.project_id"]
        ),
        Index("ix_project_workplaces_employer_id", "employer_id", "project_id"),
    )

    project_id: UUID = Field(primary_key=True)
    workplace_id: UUID = Field(primary_key=True)
    employer_id: UUID
    decided_on: date


class Employment(BookingTable, table=True):
    """A person works at a workplace, from a day to a day."""

    __tablename__ = "employments"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        Index("ix_employments_workplace_id", "workplace_id"),
        Index("uq_employments_now", "person_id", "workplace_id", unique=True, postgresql_where=text("ends_on IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id")
    workplace_id: UUID = Field(foreign_key="workplaces.id")
    starts_on: date
    ends_on: date | None = None


class EmployerHistory(HistoryColumns, table=True):
    """What has happened to an employer's record and its part in projects."""

    __tablename__ = "employer_history"

    employer_id: UUID = Field(foreign_key="employers.id", index=True)
    project_id: UUID | None = Field(default=None, foreign_key="projects.id")
