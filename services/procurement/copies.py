"""Copies of what booking says of projects, employers and people; only what procurement needs of each.

No foreign key points at a copy: it may come late, and it goes when its owner erases it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Index, Text, Uuid, delete
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import ProcurementTable
from shared.contracts.booking import EmployerDescribed, PersonDescribed, ProjectDescribed
from shared.db import swedish_text
from shared.kernel.grants import Subject
from shared.kernel.roles import Role
from shared.messaging.reactions import Copies, Delivery
from shared.web.browser.sessions import end_sessions_of

COPIES = Copies("procurement")
COPY_TABLES = ("project_copies", "employer_copies", "person_copies", "person_account_copies")
"""What `kurslots rebuild` empties and fills again: these hold nothing but copies."""


class ProjectCopy(ProcurementTable, table=True):
    """A project and the buyers that buy for it."""

    __tablename__: ClassVar[str] = "project_copies"
    __table_args__ = (Index("ix_project_copies_buyer_ids", "buyer_ids", postgresql_using="gin"),)

    project_id: UUID = Field(primary_key=True)
    code: str
    name: str = Field(sa_column=Column(swedish_text(), nullable=False))
    demonstration: bool
    starts_on: date
    ends_on: date | None = None
    buyer_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))


class EmployerCopy(ProcurementTable, table=True):
    """An employer's name, for the officer's lists."""

    __tablename__: ClassVar[str] = "employer_copies"

    employer_id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(swedish_text(), nullable=False))
    organisation_number: str | None = None


class PersonCopy(ProcurementTable, table=True):
    """A person and what she may act as; `grants` are as on the wire. Of a protected person there is no name."""

    __tablename__: ClassVar[str] = "person_copies"
    __table_args__ = (
        Index("ix_person_copies_grants", "grants", postgresql_using="gin", postgresql_ops={"grants": "jsonb_path_ops"}),
    )

    person_id: UUID = Field(primary_key=True)
    protected: bool
    name: str | None = Field(default=None, sa_column=Column(swedish_text()))
    grants: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class PersonAccountCopy(ProcurementTable, table=True):
    """A sign-in that is a person's."""

    __tablename__: ClassVar[str] = "person_account_copies"

    issuer: str = Field(sa_column=Column(Text, primary_key=True))
    subject: str = Field(sa_column=Column(Text, primary_key=True))
    person_id: UUID = Field(index=True)


@COPIES.of(ProjectDescribed)
async def copy_project(delivery: Delivery, state: ProjectDescribed) -> None:
    """Keep the project."""
    await delivery.session.merge(
        ProjectCopy(
            project_id=state.project_id,
            code=state.code,
            name=state.name,
            demonstration=state.demonstration,
            starts_on=state.starts_on,
            ends_on=state.ends_on,
            buyer_ids=[buyer.buyer_id for buyer in state.buyers],
        )
    )
    await delivery.session.flush()


@COPIES.gone(ProjectDescribed)
async def erase_project(delivery: Delivery, key: UUID) -> None:
    """Drop the project."""
    await delivery.session.exec(delete(ProjectCopy).where(col(ProjectCopy.project_id) == key))


@COPIES.of(EmployerDescribed)
async def copy_employer(delivery: Delivery, state: EmployerDescribed) -> None:
    """Keep the employer's name."""
    await delivery.session.merge(
        EmployerCopy(employer_id=state.employer_id, name=state.name, organisation_number=state.organisation_number)
    )
    await delivery.session.flush()


@COPIES.gone(EmployerDescribed)
async def erase_employer(delivery: Delivery, key: UUID) -> None:
    """Drop the employer."""
    await delivery.session.exec(delete(EmployerCopy).where(col(EmployerCopy.employer_id) == key))


@COPIES.of(PersonDescribed)
async def copy_person(delivery: Delivery, state: PersonDescribed) -> None:
    """Keep the person, her grants and her sign-ins. A sign-in belongs to whom it was last said to belong to."""
    session = delivery.session
    names = [part for part in (state.given_name, state.family_name) if part and not state.protected]
    await session.merge(
        PersonCopy(
            person_id=state.person_id,
            protected=state.protected,
            name=" ".join(names) or None,
            grants=[grant.model_dump(mode="json", exclude_none=True) for grant in state.grants],
        )
    )
    await session.exec(delete(PersonAccountCopy).where(col(PersonAccountCopy.person_id) == state.person_id))
    for account in state.accounts:
        await session.merge(
            PersonAccountCopy(issuer=account.issuer, subject=account.subject, person_id=state.person_id)
        )
    await session.flush()


@COPIES.gone(PersonDescribed)
async def erase_person(delivery: Delivery, key: UUID) -> None:
    """Drop the person, her grants and her sign-ins, and sign her out: from now on she is nobody here."""
    session = delivery.session
    accounts = await session.exec(select(PersonAccountCopy).where(col(PersonAccountCopy.person_id) == key))
    for account in accounts.all():
        await end_sessions_of(session, Subject(account.issuer, account.subject))
    await session.exec(delete(PersonAccountCopy).where(col(PersonAccountCopy.person_id) == key))
    await session.exec(delete(PersonCopy).where(col(PersonCopy.person_id) == key))


async def find_names(session: AsyncSession, people: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the names of these people; of the erased and the protected there is none."""
    found = await session.exec(
        select(PersonCopy.person_id, PersonCopy.name).where(col(PersonCopy.person_id).in_(people))
    )
    return {person_id: name for person_id, name in found if name}


async def projects_of_buyer(session: AsyncSession, buyer_id: UUID) -> frozenset[UUID]:
    """Return the projects that the buyer buys for."""
    found = await session.exec(select(ProjectCopy.project_id).where(col(ProjectCopy.buyer_ids).contains([buyer_id])))
    return frozenset(found.all())


async def people_granted(session: AsyncSession, role: Role, **scope: UUID) -> Sequence[PersonCopy]:
    """Return the people who hold a role for what `scope` names (buyer_id, employer_id, …), by name."""
    grant = {"role": role.value, **{name: str(value) for name, value in scope.items()}}
    found = await session.exec(
        select(PersonCopy)
        .where(col(PersonCopy.grants).contains([grant]))
        .order_by(col(PersonCopy.name), col(PersonCopy.person_id))
        .limit(500)
    )
    return found.all()
