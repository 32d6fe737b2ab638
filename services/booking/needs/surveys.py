"""The surveys of a project's employers, by the version of the project's questions that they answer."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import Text, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.tables import Employer
from services.booking.needs.tables import NeedSurvey, TrainingPlan
from services.booking.people.tables import Person
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of


class SurveysFilter(ListFilter):
    """Which surveys to list: those to a version of the questions, 0 for those without any; none: the last version."""

    sort: Literal["made", "-made"] | None = None
    version: int | None = Field(default=None, ge=0, le=2**31 - 1)


@dataclass(frozen=True, slots=True)
class ProjectSurvey:
    """A survey, whose it is, and the coach who helped, where one did."""

    survey: NeedSurvey
    plan_id: UUID
    employer_name: str
    coach_name: str | None


async def search_surveys(
    session: AsyncSession, project_id: UUID, version: int, query: SurveysFilter
) -> Rows[ProjectSurvey]:
    """Return the surveys that answer the version, the latest first unless sorted otherwise."""
    coach = aliased(Person)
    name = func.concat_ws(" ", col(coach.given_name), col(coach.family_name), type_=Text)
    statement: Any = (
        select(NeedSurvey, TrainingPlan.id, Employer.name, name)
        .join(TrainingPlan, col(TrainingPlan.survey_id) == col(NeedSurvey.id))
        .join(Employer, col(Employer.id) == col(NeedSurvey.employer_id))
        .outerjoin(
            coach,
            (col(coach.id) == col(NeedSurvey.with_coach))
            & col(coach.erased_at).is_(None)
            & col(coach.protected).is_(False),
        )
        .where(
            col(NeedSurvey.project_id) == project_id,
            col(NeedSurvey.questions_version) == version if version else col(NeedSurvey.questions_version).is_(None),
        )
    )
    if query.q:
        statement = statement.where(col(Employer.name).collate("und-x-icu").icontains(query.q, autoescape=True))
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(NeedSurvey.made_on), col(NeedSurvey.id)],
        query,
        keys=lambda row: (row[0].made_on, row[0].id),
        descending=(query.sort or "-made").startswith("-"),
    )
    return Rows(
        [ProjectSurvey(survey, plan, employer, by or None) for survey, plan, employer, by in page.rows], page.next
    )
