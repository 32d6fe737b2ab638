"""Why somebody whom an employer names may not have a seat: which person, and which of the conditions is not met.

Asked only once it is known that she may not. Of whoever does not work for the employer nothing is told, not her name.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.commands import reasons_against
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.people.tables import Participation, Person
from services.booking.projects.queries import get_project_row
from services.booking.projects.tables import Project
from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_, Text

_SHE: Final = Text(N_("This person"))


async def why_not(
    session: AsyncSession, people: Collection[UUID], *, project_id: UUID, employer_id: UUID, on: date
) -> Mapping[UUID, Sequence[InvalidInput]]:
    """Return what stands in the way of each person on the day of the run, without a field."""
    project = await get_project_row(session, project_id)
    persons = await session.exec(select(Person).where(col(Person.id).in_(people), col(Person.erased_at).is_(None)))
    parts = await session.exec(
        select(Participation).where(
            col(Participation.person_id).in_(people), col(Participation.project_id) == project_id
        )
    )
    part_of = {part.person_id: part for part in parts}
    works = await _employments(session, people, project_id, employer_id)
    found = {
        person.id: _reasons(project, person, works[person.id], part_of.get(person.id), on)
        for person in persons
        if person.id in works
    }
    return {person: found.get(person) or [_no_employee()] for person in people}


async def _employments(
    session: AsyncSession, people: Collection[UUID], project_id: UUID, employer_id: UUID
) -> Mapping[UUID, Sequence[tuple[Employment, Workplace, ProjectWorkplace | None]]]:
    statement = (
        select(Employment, Workplace, ProjectWorkplace)
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .outerjoin(
            ProjectWorkplace,
            (col(ProjectWorkplace.workplace_id) == col(Workplace.id))
            & (col(ProjectWorkplace.project_id) == project_id),
        )
        .where(col(Employment.person_id).in_(people), col(Workplace.employer_id) == employer_id)
    )
    found: dict[UUID, list[tuple[Employment, Workplace, ProjectWorkplace | None]]] = {}
    for employment, workplace, admitted in await session.exec(statement.order_by(col(Employment.id))):
        found.setdefault(employment.person_id, []).append((employment, workplace, admitted))
    return found


def _reasons(
    project: Project,
    person: Person,
    works: Sequence[tuple[Employment, Workplace, ProjectWorkplace | None]],
    part: Participation | None,
    on: date,
) -> list[InvalidInput]:
    name: object = _SHE if person.protected else f"{person.given_name} {person.family_name}"
    current = [each for each in works if each[0].ends_on is None or each[0].ends_on >= on]
    if not current:
        last = max(each[0].ends_on for each in works if each[0].ends_on is not None)
        return [
            InvalidInput(
                N_("{name} works for the employer until {day}, which is before the course begins."),
                code="employment_ended",
                name=name,
                day=last,
            )
        ]
    errors: list[InvalidInput] = []
    if not any(admitted is not None for _, _, admitted in current):
        errors += [error for _, workplace, _ in current for error in _not_let_in(project, workplace, name)]
    if part is None:
        errors.append(
            InvalidInput(
                N_("{name} does not take part in the project yet. Add her among the employer's people there first."),
                code="not_a_participant",
                name=name,
            )
        )
    elif part.ends_on is not None and part.ends_on < on:
        errors.append(
            InvalidInput(
                N_("{name} takes part in the project until {day}, which is before the course begins."),
                code="participation_ended",
                name=name,
                day=part.ends_on,
            )
        )
    return errors


def _not_let_in(project: Project, workplace: Workplace, name: object) -> list[InvalidInput]:
    reasons = reasons_against(project, workplace)
    if not reasons:
        return [
            InvalidInput(
                N_("{name} works at “{workplace}”, which has not been let into the project. Speak to its lead."),
                code="workplace_not_admitted",
                name=name,
                workplace=workplace.name,
            )
        ]
    return [
        InvalidInput(
            N_("{name} works at “{workplace}”, which the project does not let in. {reason}"),
            code=reason.code,
            name=name,
            workplace=workplace.name,
            reason=reason.text,
        )
        for reason in reasons
    ]


def _no_employee() -> InvalidInput:
    return InvalidInput(
        N_("This person does not work at a workplace of the employer that is part of the project."),
        code="not_an_employee",
    )
