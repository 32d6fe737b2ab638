"""Reads of outside courses: of a project or an employer, one with its history, and its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as select_many
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.tables import Employer
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import Person
from services.booking.proof.outside_rules import OutsideState
from services.booking.proof.tables import OutsideCourse, OutsideCourseHistory, OutsideEvidence
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

_ANY_CASE = "und-x-icu"
_MOST_NEEDS = 100


@dataclass(frozen=True, slots=True)
class OutsideRow:
    """An outside course with whose it is; `name` is none of whoever must not be named."""

    course: OutsideCourse
    name: str | None
    employer_name: str
    need_title: str | None


class OutsideSearch(ListFilter):
    """What is asked of a list of outside courses."""

    state: OutsideState | None = Field(default=None, description="Entered, accepted or declined")


class OutsideFilter(PageFilter):
    """What a program asks of a list of outside courses."""

    state: OutsideState | None = Field(default=None, description="Entered, accepted or declined")

    def search(self) -> OutsideSearch:
        """Return it as the lists take it."""
        return OutsideSearch(after=self.after, limit=self.limit, state=self.state)


async def outside_courses_of_project(session: AsyncSession, project_id: UUID, query: OutsideSearch) -> Rows[OutsideRow]:
    """Return the project's outside courses, the latest first."""
    return await _page(session, [col(OutsideCourse.project_id) == project_id], query)


async def outside_courses_of_employer(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: OutsideSearch
) -> Rows[OutsideRow]:
    """Return those of an employer's people in the project, the latest first."""
    own = [col(OutsideCourse.project_id) == project_id, col(OutsideCourse.employer_id) == employer_id]
    return await _page(session, own, query)


def _rows() -> Any:  # noqa: ANN401 - a statement of four tables has no short name
    return (
        select_many(OutsideCourse, Person, col(Employer.name), col(Need.title))
        .join(Person, col(Person.id) == col(OutsideCourse.participant_id))
        .join(Employer, col(Employer.id) == col(OutsideCourse.employer_id))
        .outerjoin(Need, col(Need.id) == col(OutsideCourse.need_id))
    )


async def _page(session: AsyncSession, own: Sequence[ColumnElement[bool]], query: OutsideSearch) -> Rows[OutsideRow]:
    asked = list(own)
    if query.state is not None:
        asked.append(col(OutsideCourse.state) == query.state.value)
    for word in (query.q or "").split()[:8]:
        name = col(Person.given_name).collate(_ANY_CASE) + " " + col(Person.family_name)
        shown = and_(col(Person.protected).is_(False), col(Person.erased_at).is_(None))
        texts = (col(OutsideCourse.title), col(OutsideCourse.provider))
        found = [each.collate(_ANY_CASE).icontains(word, autoescape=True) for each in texts]
        asked.append(or_(and_(name.icontains(word, autoescape=True), shown), *found))
    page: Rows[Any] = await page_of(
        session,
        _rows().where(*asked),
        [col(OutsideCourse.id)],
        query,
        keys=lambda row: (row[0].id,),
        descending=True,
    )
    return Rows([_row(*row) for row in page.rows], page.next)


def _row(course: OutsideCourse, person: Person, employer_name: str, need_title: str | None) -> OutsideRow:
    hidden = person.protected or person.erased_at is not None
    name = None if hidden else f"{person.given_name} {person.family_name}"
    return OutsideRow(course, name, employer_name, need_title)


async def get_outside_course(session: AsyncSession, outside_id: UUID) -> OutsideRow:
    """Return an outside course; raises NotFound."""
    found = (await session.exec(_rows().where(col(OutsideCourse.id) == outside_id))).one_or_none()
    if found is None:
        raise _no_course()
    return _row(*found)


async def get_evidence(session: AsyncSession, outside_id: UUID) -> OutsideEvidence:
    """Return the evidence of an outside course; raises NotFound, also where the participant was erased."""
    statement = (
        select(OutsideEvidence)
        .join(OutsideCourse, col(OutsideCourse.id) == col(OutsideEvidence.outside_course_id))
        .join(Person, col(Person.id) == col(OutsideCourse.participant_id))
        .where(col(OutsideCourse.id) == outside_id, col(Person.erased_at).is_(None))
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise _no_course()
    return found


def _no_course() -> NotFound:
    return NotFound(N_("There is no such outside course here."), code="outside_course_not_found")


async def outside_history(session: AsyncSession, outside_id: UUID) -> Sequence[OutsideCourseHistory]:
    """Return what has happened to an outside course, the first first."""
    statement = select(OutsideCourseHistory).where(col(OutsideCourseHistory.outside_course_id) == outside_id)
    return (await session.exec(statement.order_by(col(OutsideCourseHistory.id)))).all()


async def needs_to_meet(session: AsyncSession, project_id: UUID, employer_id: UUID) -> Sequence[tuple[UUID, str]]:
    """Return the employer's needs in the project that a course may be linked to, the latest plan's first."""
    statement = (
        select(Need.id, Need.title)
        .join(TrainingPlan, col(TrainingPlan.id) == col(Need.plan_id))
        .join(NeedSurvey, col(NeedSurvey.id) == col(TrainingPlan.survey_id))
        .where(col(NeedSurvey.project_id) == project_id, col(NeedSurvey.employer_id) == employer_id)
        .order_by(col(NeedSurvey.made_on).desc(), col(Need.id))
        .limit(_MOST_NEEDS)
    )
    return (await session.exec(statement)).all()


async def find_outside_scope(session: AsyncSession, outside_id: UUID) -> Scope | None:
    """Return whose an outside course is."""
    row = await session.get(OutsideCourse, outside_id)
    if row is None:
        return None
    return Scope(
        projects=frozenset({row.project_id}),
        employers=frozenset({row.employer_id}),
        persons=frozenset({row.participant_id}),
    )
