"""The employers that a person reaches, with the projects and places they are in and how much waits for each."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, false, func, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject, Undertaking, Workplace
from services.booking.overview.reach import SEES_EMPLOYERS, employer_reached, part_reached
from services.booking.overview.waiting import waits_of
from services.booking.projects.tables import Project, ProjectBuyer
from shared.kernel.grants import Actor
from shared.kernel.municipalities import municipality_name
from shared.kernel.roles import Role
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of


class EmployersFilter(ListFilter):
    """Which employers to show."""

    sort: Literal["name", "-name", "registered", "-registered"] | None = None
    project: UUID | None = None
    membership: Membership | None = None
    municipality: str | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """An employer's part in a project, as a list shows it."""

    project_id: UUID
    name: str
    membership: str
    joined_on: date


@dataclass(frozen=True, slots=True)
class EmployerRow:
    """An employer in the list, with what the reader may know of its projects."""

    employer_id: UUID
    name: str
    kind: str
    organisation_number: str | None
    size: str
    municipalities: tuple[str, ...]
    parts: tuple[PartRow, ...]
    names_missing: int
    unmet_needs: int

    @property
    def places(self) -> str:
        """The municipalities of its workplaces, by name."""
        return ", ".join(municipality_name(code) for code in self.municipalities)


async def list_employers(
    session: AsyncSession, actor: Actor, query: EmployersFilter, now: datetime
) -> Rows[EmployerRow]:
    """Return the employers that the person reaches, with what waits for each."""
    conditions = [
        condition
        for condition in (
            None if query.project is None else col(EmployerProject.project_id) == query.project,
            None if query.membership is None else col(EmployerProject.membership) == query.membership.value,
        )
        if condition is not None
    ]
    statement = (
        select(Employer, Undertaking)
        .join(Undertaking, col(Undertaking.id) == col(Employer.undertaking_id))
        .where(employer_reached(actor, *conditions))
    )
    if query.q:
        statement = statement.where(
            col(Employer.name).collate("und-x-icu").icontains(query.q, autoescape=True)
            | (col(Employer.organisation_number) == _as_number(query.q))
        )
    if query.municipality:
        there = select(Workplace.employer_id).where(col(Workplace.municipality) == query.municipality)
        statement = statement.where(col(Employer.id).in_(there))
    by_day = (query.sort or "name").removeprefix("-") == "registered"
    columns: Sequence[Any] = [col(Employer.registered_at if by_day else Employer.name), col(Employer.id)]
    page: Rows[Any] = await page_of(
        session,
        statement,
        columns,
        query,
        keys=lambda row: (row[0].registered_at if by_day else row[0].name, row[0].id),
        descending=(query.sort or "").startswith("-"),
    )
    ids = [employer.id for employer, _ in page.rows]
    parts = await parts_of_employers(session, actor, ids)
    places = await _municipalities(session, ids)
    waits = await waits_of(session, [(one, part.project_id) for one in ids for part in parts[one]], now)
    rows = []
    for employer, undertaking in page.rows:
        own = [waits[employer.id, part.project_id] for part in parts[employer.id]]
        rows.append(
            EmployerRow(
                employer_id=employer.id,
                name=employer.name,
                kind=employer.kind,
                organisation_number=employer.organisation_number,
                size=undertaking.size,
                municipalities=places[employer.id],
                parts=parts[employer.id],
                names_missing=sum(each.names_missing for each in own),
                unmet_needs=sum(each.unmet_needs for each in own),
            )
        )
    return Rows(rows, page.next)


def _as_number(words: str) -> str:
    """Return the words as an organisation number is kept, if they are one written without its hyphen."""
    return f"{words[:6]}-{words[6:]}" if re.fullmatch(r"\d{10}", words) else words


async def ended_projects(session: AsyncSession, project_ids: Collection[UUID], today: date) -> Collection[UUID]:
    """Return those of the projects that were over before the day: nothing is to be done in them."""
    statement = select(Project.id).where(col(Project.id).in_(project_ids), col(Project.ends_on) < today)
    return frozenset(await session.exec(statement))


async def parts_of_employers(
    session: AsyncSession, actor: Actor, employer_ids: Sequence[UUID]
) -> Mapping[UUID, tuple[PartRow, ...]]:
    """Return the parts of each employer that the person reaches, those of now first."""
    statement = (
        select(EmployerProject, Project.name)
        .join(Project, col(Project.id) == col(EmployerProject.project_id))
        .where(col(EmployerProject.employer_id).in_(employer_ids), part_reached(actor.grants_of(*SEES_EMPLOYERS)))
        .order_by(col(EmployerProject.membership), col(Project.name), col(Project.id))
    )
    found: dict[UUID, list[PartRow]] = {employer_id: [] for employer_id in employer_ids}
    for part, name in await session.exec(statement):
        found[part.employer_id].append(PartRow(part.project_id, name, part.membership, part.joined_on))
    return {employer_id: tuple(parts) for employer_id, parts in found.items()}


async def _municipalities(session: AsyncSession, employer_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    statement = (
        select(Workplace.employer_id, func.array_agg(Workplace.municipality.distinct()))  # type: ignore[attr-defined]  # no part of its type
        .where(col(Workplace.employer_id).in_(employer_ids))
        .group_by(col(Workplace.employer_id))
    )
    found = {employer_id: tuple(sorted(codes)) for employer_id, codes in await session.exec(statement)}
    return {employer_id: found.get(employer_id, ()) for employer_id in employer_ids}


async def choices_of(session: AsyncSession, actor: Actor) -> tuple[list[tuple[UUID, str]], list[tuple[str, str]]]:
    """Return the projects and the municipalities that the person's employers are in, by name, to filter by."""
    reached = part_reached(actor.grants_of(*SEES_EMPLOYERS))
    projects = await session.exec(
        select(Project.id, Project.name)
        .where(col(Project.id).in_(select(EmployerProject.project_id).where(reached)))
        .order_by(col(Project.name), col(Project.id))
    )
    codes = await session.exec(
        select(Workplace.municipality)
        .where(col(Workplace.employer_id).in_(select(EmployerProject.employer_id).where(reached)))
        .distinct()
    )
    named = [(code, municipality_name(code)) for code in codes]
    return [(project_id, name) for project_id, name in projects], sorted(named, key=lambda pair: pair[1])


async def employers_by_id(session: AsyncSession, employer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of these employers, in the order of the names."""
    if not employer_ids:
        return {}
    statement = select(Employer.id, Employer.name).where(col(Employer.id).in_(employer_ids))
    return dict((await session.exec(statement.order_by(col(Employer.name), col(Employer.id)))).all())


async def projects_told_to(session: AsyncSession, actor: Actor, limit: int) -> list[tuple[UUID, str]]:
    """Return the projects whose figures the person may see without leading them, by name."""
    if not actor.holds(Role.COACH, Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE, Role.OPERATOR):
        return []
    coached = [grant.project_id for grant in actor.grants_of(Role.COACH) if grant.employer_id is None]
    office = actor.grants_of(Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE)
    bought = select(ProjectBuyer.project_id).where(
        or_(
            false(),
            *(
                and_(
                    true() if grant.buyer_id is None else col(ProjectBuyer.buyer_id) == grant.buyer_id,
                    true() if grant.project_id is None else col(ProjectBuyer.project_id) == grant.project_id,
                )
                for grant in office
            ),
        )
    )
    reached = or_(
        true() if actor.holds(Role.OPERATOR) else false(), col(Project.id).in_(coached), col(Project.id).in_(bought)
    )
    statement = select(Project.id, Project.name).where(reached).order_by(col(Project.name), col(Project.id))
    return [(project_id, name) for project_id, name in await session.exec(statement.limit(limit))]


async def project_names(session: AsyncSession, project_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Return these projects with their names, by name."""
    if not project_ids:
        return []
    statement = select(Project.id, Project.name).where(col(Project.id).in_(project_ids))
    return [(project_id, name) for project_id, name in await session.exec(statement.order_by(col(Project.name)))]
