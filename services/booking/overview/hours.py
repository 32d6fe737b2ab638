"""How many hours each of an employer's people has attended in a project, and how much of its plan is under way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as select_many
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.queries import unless_protected
from services.booking.needs.rules import MetBy, Share, share_of
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import Person
from services.booking.projects.tables import Project
from services.booking.reports.facts import Asked, By, Measure, facts_of
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_COUNTED: Final = (Measure.SEATS, Measure.BOOKED, Measure.ATTENDED, Measure.NO_SHOWS)


class HoursFilter(ListFilter):
    """In which order the people are shown."""

    sort: Literal["name", "-name"] | None = None


@dataclass(frozen=True, slots=True)
class PersonHours:
    """What somebody has booked and attended; without a name where she must not be named."""

    person_id: UUID
    family_name: str | None
    given_name: str | None
    courses: int
    booked_minutes: int
    attended_minutes: int
    no_shows: int


async def list_hours(
    session: AsyncSession, project: Project, employer_id: UUID, now: datetime, query: HoursFilter
) -> Rows[PersonHours]:
    """Return those who have a seat by the employer, or were marked by one: from the rows of the project's results."""
    asked = Asked(project.id, project.hour_rounding, By.MONTH, now, (), frozenset({employer_id}))
    facts = facts_of(asked)
    sums = [
        func.coalesce(func.sum(facts.c.amount).filter(facts.c.measure == measure.value), 0).label(measure.value)
        for measure in _COUNTED
    ]
    counted = (
        select_many(facts.c.person_id, *sums)
        .where(facts.c.person_id.is_not(None), facts.c.measure.in_([measure.value for measure in _COUNTED]))
        .group_by(facts.c.person_id)
        .subquery("counted")
    )
    family, given = unless_protected(col(Person.family_name)), unless_protected(col(Person.given_name))
    statement: Any = (
        select_many(Person, *(counted.c[measure.value] for measure in _COUNTED))
        .join(counted, counted.c.person_id == col(Person.id))
        .where(col(Person.erased_at).is_(None))
    )

    def keys(row: Any) -> tuple[object, ...]:  # noqa: ANN401 - a row of the statement
        person = row[0]
        names = ("", "") if person.protected else (person.family_name, person.given_name)
        return *names, person.id

    page: Rows[Any] = await page_of(
        session,
        statement,
        [family, given, col(Person.id)],
        query,
        keys=keys,
        descending=(query.sort or "").startswith("-"),
    )
    return Rows([_hours(*row) for row in page.rows], page.next)


def _hours(person: Person, *amounts: int) -> PersonHours:
    names = (None, None) if person.protected else (person.family_name, person.given_name)
    return PersonHours(person.id, *names, *(int(amount) for amount in amounts))


async def plan_shares(session: AsyncSession, employer_id: UUID, project_ids: Collection[UUID]) -> Mapping[UUID, Share]:
    """Return how far the needs of the employer's plans have come in each project that has any."""
    statement: Any = (
        select_many(col(NeedSurvey.project_id), col(Need.met_by), col(Need.persons))
        .join(TrainingPlan, col(TrainingPlan.survey_id) == col(NeedSurvey.id))
        .join(Need, col(Need.plan_id) == col(TrainingPlan.id))
        .where(col(NeedSurvey.employer_id) == employer_id, col(NeedSurvey.project_id).in_(project_ids))
    )
    found: dict[UUID, list[tuple[MetBy, int]]] = {}
    for project_id, met_by, persons in (await session.exec(statement)).all():
        found.setdefault(project_id, []).append((MetBy(met_by), persons))
    return {project_id: share_of(needs) for project_id, needs in found.items()}
