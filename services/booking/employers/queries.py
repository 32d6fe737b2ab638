"""Reads of employers and their people. Of a protected person no list tells a name, an address, or where she sorts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, literal
from sqlalchemy.orm import Mapped
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.rules import Membership
from services.booking.employers.tables import (
    Employer,
    EmployerHistory,
    EmployerProject,
    Employment,
    ProjectWorkplace,
    Undertaking,
    Workplace,
)
from services.booking.people.grants import grant_of, held_grants
from services.booking.people.tables import Participation, Person, RoleGrant
from shared.db import SWEDISH, rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Grant, Scope
from shared.kernel.texts import N_
from shared.web.bodies import View
from shared.web.paging import Page, PageFilter, Rows, page_of

# A project that an employer has joined or left, and who buys for it.
_PARTS_AND_BUYERS = """
    SELECT part.project_id, buyer.buyer_id
      FROM employers
      LEFT JOIN employer_projects AS part ON part.employer_id = employers.id
      LEFT JOIN project_buyers AS buyer ON buyer.project_id = part.project_id
     WHERE employers.id = $1
"""


class WorkplaceView(View):
    """A workplace, and the projects whose conditions let it in."""

    workplace_id: UUID
    name: str
    municipality: str
    cfar: str | None
    sni: str | None
    sni_version: str | None
    project_ids: list[UUID]


class UndertakingView(View):
    """The single undertaking, group included."""

    group_name: str | None
    employees: int
    turnover: str
    balance: str
    size: str
    stated_on: date


class MembershipView(View):
    """The employer's part in a project."""

    project_id: UUID
    membership: str
    affected_by: str | None
    statement: str | None
    joined_on: date
    left_on: date | None


class EmployerView(View):
    """A whole employer; a sole trader's number is not told."""

    employer_id: UUID
    name: str
    kind: str
    organisation_number: str | None
    undertaking: UndertakingView
    workplaces: list[WorkplaceView]
    projects: list[MembershipView]
    version: int


class EmployerSummary(View):
    """An employer in a project's list."""

    employer_id: UUID
    name: str
    kind: str
    organisation_number: str | None
    size: str
    joined_on: date


class EmployeeView(View):
    """A person of an employer; of one with protected identity the names and addresses are left out."""

    person_id: UUID
    protected: bool
    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None
    language: str
    workplace_id: UUID
    works_from: date
    takes_part_from: date
    takes_part_to: date | None
    reportable: bool
    version: int


class HistoryView(View):
    """One change: who (none: the system), when, what and why."""

    at: datetime
    actor_id: UUID | None
    change: str
    project_id: UUID | None
    before: str | None
    after: str | None
    reason: str | None


async def get_employer(session: AsyncSession, employer_id: UUID) -> EmployerView:
    """Return an employer with its workplaces and projects; raises NotFound."""
    employer = await session.get(Employer, employer_id)
    if employer is None:
        raise NotFound(N_("There is no such employer here."), code="employer_not_found")
    undertaking = await session.get_one(Undertaking, employer.undertaking_id)
    joined = await session.exec(
        select(EmployerProject)
        .where(col(EmployerProject.employer_id) == employer_id)
        .order_by(col(EmployerProject.joined_on), col(EmployerProject.project_id))
    )
    return EmployerView(
        employer_id=employer.id,
        name=employer.name,
        kind=employer.kind,
        organisation_number=employer.organisation_number,
        undertaking=UndertakingView.model_validate(undertaking),
        workplaces=await list_workplaces(session, employer_id),
        projects=[MembershipView.model_validate(row) for row in joined],
        version=employer.version,
    )


async def list_workplaces(session: AsyncSession, employer_id: UUID) -> list[WorkplaceView]:
    """Return the employer's workplaces by name."""
    admitted: dict[UUID, list[UUID]] = {}
    for row in await session.exec(
        select(ProjectWorkplace)
        .where(col(ProjectWorkplace.employer_id) == employer_id)
        .order_by(col(ProjectWorkplace.project_id))
    ):
        admitted.setdefault(row.workplace_id, []).append(row.project_id)
    workplaces = await session.exec(
        select(Workplace)
        .where(col(Workplace.employer_id) == employer_id)
        .order_by(col(Workplace.name), col(Workplace.id))
    )
    return [
        WorkplaceView(
            workplace_id=workplace.id,
            name=workplace.name,
            municipality=workplace.municipality,
            cfar=workplace.cfar,
            sni=workplace.sni,
            sni_version=workplace.sni_version,
            project_ids=admitted.get(workplace.id, []),
        )
        for workplace in workplaces
    ]


async def list_employers(
    session: AsyncSession,
    project_id: UUID,
    query: PageFilter,
    *,
    search: str | None = None,
) -> Page[EmployerSummary]:
    """Return a project's employers by name; `search` is part of a name, or a whole organisation number."""
    statement = (
        select(Employer, Undertaking, EmployerProject)
        .join(EmployerProject, col(EmployerProject.employer_id) == col(Employer.id))
        .join(Undertaking, col(Undertaking.id) == col(Employer.undertaking_id))
        .where(
            col(EmployerProject.project_id) == project_id,
            col(EmployerProject.membership) == Membership.JOINED.value,
        )
    )
    if search is not None:
        statement = statement.where(
            col(Employer.name).collate("und-x-icu").icontains(search, autoescape=True)
            | (col(Employer.organisation_number) == search)
        )
    page: Rows[Any] = await page_of(
        session, statement, [col(Employer.name), col(Employer.id)], query, keys=lambda row: (row[0].name, row[0].id)
    )
    return Page(
        items=[
            EmployerSummary(
                employer_id=employer.id,
                name=employer.name,
                kind=employer.kind,
                organisation_number=employer.organisation_number,
                size=undertaking.size,
                joined_on=joined.joined_on,
            )
            for employer, undertaking, joined in page.rows
        ],
        next=page.next,
    )


def unless_protected(column: Mapped[str]) -> ColumnElement[str]:
    """Sort a protected person before all others, so that her place in the list tells nothing of her name."""
    return case((col(Person.protected), literal("")), else_=column).collate(SWEDISH)


async def list_people(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: PageFilter
) -> Page[EmployeeView]:
    """Return the employer's people who take part in the project, by name; raises NotFound."""
    await check_in_project(session, project_id, employer_id)
    family, given = unless_protected(col(Person.family_name)), unless_protected(col(Person.given_name))
    statement = (
        select(Person, Employment, Participation)
        .join(Employment, col(Employment.person_id) == col(Person.id))
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .join(Participation, col(Participation.person_id) == col(Person.id))
        .where(
            col(Workplace.employer_id) == employer_id,
            col(Participation.project_id) == project_id,
            col(Employment.ends_on).is_(None),
            col(Person.erased_at).is_(None),
        )
    )
    page: Rows[Any] = await page_of(
        session,
        statement,
        [family, given, col(Employment.id)],
        query,
        keys=lambda row: (
            ("", "", row[1].id) if row[0].protected else (row[0].family_name, row[0].given_name, row[1].id)
        ),
    )
    return Page(items=[employee_view(row[0], row[1], row[2]) for row in page.rows], next=page.next)


def employee_view(person: Person, employment: Employment, participation: Participation) -> EmployeeView:
    """Return what the employer and the project see of the person."""
    shown = not person.protected
    return EmployeeView(
        person_id=person.id,
        protected=person.protected,
        given_name=person.given_name if shown else None,
        family_name=person.family_name if shown else None,
        email=person.email if shown else None,
        phone=person.phone if shown else None,
        language=person.language,
        workplace_id=employment.workplace_id,
        works_from=employment.starts_on,
        takes_part_from=participation.starts_on,
        takes_part_to=participation.ends_on,
        reportable=participation.reportable,
        version=person.version,
    )


async def get_employee(session: AsyncSession, project_id: UUID, employer_id: UUID, person_id: UUID) -> EmployeeView:
    """Return one of the employer's people in the project; raises NotFound."""
    employment = await find_employment(session, employer_id, person_id)
    participations = await session.exec(
        select(Participation).where(
            col(Participation.person_id) == person_id, col(Participation.project_id) == project_id
        )
    )
    participation = participations.one_or_none()
    person = await session.get(Person, person_id)
    if person is None or person.erased_at is not None or employment is None or participation is None:
        raise NotFound(N_("There is no such person here."), code="person_not_found")
    return employee_view(person, employment, participation)


async def find_employment(session: AsyncSession, employer_id: UUID, person_id: UUID) -> Employment | None:
    """Return the person's present work for the employer, the first begun where there are several."""
    found = await session.exec(
        select(Employment)
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .where(
            col(Workplace.employer_id) == employer_id,
            col(Employment.person_id) == person_id,
            col(Employment.ends_on).is_(None),
        )
        .order_by(col(Employment.starts_on), col(Employment.id))
        .limit(1)
    )
    return found.first()


async def check_in_project(session: AsyncSession, project_id: UUID, employer_id: UUID) -> None:
    """Raise NotFound unless the employer has, or has had, a part in the project."""
    if await session.get(EmployerProject, (employer_id, project_id)) is None:
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")


async def is_member(session: AsyncSession, project_id: UUID, employer_id: UUID) -> bool:
    """Whether the employer has a part in the project now."""
    joined = await session.get(EmployerProject, (employer_id, project_id))
    return joined is not None and joined.membership == Membership.JOINED.value


async def list_history(session: AsyncSession, employer_id: UUID, query: PageFilter) -> Page[HistoryView]:
    """Return what has happened to the employer, the latest first."""
    page = await page_of(
        session,
        select(EmployerHistory).where(col(EmployerHistory.employer_id) == employer_id),
        [col(EmployerHistory.id)],
        query,
        keys=lambda row: (row.id,),
        descending=True,
    )
    return Page(items=[HistoryView.model_validate(row) for row in page.rows], next=page.next)


async def find_employer_scope(session: AsyncSession, employer_id: UUID) -> Scope | None:
    """Return the scope of an employer: itself, the projects that it has joined or left, and their buyers."""
    found = await rows_of(session, _PARTS_AND_BUYERS, employer_id)
    if not found:
        return None
    return Scope(
        employers=frozenset({employer_id}),
        projects=frozenset(project for project, _ in found if project is not None),
        buyers=frozenset(buyer for _, buyer in found if buyer is not None),
    )


async def employers_of(session: AsyncSession, person_id: UUID) -> frozenset[UUID]:
    """Return for whom the person works now."""
    found = await session.exec(
        select(Workplace.employer_id)
        .join(Employment, col(Employment.workplace_id) == col(Workplace.id))
        .where(col(Employment.person_id) == person_id, col(Employment.ends_on).is_(None))
    )
    return frozenset(found.all())


async def find_person_scope(session: AsyncSession, person_id: UUID) -> Scope | None:
    """Return whose a person is: herself, her employers of now, and the projects and employers that she acts in."""
    person = await session.get(Person, person_id)
    if person is None or person.erased_at is not None:
        return None
    projects = await session.exec(select(Participation.project_id).where(col(Participation.person_id) == person_id))
    grants = await held_grants(session, person_id)
    reached = [await scope_of_grant(session, grant_of(row)) for row in grants]
    return Scope(
        persons=frozenset({person_id}),
        employers=(await employers_of(session, person_id)).union(*(scope.employers or () for scope in reached)),
        projects=frozenset(projects.all()).union(*(scope.projects or () for scope in reached)),
        buyers=frozenset[UUID]().union(*(scope.buyers or () for scope in reached)),
    )


async def find_grant_scope(session: AsyncSession, grant_id: UUID) -> Scope | None:
    """Return what a grant is held for."""
    row = await session.get(RoleGrant, grant_id)
    return None if row is None else await scope_of_grant(session, grant_of(row))


async def scope_of_grant(session: AsyncSession, grant: Grant) -> Scope:
    """Return what a grant is held for; one for an employer alone reaches every project that it has joined."""
    projects = frozenset[UUID]() if grant.project_id is None else frozenset({grant.project_id})
    if grant.project_id is None and grant.employer_id is not None:
        scope = await find_employer_scope(session, grant.employer_id)
        projects = (scope.projects if scope is not None else None) or frozenset()
    return Scope(
        projects=projects,
        employers=frozenset() if grant.employer_id is None else frozenset({grant.employer_id}),
        buyers=frozenset() if grant.buyer_id is None else frozenset({grant.buyer_id}),
    )
