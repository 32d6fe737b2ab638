"""What a project has reached, divided by month, municipality, sector, gender or age, and the rows behind each figure.

Whoever leads or coaches may open the rows; a coach of chosen employers sees theirs alone. To others a group of few
persons is not told by gender or age.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import func
from sqlalchemy import select as select_many
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import RunState
from services.booking.courses.tables import Course, Run
from services.booking.employers.tables import Employer
from services.booking.needs.tables import Need
from services.booking.people.tables import Person
from services.booking.projects.queries import find_project_scope
from services.booking.projects.tables import ProgrammeTerm, Project
from services.booking.proof.tables import OutsideCourse
from services.booking.reports.facts import OF_NOBODY, OF_PERSONS, UNKNOWN, Asked, By, Measure, facts_of
from services.booking.reports.groups import age_boundaries, hidden_groups
from shared.kernel.calendar import legal_day
from shared.kernel.errors import NotAllowed, NotFound
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_AGE_BANDS = "age_bands_at_entry"
_COUNTING_ONLY = (Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE, Role.OPERATOR)


class ResultsFilter(ListFilter):
    """Which project's results, and by what they are divided."""

    project: UUID
    by: By = By.MONTH


class RowsFilter(ResultsFilter):
    """Which figure's rows: a measure, and a group of the division; none for all of them."""

    measure: Measure
    group: str | None = Field(default=None, max_length=20, description="A group's key; none: every group")


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a project's results somebody sees: all employers' or those of some, with the rows or without."""

    employers: frozenset[UUID] | None
    opens_rows: bool

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the project."""
        return self.employers is None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of the division and what was reached in it; none of it is told of a group of few."""

    key: str
    amounts: Mapping[Measure, int]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """What was reached: altogether, and by group in the order of their keys, with what is not known last."""

    by: By
    totals: Mapping[Measure, int]
    groups: Sequence[Group]
    ages: Sequence[int]
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row behind a figure; `amount` is what it adds. No name of whoever must not be named.

    `part_id` is the meeting where a seat is counted for each, else the row itself again.
    """

    row_id: UUID
    part_id: UUID
    day: date
    amount: int
    employer_id: UUID
    employer_name: str
    municipality: str | None
    person_id: UUID | None = None
    person_name: str | None = None
    run_id: UUID | None = None
    reference: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows there are behind a figure, and what they add up to."""

    rows: int = 0
    amount: int = 0


def reach_of(actor: Actor, project_id: UUID, scope: Scope | None) -> Reach:
    """Return what the person sees of the project's results; raises NotFound where that is nothing."""
    if scope is not None:
        if any(grant.covers(scope) for grant in actor.grants_of(Role.PROJECT_LEAD, Role.COACH)):
            return Reach(None, opens_rows=True)
        own = [grant for grant in actor.grants_of(Role.COACH) if grant.project_id == project_id]
        if employers := frozenset(grant.employer_id for grant in own if grant.employer_id is not None):
            return Reach(employers, opens_rows=True)
        if any(grant.covers(scope) for grant in actor.grants_of(*_COUNTING_ONLY)):
            return Reach(None, opens_rows=False)
    raise NotFound(N_("There is no such thing here, or it is not yours to see."), code="not_found")


def rows_opened(reach: Reach) -> Reach:
    """Return what may be seen of the rows; raises NotAllowed for whoever sees the figures alone."""
    if not reach.opens_rows:
        raise NotAllowed(
            N_("The rows behind the figures are for whoever leads or coaches in the project."), code="rows_not_opened"
        )
    return reach


async def find_reach(session: AsyncSession, actor: Actor, project_id: UUID) -> Reach:
    """Return what the person sees of the project's results; raises NotFound where that is nothing."""
    return reach_of(actor, project_id, await find_project_scope(session, project_id))


async def ask(session: AsyncSession, project: Project, reach: Reach, by: By, now: datetime) -> Asked:
    """Return what is asked of the rows, with the age bands that the project's fund programme has."""
    terms = await session.exec(
        select(ProgrammeTerm.value)
        .where(
            col(ProgrammeTerm.programme_id) == project.programme_id,
            col(ProgrammeTerm.kind) == _AGE_BANDS,
            col(ProgrammeTerm.valid_from) <= legal_day(now),
        )
        .order_by(col(ProgrammeTerm.valid_from).desc())
        .limit(1)
    )
    return Asked(project.id, project.hour_rounding, by, now, age_boundaries(terms.first()), reach.employers)


async def get_results(session: AsyncSession, asked: Asked, reach: Reach) -> Results:
    """Return every measure altogether and by group: one statement, and one for the seats there are."""
    facts = facts_of(asked)
    found: dict[str, dict[Measure, int]] = {}
    statement = select_many(facts.c.measure, facts.c.group_key, func.sum(facts.c.amount)).group_by(
        facts.c.measure, facts.c.group_key
    )
    totals = dict.fromkeys(Measure, 0)
    for measure, key, amount in (await (await session.connection()).execute(statement)).all():
        found.setdefault(key, {})[Measure(measure)] = int(amount)
        totals[Measure(measure)] += int(amount)
    hidden: Collection[str] = ()
    if asked.by in OF_PERSONS:
        for amounts in found.values():
            for measure in OF_NOBODY:
                amounts.pop(measure, None)
        found = {key: amounts for key, amounts in found.items() if amounts}
        if not reach.opens_rows:
            # seats without a name tell nothing of anybody
            hidden = hidden_groups(
                {
                    key: persons
                    for key, amounts in found.items()
                    if (persons := amounts.get(Measure.PERSONS, 0)) or key != UNKNOWN
                }
            )
    keys = sorted(found, key=lambda key: (key == UNKNOWN, key))
    capacity = await _seats_offered(session, asked.project_id) if reach.is_whole else None
    groups = [Group(key, {} if key in hidden else found[key], key in hidden) for key in keys]
    return Results(asked.by, totals, groups, asked.ages, capacity)


async def _seats_offered(session: AsyncSession, project_id: UUID) -> int:
    statement = select(func.coalesce(func.sum(col(Run.capacity)), 0)).where(
        col(Run.project_id) == project_id, col(Run.state) == RunState.SCHEDULED.value
    )
    return int((await session.exec(statement)).one())


def _behind(asked: Asked, query: RowsFilter) -> tuple[Any, list[Any]]:
    facts = facts_of(asked)
    conditions = [facts.c.measure == query.measure.value]
    if query.group is not None:
        conditions.append(facts.c.group_key == query.group)
    return facts, conditions


async def sum_behind(session: AsyncSession, asked: Asked, query: RowsFilter) -> Sum:
    """Return how many rows are behind the figure, and their sum, which is the figure."""
    facts, conditions = _behind(asked, query)
    statement = select_many(func.count(), func.coalesce(func.sum(facts.c.amount), 0)).where(*conditions)
    rows, amount = (await (await session.connection()).execute(statement)).one()
    return Sum(rows, int(amount))


async def list_rows(session: AsyncSession, asked: Asked, query: RowsFilter) -> Rows[ResultRow]:
    """Return the rows behind a figure, the first day first."""
    facts, conditions = _behind(asked, query)
    statement: Any = (
        select_many(
            facts.c.row_id,
            facts.c.part_id,
            facts.c.day,
            facts.c.amount,
            facts.c.employer_id,
            col(Employer.name).label("employer_name"),
            facts.c.municipality,
            facts.c.person_id,
            Person,
            facts.c.run_id,
            col(Run.reference),
            func.coalesce(col(Course.title), col(Need.title), col(OutsideCourse.title)).label("subject"),
        )
        .select_from(facts)
        .join(Employer, col(Employer.id) == facts.c.employer_id)
        .outerjoin(Person, col(Person.id) == facts.c.person_id)
        .outerjoin(Run, col(Run.id) == facts.c.run_id)
        .outerjoin(Course, col(Course.id) == col(Run.course_id))
        .outerjoin(Need, col(Need.id) == facts.c.need_id)
        .outerjoin(OutsideCourse, col(OutsideCourse.id) == facts.c.row_id)
        .where(*conditions)
    )
    if query.q:
        statement = statement.where(col(Employer.name).collate("und-x-icu").icontains(query.q, autoescape=True))
    page: Rows[Any] = await page_of(
        session,
        statement,
        [facts.c.day, facts.c.row_id, facts.c.part_id],
        query,
        keys=lambda row: (row.day, row.row_id, row.part_id),
        descending=(query.sort or "day").startswith("-"),
    )
    return Rows([_row(row) for row in page.rows], page.next)


def _row(row: Any) -> ResultRow:  # noqa: ANN401 - a row of the statement above
    person: Person | None = row.Person
    named = person is not None and not person.protected and person.erased_at is None
    return ResultRow(
        row_id=row.row_id,
        part_id=row.part_id,
        day=row.day,
        amount=row.amount,
        employer_id=row.employer_id,
        employer_name=row.employer_name,
        municipality=row.municipality,
        person_id=row.person_id,
        person_name=f"{person.given_name} {person.family_name}" if named and person is not None else None,
        run_id=row.run_id,
        reference=row.reference,
        subject=row.subject,
    )
