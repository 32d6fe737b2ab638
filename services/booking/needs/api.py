"""Need surveys of an employer in a project, the training plan of each, and its needs."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from services.booking.employers.queries import check_in_project
from services.booking.needs import commands, queries
from services.booking.needs.queries import NeedView, PlanView, SurveyView
from services.booking.needs.rules import (
    NeedDetails,
    PlanState,
    Priority,
    SurveyDetails,
    Way,
    WishedMode,
    WishedTime,
    WrittenAs,
)
from services.booking.needs.target_groups import SetTargetGroup, TargetGroupView, list_target_groups, set_target_group
from services.booking.projects.queries import questions_asked
from services.booking.projects.questions import MOST_TEXT
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.web.bodies import Body, Count, Line, LongText, Paragraph, Version, View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["needs"])
_WRITES = {Role.CONTACT: WrittenAs.CONTACT, Role.COACH: WrittenAs.COACH, Role.PROJECT_LEAD: WrittenAs.LEAD}
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
AnswerText = Annotated[str, StringConstraints(max_length=MOST_TEXT)]
_SURVEYS = "/projects/{project_id}/employers/{employer_id}/need-surveys"


class WriteSurvey(Body):
    """A survey: when, with whom, what came out, and how the employees' representatives were consulted.

    Where the project asks questions of its own, `answers` are by their keys, to the version of `questions_version`.
    """

    made_on: date
    workplace_id: UUID | None = None
    took_part: Paragraph
    findings: LongText | None = None
    consulted: Paragraph | None = None
    consulted_on: date | None = None
    with_coach: UUID | None = None
    questions_version: Count | None = None
    answers: dict[Key, AnswerText | bool | Annotated[list[Key], Field(max_length=60)]] | None = None

    def details(self) -> SurveyDetails:
        """Return the body as plain values."""
        return SurveyDetails(**self.model_dump(exclude={"workplace_id"}))


def written_as(actor: Actor, project_id: UUID, employer_id: UUID) -> WrittenAs:
    """Return what the person is to the employer when she writes a survey down."""
    scope = Scope(projects=frozenset({project_id}), employers=frozenset({employer_id}))
    for role, kind in _WRITES.items():
        if any(grant.covers(scope) for grant in actor.grants_of(role)):
            return kind
    raise AssertionError("a survey of one who is nothing to the employer")


class QuestionsView(View):
    """A version of the questions: key, kind, words by language, choices, and after which answers each is asked."""

    version: int | None
    questions: list[dict[str, Any]]


class WriteNeed(Body):
    """A line of a plan; `minutes` is the length of the training for one person."""

    title: Line
    description: Paragraph | None = None
    target_group: Line
    persons: Count
    minutes: Count
    priority: Priority = Priority.MEDIUM
    wished_from: date | None = None
    wished_to: date | None = None
    wished_mode: WishedMode = WishedMode.ANY
    wished_time: WishedTime = WishedTime.ANY

    def details(self) -> NeedDetails:
        """Return the body as plain values."""
        return NeedDetails(**self.model_dump(include=set(WriteNeed.model_fields)))


class ChangeNeed(WriteNeed):
    """A line of a plan as it shall read. `version` is the one that was read."""

    version: Version


class SettleNeed(Body):
    """How the need is met, in words. `version` is the one that was read."""

    way: Way
    note: Paragraph | None = None
    version: Version


class MovePlan(Body):
    """The state that the plan shall have. `version` is the one that was read."""

    state: PlanState
    version: Version


@router.post(_SURVEYS, status_code=201, response_model=SurveyView)
async def write_survey(request: Request, project_id: UUID, employer_id: UUID, body: WriteSurvey) -> Response:
    """Write a need survey down; its training plan is begun with it."""

    async def command(context: CommandContext) -> SurveyView:
        survey, plan = await commands.write_survey(
            context.session,
            context.clock,
            project_id,
            employer_id,
            body.details(),
            workplace_id=body.workplace_id,
            by=context.actor.person_id,
            written_as=written_as(context.actor, project_id, employer_id),
        )
        return queries.survey_view(survey, plan)

    return await run_command(request, command, status=201)


@router.get(_SURVEYS)
async def list_surveys(project_id: UUID, employer_id: UUID, session: ReadSession, query: PageQuery) -> Page[SurveyView]:
    """List the employer's surveys in the project, the latest first."""
    return await queries.list_surveys(session, project_id, employer_id, query)


@router.get("/projects/{project_id}/need-surveys")
async def list_project_surveys(project_id: UUID, session: ReadSession, query: PageQuery) -> Page[SurveyView]:
    """List the surveys of all the project's employers, the latest first."""
    return await queries.list_project_surveys(session, project_id, query)


@router.get("/projects/{project_id}/employers/{employer_id}/need-questions")
async def get_need_questions(project_id: UUID, employer_id: UUID, session: ReadSession) -> QuestionsView:
    """Show the questions that the project asks of its own about needs now; none where it asks none."""
    await check_in_project(session, project_id, employer_id)
    version, questions = await questions_asked(session, project_id)
    return QuestionsView(version=version, questions=[asdict(question) for question in questions])


@router.get("/projects/{project_id}/employers/{employer_id}/target-groups")
async def get_target_groups(
    project_id: UUID, employer_id: UUID, session: ReadSession, query: PageQuery
) -> Page[TargetGroupView]:
    """List the employer's target groups by name."""
    page = await list_target_groups(session, project_id, employer_id, query)
    return Page(items=[TargetGroupView(name=row.name, persons=row.persons) for row in page.rows], next=page.next)


@router.put("/projects/{project_id}/employers/{employer_id}/target-groups", response_model=TargetGroupView)
async def put_target_group(request: Request, project_id: UUID, employer_id: UUID, body: SetTargetGroup) -> Response:
    """Add a target group, give it another number of persons, or take it away with 0."""

    async def command(context: CommandContext) -> TargetGroupView:
        return await set_target_group(
            context.session, context.clock, project_id, employer_id, body, by=context.actor.person_id
        )

    return await run_command(request, command)


@router.get("/training-plans/{plan_id}")
async def get_plan(plan_id: UUID, session: ReadSession) -> PlanView:
    """Show a training plan."""
    return await queries.get_plan(session, plan_id)


@router.patch("/training-plans/{plan_id}", response_model=PlanView)
async def move_plan(request: Request, plan_id: UUID, body: MovePlan) -> Response:
    """Agree to a training plan, or open it again."""

    async def command(context: CommandContext) -> PlanView:
        plan = await commands.move_plan(
            context.session, context.clock, plan_id, body.state, version=body.version, by=context.actor.person_id
        )
        return queries.plan_view(plan)

    return await run_command(request, command)


@router.post("/training-plans/{plan_id}/needs", status_code=201, response_model=NeedView)
async def add_need(request: Request, plan_id: UUID, body: WriteNeed) -> Response:
    """Add a need to a training plan."""

    async def command(context: CommandContext) -> NeedView:
        need = await commands.add_need(
            context.session, context.clock, plan_id, body.details(), by=context.actor.person_id
        )
        return queries.need_view(need)

    return await run_command(request, command, status=201)


@router.get("/training-plans/{plan_id}/needs")
async def list_needs(plan_id: UUID, session: ReadSession, query: PageQuery) -> Page[NeedView]:
    """List the needs of a training plan."""
    return await queries.list_needs(session, plan_id, query)


@router.put("/needs/{need_id}/way", response_model=NeedView)
async def settle_need(request: Request, need_id: UUID, body: SettleNeed) -> Response:
    """Say in words how a need is met, why it will not be, or that a way is looked for again."""

    async def command(context: CommandContext) -> NeedView:
        need = await commands.settle_need(
            context.session,
            context.clock,
            need_id,
            body.way,
            body.note,
            version=body.version,
            by=context.actor.person_id,
        )
        return queries.need_view(need)

    return await run_command(request, command)


@router.patch("/needs/{need_id}", response_model=NeedView)
async def change_need(request: Request, need_id: UUID, body: ChangeNeed) -> Response:
    """Change what a need says."""

    async def command(context: CommandContext) -> NeedView:
        need = await commands.change_need(
            context.session, context.clock, need_id, body.details(), version=body.version, by=context.actor.person_id
        )
        return queries.need_view(need)

    return await run_command(request, command)
