"""Persons, their sign-ins, invitations and grants, and their part in projects.

An identity number is here only sealed, with a keyed hash; history rows tell what was changed, never the values.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose, sorted_text
from services.booking.people.rules import HELD_FOR, BoundBy, Education, EntryStatus, Gender, NumberKind
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.states import state_check


class Person(BookingTable, table=True):
    """A human being. `erased_at`: erased or, while a keeping time runs, restricted; nobody is shown her any more."""

    __tablename__ = "persons"
    __table_args__ = (
        CheckConstraint(state_check("number_kind", NumberKind), name="number_kind"),
        CheckConstraint(
            "(number_kind = 'none') = (number_sealed IS NULL) AND (number_sealed IS NULL) = (number_hash IS NULL)",
            name="number",
        ),
        CheckConstraint(state_check("gender", Gender), name="gender"),
        CheckConstraint(
            "number_kind IN ('personal', 'coordination') OR num_nonnulls(gender, birth_year) = 0", name="coarse"
        ),
        CheckConstraint("language IN ('sv', 'en')", name="language"),
        Index("ix_persons_number_hash", "number_hash", postgresql_where=text("number_hash IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    given_name: str = sorted_text()
    family_name: str = sorted_text()
    email: str | None = prose(default=None)
    phone: str | None = prose(default=None)
    language: str = prose(default="sv")
    protected: bool = False
    number_kind: str = prose(default=NumberKind.NONE.value)
    number_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    number_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    gender: str | None = prose(default=None)
    birth_year: int | None = Field(
        default=None,
        sa_type=SmallInteger,
        sa_column_kwargs={"comment": "with gender: what the number says, for figures alone"},
    )
    version: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = moment()
    erased_at: datetime | None = moment(default=None)


class Account(BookingTable, table=True):
    """A sign-in that is a person's: made once, by registering or by a single-use invitation, never by an e-mail."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint(state_check("bound_by", BoundBy), name="by"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id", index=True)
    issuer: str = prose()
    subject: str = prose()
    bound_by: str = prose()
    bound_at: datetime = moment()


class Invitation(BookingTable, table=True):
    """A single-use way to an account; only the hash of its code is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "ix_invitations_open", "person_id", unique=True, postgresql_where=text("used_at IS NULL AND NOT revoked")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id")
    code_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    made_by: UUID = Field(foreign_key="persons.id")
    made_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(default=None)
    revoked: bool = False


def _held_for_check() -> str:
    cases = []
    for role, rule in HELD_FOR.items():
        parts = []
        for column in ("project_id", "employer_id", "buyer_id"):
            if column in rule.needed:
                parts.append(f"{column} IS NOT NULL")
            elif column not in rule.possible:
                parts.append(f"{column} IS NULL")
        cases.append(f"(role = '{role.value}' AND {' AND '.join(parts)})")
    return " OR ".join(cases)


class RoleGrant(BookingTable, table=True):
    """A role that a person holds for a project, employer or buyer, from when it was given until it was taken back."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint(state_check("role", Role), name="role"),
        CheckConstraint(_held_for_check(), name="held_for"),
        Index(
            "uq_role_grants_held",
            "person_id",
            "role",
            "project_id",
            "employer_id",
            "buyer_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_role_grants_project_id", "project_id", postgresql_where=text("withdrawn_at IS NULL")),
        Index("ix_role_grants_employer_id", "employer_id", postgresql_where=text("withdrawn_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id")
    role: str = prose()
    project_id: UUID | None = Field(default=None, foreign_key="projects.id")
    employer_id: UUID | None = Field(default=None, foreign_key="employers.id")
    buyer_id: UUID | None = None
    granted_by: UUID | None = Field(default=None, foreign_key="persons.id")
    granted_at: datetime = moment()
    withdrawn_by: UUID | None = Field(default=None, foreign_key="persons.id")
    withdrawn_at: datetime | None = moment(default=None)


class Participation(BookingTable, table=True):
    """A person's part in a project, once for each project; status and education are those of the day of entry."""

    __tablename__ = "participations"
    __table_args__ = (
        UniqueConstraint("person_id", "project_id"),
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint(state_check("status_at_entry", EntryStatus), name="status"),
        CheckConstraint(state_check("education_at_entry", Education), name="education"),
        Index("ix_participations_project_id", "project_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id")
    project_id: UUID = Field(foreign_key="projects.id")
    starts_on: date
    ends_on: date | None = None
    status_at_entry: str = prose()
    education_at_entry: str = prose()
    reportable: bool


class PersonHistory(HistoryColumns, table=True):
    """What has happened to a person's record."""

    __tablename__ = "person_history"

    person_id: UUID = Field(foreign_key="persons.id", index=True)


class IdentityLook(BookingTable, table=True):
    """Somebody asked who a participant with protected identity is, and was told. Rows are added, never changed."""

    __tablename__ = "identity_looks"
    __table_args__ = (
        Index("ix_identity_looks_project_id", "project_id", "id"),
        Index("ix_identity_looks_person_id", "person_id", "actor_id", "at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")
    person_id: UUID = Field(foreign_key="persons.id")
    actor_id: UUID = Field(foreign_key="persons.id")
    at: datetime = moment()
    reason: str = prose()
