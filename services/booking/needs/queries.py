"""Reads of surveys, plans and needs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, column, exists, func, table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.queries import check_in_project, find_employer_scope
from services.booking.needs.rules import MetBy
from services.booking.needs.tables import Need, NeedHistory, NeedSurvey, TrainingPlan
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.bodies import View
from shared.web.paging import Page, PageFilter, Rows, page_of

# runs are of a later area: their state is read by name
_RUNS: Final = table("runs", column("id", Uuid), column("reference", Text), column("state", Text))


def is_offered() -> ColumnElement[bool]:
    """Return the condition on `Need` rows that seats are kept for it on a run that is scheduled."""
    return exists().where(_RUNS.c.id == col(Need.offered_run_id), _RUNS.c.state == "scheduled")


class NeedView(View):
    """A line of a plan."""

    need_id: UUID
    plan_id: UUID
    title: str
    description: str | None
    target_group: str
    persons: int
    minutes: int
    priority: str
    wished_from: date | None
    wished_to: date | None
    wished_mode: str
    wished_time: str
    met_by: str
    met_with_id: UUID | None
    met_note: str | None
    offered_run_id: UUID | None
    version: int


class PlanView(View):
    """A training plan and its state; its needs are a list of their own."""

    plan_id: UUID
    survey_id: UUID
    state: str
    agreed_on: date | None
    version: int


class SurveyView(View):
    """A need survey with its plan."""

    survey_id: UUID
    project_id: UUID
    employer_id: UUID
    workplace_id: UUID | None
    made_on: date
    took_part: str
    findings: str | None
    consulted: str | None
    consulted_on: date | None
    written_by: UUID
    written_as: str
    with_coach: UUID | None
    written_at: datetime
    questions_version: int | None
    answers: dict[str, Any] | None
    plan: PlanView


def need_view(need: Need) -> NeedView:
    """Return the need as it is shown."""
    return NeedView(need_id=need.id, **need.model_dump(exclude={"id"}))


def plan_view(plan: TrainingPlan) -> PlanView:
    """Return the plan as it is shown."""
    return PlanView(plan_id=plan.id, **plan.model_dump(exclude={"id"}))


def survey_view(survey: NeedSurvey, plan: TrainingPlan) -> SurveyView:
    """Return the survey as it is shown."""
    return SurveyView(survey_id=survey.id, plan=plan_view(plan), **survey.model_dump(exclude={"id"}))


async def list_surveys(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: PageFilter
) -> Page[SurveyView]:
    """Return the employer's surveys in the project, the latest first; raises NotFound."""
    await check_in_project(session, project_id, employer_id)
    page = await page_of(
        session,
        select(NeedSurvey).where(col(NeedSurvey.project_id) == project_id, col(NeedSurvey.employer_id) == employer_id),
        [col(NeedSurvey.made_on), col(NeedSurvey.id)],
        query,
        keys=lambda survey: (survey.made_on, survey.id),
        descending=True,
    )
    ids = [survey.id for survey in page.rows]
    plans = {
        plan.survey_id: plan
        for plan in await session.exec(select(TrainingPlan).where(col(TrainingPlan.survey_id).in_(ids)))
    }
    return Page(items=[survey_view(survey, plans[survey.id]) for survey in page.rows], next=page.next)


async def list_project_surveys(session: AsyncSession, project_id: UUID, query: PageFilter) -> Page[SurveyView]:
    """Return the surveys of all the project's employers, the latest first."""
    page: Rows[Any] = await page_of(
        session,
        select(NeedSurvey, TrainingPlan)
        .join(TrainingPlan, col(TrainingPlan.survey_id) == col(NeedSurvey.id))
        .where(col(NeedSurvey.project_id) == project_id),
        [col(NeedSurvey.made_on), col(NeedSurvey.id)],
        query,
        keys=lambda row: (row[0].made_on, row[0].id),
        descending=True,
    )
    return Page(items=[survey_view(survey, plan) for survey, plan in page.rows], next=page.next)


async def get_plan(session: AsyncSession, plan_id: UUID) -> PlanView:
    """Return a training plan; raises NotFound."""
    plan = await session.get(TrainingPlan, plan_id)
    if plan is None:
        raise NotFound(N_("There is no such training plan."), code="plan_not_found")
    return plan_view(plan)


async def list_needs(session: AsyncSession, plan_id: UUID, query: PageFilter) -> Page[NeedView]:
    """Return the needs of a plan in the order in which they were added."""
    page = await page_of(
        session,
        select(Need).where(col(Need.plan_id) == plan_id),
        [col(Need.id)],
        query,
        keys=lambda need: (need.id,),
    )
    return Page(items=[need_view(need) for need in page.rows], next=page.next)


async def get_need(session: AsyncSession, need_id: UUID) -> NeedView:
    """Return a need; raises NotFound."""
    need = await session.get(Need, need_id)
    if need is None:
        raise NotFound(N_("There is no such need."), code="need_not_found")
    return need_view(need)


async def get_survey_of_plan(session: AsyncSession, plan_id: UUID) -> SurveyView:
    """Return the survey that a plan comes of, with the plan; raises NotFound."""
    found = await session.exec(
        select(NeedSurvey, TrainingPlan)
        .join(TrainingPlan, col(TrainingPlan.survey_id) == col(NeedSurvey.id))
        .where(col(TrainingPlan.id) == plan_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(N_("There is no such training plan."), code="plan_not_found")
    return survey_view(*row)


async def need_counts(session: AsyncSession, plan_ids: Sequence[UUID]) -> Mapping[UUID, tuple[int, int]]:
    """Return how many needs each plan has, and for how many of them nothing is done yet."""
    unmet = func.count().filter(col(Need.met_by) == MetBy.NOTHING.value)
    statement = select(Need.plan_id, func.count(), unmet).where(col(Need.plan_id).in_(plan_ids))
    found = await session.exec(statement.group_by(col(Need.plan_id)))
    counted = {plan_id: (needs, without) for plan_id, needs, without in found}
    return {plan_id: counted.get(plan_id, (0, 0)) for plan_id in plan_ids}


async def runs_offered(session: AsyncSession, plan_id: UUID) -> Mapping[UUID, tuple[UUID, str]]:
    """Return by need the run on which seats are kept for it, with its reference; of runs to come that are scheduled."""
    found = await session.exec(
        select(Need.id, _RUNS.c.id, _RUNS.c.reference)
        .join(_RUNS, _RUNS.c.id == col(Need.offered_run_id))
        .where(col(Need.plan_id) == plan_id, col(Need.met_by) == MetBy.NOTHING.value, _RUNS.c.state == "scheduled")
    )
    return {need_id: (run_id, reference) for need_id, run_id, reference in found}


async def list_plan_history(session: AsyncSession, plan_id: UUID, limit: int = 50) -> Sequence[NeedHistory]:
    """Return what has happened to a plan and its needs, the latest first."""
    statement = select(NeedHistory).where(col(NeedHistory.plan_id) == plan_id)
    return (await session.exec(statement.order_by(col(NeedHistory.id).desc()).limit(limit))).all()


async def find_plan_scope(session: AsyncSession, plan_id: UUID) -> Scope | None:
    """Return whose a training plan is: the employer's, in the project of its survey."""
    found = await session.exec(
        select(NeedSurvey)
        .join(TrainingPlan, col(TrainingPlan.survey_id) == col(NeedSurvey.id))
        .where(col(TrainingPlan.id) == plan_id)
    )
    survey = found.one_or_none()
    if survey is None:
        return None
    scope = await find_employer_scope(session, survey.employer_id)
    return None if scope is None else scope.within(Scope(projects=frozenset({survey.project_id})))


async def find_need_scope(session: AsyncSession, need_id: UUID) -> Scope | None:
    """Return whose a need is: its plan's."""
    need = await session.get(Need, need_id)
    return None if need is None else await find_plan_scope(session, need.plan_id)
