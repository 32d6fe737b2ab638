"""A person is refused by name and by the condition that is not met: workplace, employment, part in the project."""

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.people.tables import Participation
from services.booking.projects.tables import Project
from shared.kernel.errors import Several
from shared.kernel.texts import Text
from tests.services.booking.offered import (
    TODAY,
    AnEmployer,
    AProject,
    a_clock,
    a_project,
    a_run,
    an_employee,
    an_employer,
)

BEFORE_THE_RUN = date(2026, 12, 1)


async def a_workplace(session: AsyncSession, employer: AnEmployer, *, municipality: str, admitted: bool) -> UUID:
    workplace = Workplace(employer_id=employer.id, name="Uppsala", municipality=municipality)
    session.add(workplace)
    await session.flush()
    if admitted:
        part = ProjectWorkplace(
            project_id=employer.project_id, workplace_id=workplace.id, employer_id=employer.id, decided_on=TODAY
        )
        session.add(part)
        await session.flush()
    return workplace.id


async def refused(
    session: AsyncSession, project: AProject, employer: AnEmployer, *people: UUID
) -> list[tuple[str, str | None]]:
    run = await a_run(session, project)
    with pytest.raises(Several) as several:
        await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, len(people), people))
    return [(error.code, error.field) for error in several.value.errors]


async def test_whose_workplace_the_project_does_not_let_in_is_told_with_the_condition(session: AsyncSession) -> None:
    project = await a_project(session)
    row = await session.get_one(Project, project.id)
    row.eligibility = {"counties": ["20"]}
    session.add(row)
    employer = await an_employer(session, project)
    outside = await a_workplace(session, employer, municipality="0380", admitted=False)
    undecided = await a_workplace(session, employer, municipality="2080", admitted=False)
    away = await an_employee(session, project.id, outside, name="Ada")
    hidden = await an_employee(session, project.id, outside, name="Hemlig", protected=True)
    waits = await an_employee(session, project.id, undecided, name="Ulf")
    assert await refused(session, project, employer, employer.people[0], away, waits) == [
        ("county_not_admitted", "participants.1"),
        ("workplace_not_admitted", "participants.2"),
    ]
    run = await a_run(session, project)
    with pytest.raises(Several) as several:
        await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2, (away, hidden)))
    told = [error.text.fields for error in several.value.errors]
    assert (told[0]["name"], told[0]["workplace"]) == ("Ada Berg", "Uppsala")
    assert isinstance(told[0]["reason"], Text)
    assert "Hemlig" not in str(told[1]["name"])


async def test_a_workplace_that_is_let_in_is_enough_though_another_is_not(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    outside = await a_workplace(session, employer, municipality="0380", admitted=False)
    session.add(Employment(person_id=employer.people[0], workplace_id=outside, starts_on=TODAY))
    await session.flush()
    run = await a_run(session, project)
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 1, employer.people[:1]))


async def test_whose_employment_or_part_has_ended_by_then_is_told_the_day(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    left, done, nowhere = employer.people[:3]
    employment = (await session.exec(select(Employment).where(col(Employment.person_id) == left))).one()
    employment.ends_on = BEFORE_THE_RUN
    parts = {
        part.person_id: part
        for part in await session.exec(select(Participation).where(col(Participation.person_id).in_([done, nowhere])))
    }
    parts[done].ends_on = BEFORE_THE_RUN
    await session.delete(parts[nowhere])
    session.add_all([employment, parts[done]])
    await session.flush()
    assert await refused(session, project, employer, left, done, nowhere, other.people[0]) == [
        ("employment_ended", "participants.0"),
        ("participation_ended", "participants.1"),
        ("not_a_participant", "participants.2"),
        ("not_an_employee", "participants.3"),
    ]
