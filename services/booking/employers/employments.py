"""Who works where: an employer's people in a project, counted once however many employers they have."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.employers.commands import locked_employer
from services.booking.employers.queries import find_employment, is_member
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.keys import Keys
from services.booking.people.commands import add_person, find_same_person, locked_person, start_participation
from services.booking.people.rules import Education, EntryStatus, PersonDetails
from services.booking.people.tables import Person, PersonHistory
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Employee:
    """A person as an employer adds her, with her place in working life on the day of entry."""

    details: PersonDetails
    workplace_id: UUID
    starts_on: date | None = None
    status: EntryStatus = EntryStatus.EMPLOYED
    education: Education = Education.UNKNOWN


async def add_employee(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    project_id: UUID,
    employer_id: UUID,
    employee: Employee,
    *,
    by: UUID | None,
    person_id: UUID | None = None,
) -> Person:
    """Add a person who works for the employer and takes part in the project; known by number and name, she is linked.

    Raises NotFound where the employer has no part in the project, InvalidInput for another's workplace, Refused for a
    workplace that the project's conditions leave out, Conflict where she is there already.
    """
    await locked_employer(session, employer_id)
    await check_member(session, project_id, employer_id)
    await _check_workplace(session, project_id, employer_id, employee.workplace_id)
    person = await find_same_person(session, keys, employee.details)
    if person is None:
        person = await add_person(session, clock, keys, employee.details, by=by, person_id=person_id)
    else:
        person = await locked_person(session, person.id)
        if await find_employment(session, employer_id, person.id) is not None:
            raise Conflict(
                N_("This person is among the employer's people already."),
                code="employee_known",
                field="personal_number",
            )
    starts_on = employee.starts_on or legal_day(clock.now())
    session.add(Employment(person_id=person.id, workplace_id=employee.workplace_id, starts_on=starts_on))
    session.add(
        PersonHistory(
            at=clock.now(), actor_id=by, change="employment started", after=str(employer_id), person_id=person.id
        )
    )
    await session.flush()
    await start_participation(
        session,
        clock,
        person,
        project_id,
        starts_on=starts_on,
        status=employee.status,
        education=employee.education,
        by=by,
    )
    return person


async def check_member(session: AsyncSession, project_id: UUID, employer_id: UUID) -> None:
    """Raise NotFound unless the employer has a part in the project now."""
    if not await is_member(session, project_id, employer_id):
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")


async def _check_workplace(session: AsyncSession, project_id: UUID, employer_id: UUID, workplace_id: UUID) -> None:
    workplace = await session.get(Workplace, workplace_id)
    if workplace is None or workplace.employer_id != employer_id:
        raise InvalidInput(N_("The employer has no such workplace."), code="workplace_unknown", field="workplace_id")
    if await session.get(ProjectWorkplace, (project_id, workplace_id)) is None:
        raise Refused(
            N_("The workplace “{name}” is not let in by the project's conditions, so its people cannot take part."),
            code="workplace_not_admitted",
            field="workplace_id",
            name=workplace.name,
        )


async def end_employment(
    session: AsyncSession, clock: Clock, employer_id: UUID, person_id: UUID, *, ends_on: date | None, by: UUID
) -> Employment:
    """End a person's work for the employer, today where no day is given; raises NotFound, InvalidInput."""
    found = await find_employment(session, employer_id, person_id)
    employment = None if found is None else await locked(session, Employment, found.id)
    if employment is None or employment.ends_on is not None:
        raise NotFound(N_("The person does not work for this employer."), code="employment_not_found")
    last = ends_on or legal_day(clock.now())
    if last < employment.starts_on:
        raise InvalidInput(
            N_("The end {ends_on} is before the start {starts_on}."),
            code="period_backwards",
            field="ends_on",
            ends_on=last,
            starts_on=employment.starts_on,
        )
    employment.ends_on = last
    session.add(employment)
    session.add(
        PersonHistory(
            at=clock.now(), actor_id=by, change="employment ended", before=str(employer_id), person_id=person_id
        )
    )
    return employment
