"""Participants whom a project takes in itself, without an employer: newcomers to the labour market, for one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.keys import Keys
from services.booking.people.commands import add_person, find_same_person, locked_person, start_participation
from services.booking.people.rules import Education, EntryStatus, PersonDetails
from services.booking.people.tables import Participation, Person
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import EligibilityRules
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, Refused
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """A participant's day of entry, today where none is given, and what was true of her on it."""

    starts_on: date | None = None
    status: EntryStatus = EntryStatus.UNKNOWN
    education: Education = Education.UNKNOWN


async def add_participant(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    project_id: UUID,
    details: PersonDetails,
    *,
    entry: Entry,
    by: UUID,
) -> tuple[Person, Participation]:
    """Add a person who takes part without an employer; known by number and name, she is the same person.

    Raises Refused where the project is for employers' people alone, Conflict where she takes part already.
    """
    project = await get_project_row(session, project_id)
    if not EligibilityRules.model_validate(project.eligibility).persons_without_employer:
        raise Refused(
            N_("“{project}” is for people of employers. Let the person's employer join, and add her among its people."),
            code="employer_needed",
            project=project.name,
        )
    person = await find_same_person(session, keys, details)
    if person is None:
        person = await add_person(session, clock, keys, details, by=by)
    else:
        person = await locked_person(session, person.id)
        there = await session.exec(
            select(Participation.id).where(
                col(Participation.person_id) == person.id, col(Participation.project_id) == project_id
            )
        )
        if there.first() is not None:
            raise Conflict(
                N_("This person takes part in the project already."), code="participant_known", field="personal_number"
            )
    participation = await start_participation(
        session,
        clock,
        person,
        project_id,
        starts_on=entry.starts_on or legal_day(clock.now()),
        status=entry.status,
        education=entry.education,
        by=by,
    )
    return person, participation
