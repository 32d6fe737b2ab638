"""Reads of people: who one is oneself, and who holds which role in a project."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.grants import held_grants
from services.booking.people.tables import Participation, Person, PersonHistory, RoleGrant
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.bodies import View
from shared.web.paging import Page, PageFilter, Rows, page_of

_NAMES = """
    SELECT id, name FROM projects WHERE id = ANY($1::uuid[])
    UNION ALL SELECT id, name FROM employers WHERE id = ANY($2::uuid[])
    UNION ALL SELECT DISTINCT buyer_id, name FROM project_buyers WHERE buyer_id = ANY($3::uuid[])
"""


class GrantView(View):
    """A role and what it is held for."""

    grant_id: UUID
    role: str
    project_id: UUID | None
    employer_id: UUID | None
    buyer_id: UUID | None
    granted_by: UUID | None
    granted_at: datetime


class PersonView(View):
    """A person; of one with protected identity nobody but she sees names and addresses."""

    person_id: UUID
    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None
    language: str
    protected: bool
    number_kind: str
    version: int


class ParticipationView(View):
    """A person's part in a project."""

    project_id: UUID
    starts_on: date
    ends_on: date | None
    status_at_entry: str
    education_at_entry: str
    reportable: bool


class ParticipantView(ParticipationView):
    """A participant in a project's list; of one with protected identity the names are left out."""

    person_id: UUID
    protected: bool
    given_name: str | None
    family_name: str | None


class MeView(View):
    """Who is signed in; without an account there is a subject and no person."""

    issuer: str
    subject: str
    person: PersonView | None
    grants: list[GrantView]
    participations: list[ParticipationView]


class HeldRoleView(GrantView):
    """A role in a project's list, with its holder; of one with protected identity the names are left out."""

    person_id: UUID
    given_name: str | None
    family_name: str | None


def person_view(person: Person, *, reader: UUID) -> PersonView:
    """Return what the reader may see of the person."""
    shown = not person.protected or reader == person.id
    return PersonView(
        person_id=person.id,
        given_name=person.given_name if shown else None,
        family_name=person.family_name if shown else None,
        email=person.email if shown else None,
        phone=person.phone if shown else None,
        language=person.language,
        protected=person.protected,
        number_kind=person.number_kind,
        version=person.version,
    )


def grant_view(row: RoleGrant) -> GrantView:
    """Return a role and what it is held for."""
    return GrantView(
        grant_id=row.id,
        role=row.role,
        project_id=row.project_id,
        employer_id=row.employer_id,
        buyer_id=row.buyer_id,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
    )


async def get_person(session: AsyncSession, person_id: UUID, *, reader: UUID) -> PersonView:
    """Return what the reader may see of a person; raises NotFound for an unknown or erased one."""
    person = await session.get(Person, person_id)
    if person is None or person.erased_at is not None:
        raise NotFound(N_("There is no such person here."), code="person_not_found")
    return person_view(person, reader=reader)


async def list_own_grants(session: AsyncSession, person_id: UUID) -> list[GrantView]:
    """Return the roles that the person holds."""
    return [grant_view(row) for row in await held_grants(session, person_id)]


async def list_participations(session: AsyncSession, person_id: UUID) -> list[ParticipationView]:
    """Return the person's parts in projects, the first first."""
    found = await session.exec(
        select(Participation)
        .where(col(Participation.person_id) == person_id)
        .order_by(col(Participation.starts_on), col(Participation.id))
    )
    return [ParticipationView.model_validate(row) for row in found]


async def list_held_roles(session: AsyncSession, project_id: UUID, query: PageFilter) -> Page[HeldRoleView]:
    """Return the roles held for the project itself, the oldest first."""
    page: Rows[Any] = await page_of(
        session,
        select(RoleGrant, Person)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .where(col(RoleGrant.project_id) == project_id, col(RoleGrant.withdrawn_at).is_(None)),
        [col(RoleGrant.id)],
        query,
        keys=lambda row: (row[0].id,),
    )
    return Page(items=[held_role_view(grant, person) for grant, person in page.rows], next=page.next)


async def list_employer_roles(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: PageFilter
) -> Page[HeldRoleView]:
    """Return the roles held for an employer in a project: its contacts and chosen coaches, the oldest first."""
    page: Rows[Any] = await page_of(
        session,
        select(RoleGrant, Person)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .where(
            col(RoleGrant.employer_id) == employer_id,
            col(RoleGrant.project_id).is_(None) | (col(RoleGrant.project_id) == project_id),
            col(RoleGrant.withdrawn_at).is_(None),
        ),
        [col(RoleGrant.id)],
        query,
        keys=lambda row: (row[0].id,),
    )
    return Page(items=[held_role_view(grant, person) for grant, person in page.rows], next=page.next)


async def get_held_role(session: AsyncSession, grant_id: UUID) -> HeldRoleView | None:
    """Return a role that is held with its holder; None for one that was taken back."""
    found = await session.exec(
        select(RoleGrant, Person)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .where(col(RoleGrant.id) == grant_id, col(RoleGrant.withdrawn_at).is_(None))
    )
    row = found.one_or_none()
    return None if row is None else held_role_view(*row)


async def list_coaches(session: AsyncSession, project_id: UUID) -> list[tuple[UUID, str]]:
    """Return the project's coaches, by name."""
    found = await session.exec(
        select(Person.id, Person.given_name, Person.family_name)
        .join(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
        .where(
            col(RoleGrant.project_id) == project_id,
            col(RoleGrant.role) == Role.COACH.value,
            col(RoleGrant.withdrawn_at).is_(None),
            col(Person.erased_at).is_(None),
            col(Person.protected).is_(False),
        )
        .distinct()
        .order_by(col(Person.family_name), col(Person.given_name), col(Person.id))
    )
    return [(person_id, f"{given} {family}") for person_id, given, family in found]


def held_role_view(grant: RoleGrant, person: Person) -> HeldRoleView:
    """Return a role with its holder."""
    return HeldRoleView(
        **grant_view(grant).model_dump(),
        person_id=person.id,
        given_name=None if person.protected else person.given_name,
        family_name=None if person.protected else person.family_name,
    )


async def list_participants(session: AsyncSession, project_id: UUID, query: PageFilter) -> Page[ParticipantView]:
    """Return everybody who takes part in the project, in the order in which they were added."""
    page: Rows[Any] = await page_of(
        session,
        select(Participation, Person)
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(col(Participation.project_id) == project_id, col(Person.erased_at).is_(None)),
        [col(Participation.id)],
        query,
        keys=lambda row: (row[0].id,),
    )
    return Page(items=[participant_view(row, person) for row, person in page.rows], next=page.next)


def participant_view(participation: Participation, person: Person) -> ParticipantView:
    """Return what the project's list shows of a participant."""
    return ParticipantView(
        **ParticipationView.model_validate(participation).model_dump(),
        person_id=person.id,
        protected=person.protected,
        given_name=None if person.protected else person.given_name,
        family_name=None if person.protected else person.family_name,
    )


async def list_person_history(
    session: AsyncSession, person_id: UUID, employer_id: UUID, limit: int = 20
) -> Sequence[PersonHistory]:
    """Return what an employer may know of what happened to the person's record, the latest first.

    Her roles, her other employers and her parts in other projects are not this employer's to know.
    """
    change = col(PersonHistory.change)
    here = str(employer_id)
    statement = select(PersonHistory).where(
        col(PersonHistory.person_id) == person_id,
        change.in_(["added", "restricted", "erased"])
        | change.startswith("changed ")
        | change.startswith("sign-in bound ")
        | (change.startswith("employment ") & (func.coalesce(PersonHistory.after, PersonHistory.before) == here)),
    )
    return (await session.exec(statement.order_by(col(PersonHistory.id).desc()).limit(limit))).all()


async def names_held_for(
    session: AsyncSession, grants: Sequence[GrantView], participations: Sequence[ParticipationView]
) -> Mapping[UUID, str]:
    """Return the names of the projects, employers and buyers that somebody's roles and parts are in."""
    projects = {grant.project_id for grant in grants} | {part.project_id for part in participations}
    rows = await rows_of(
        session,
        _NAMES,
        [project for project in projects if project is not None],
        [grant.employer_id for grant in grants if grant.employer_id is not None],
        [grant.buyer_id for grant in grants if grant.buyer_id is not None],
    )
    return {row[0]: row[1] for row in rows}


async def find_names(session: AsyncSession, people: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the names of these people, as one sees those who have decided; of the erased there is none."""
    found = await session.exec(
        select(Person.id, Person.given_name, Person.family_name).where(
            col(Person.id).in_(people), col(Person.erased_at).is_(None), col(Person.protected).is_(False)
        )
    )
    return {person_id: f"{given_name} {family_name}" for person_id, given_name, family_name in found}
