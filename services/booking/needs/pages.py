"""An employer's training plans, and their needs with how each is met."""

import re
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BeforeValidator, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.employers.history import history_entries
from services.booking.employers.queries import list_workplaces
from services.booking.employers.standing import standing_of
from services.booking.needs import commands, queries, wording
from services.booking.needs.answers import shown_answers
from services.booking.needs.api import SettleNeed
from services.booking.needs.queries import NeedView, SurveyView
from services.booking.needs.rules import (
    MetBy,
    NeedDetails,
    PlanState,
    Priority,
    WishedMode,
    WishedTime,
    share_of,
)
from services.booking.needs.target_groups import list_target_groups
from services.booking.people.queries import find_names
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Count, Line, Paragraph, Version
from shared.web.edge import CommandContext, CurrentLanguage, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render
from shared.web.paging import PageFilter

router = APIRouter()
_ALL: Final = PageFilter(limit=200)
_MINUTES: Final = 60


def _with_point(value: object) -> object:
    return re.sub(r"\s", "", value).replace(",", ".") if isinstance(value, str) else value


Hours = Annotated[
    Decimal, BeforeValidator(_with_point), Field(gt=0, le=1_000, multiple_of=Decimal("0.25"), allow_inf_nan=False)
]


class NeedForm(Body):
    """A need as it is filled in: the length in hours for one person."""

    title: Line
    description: Paragraph | None = None
    target_group: Line
    persons: Count
    hours: Hours
    priority: Priority = Priority.MEDIUM
    wished_from: date | None = None
    wished_to: date | None = None
    wished_mode: WishedMode = WishedMode.ANY
    wished_time: WishedTime = WishedTime.ANY
    version: Version = 0

    def details(self) -> NeedDetails:
        """Return it as plain values."""
        plain = self.model_dump(exclude={"hours", "version"})
        return NeedDetails(**plain, minutes=int(self.hours * _MINUTES))


class MoveForm(Body):
    """The version of the plan that was read."""

    version: Version


@router.get("/training-plans/{plan_id}")
async def show_plan(request: Request, plan_id: UUID, session: ReadSession, language: CurrentLanguage) -> Response:
    """Show a training plan: its needs and how each is met, the survey that it comes of, and its history."""
    survey = await queries.get_survey_of_plan(session, plan_id)
    standing = await standing_of(request, session, survey.employer_id, survey.project_id)
    needs = (await queries.list_needs(session, plan_id, _ALL)).items
    rows = await queries.list_plan_history(session, plan_id)
    titles = {need.need_id: need.title for need in needs}
    return render(
        request,
        "needs/plan.html",
        standing=standing,
        survey=survey,
        plan=survey.plan,
        share=share_of((MetBy(need.met_by), need.persons) for need in needs),
        needs=sorted(needs, key=lambda need: list(Priority).index(Priority(need.priority))),
        workplace=await _workplace(session, survey),
        offered=await queries.runs_offered(session, plan_id),
        answers=await shown_answers(session, survey, language),
        names=await find_names(session, {survey.written_by, survey.with_coach or survey.written_by}),
        history=await history_entries(
            request,
            session,
            standing,
            rows,
            lambda row: wording.change_text(row, None if row.need_id is None else titles.get(row.need_id)),
        ),
        wording=wording,
    )


@router.get("/training-plans/{plan_id}/needs/new")
async def show_add_need(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Show the form of a need."""
    return await _need_page(request, session, plan_id, None, Form())


@router.post("/training-plans/{plan_id}/needs/new")
async def send_add_need(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Add a need to the plan."""

    async def command(context: CommandContext, body: NeedForm) -> None:
        await commands.add_need(context.session, context.clock, plan_id, body.details(), by=context.actor.person_id)

    again = partial(_need_page, request, session, plan_id, None)
    return await take_form(request, NeedForm, command, done=f"/booking/training-plans/{plan_id}", again=again)


@router.get("/needs/{need_id}/change")
async def show_change_need(request: Request, need_id: UUID, session: ReadSession) -> Response:
    """Show the form of a need that is there."""
    need = await queries.get_need(session, need_id)
    return await _need_page(request, session, need.plan_id, need, Form())


@router.post("/needs/{need_id}/change")
async def send_change_need(request: Request, need_id: UUID, session: ReadSession) -> Response:
    """Change what a need says."""
    need = await queries.get_need(session, need_id)

    async def command(context: CommandContext, body: NeedForm) -> None:
        await commands.change_need(
            context.session,
            context.clock,
            need_id,
            body.details(),
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_need_page, request, session, need.plan_id, need)
    return await take_form(request, NeedForm, command, done=f"/booking/training-plans/{need.plan_id}", again=again)


@router.get("/needs/{need_id}/way")
async def show_settle_need(request: Request, need_id: UUID, session: ReadSession) -> Response:
    """Ask in which other way a need is met, or why it is not."""
    return await _way_page(request, session, await queries.get_need(session, need_id), Form())


@router.post("/needs/{need_id}/way")
async def send_settle_need(request: Request, need_id: UUID, session: ReadSession) -> Response:
    """Keep what is said of how the need is met."""
    need = await queries.get_need(session, need_id)

    async def command(context: CommandContext, body: SettleNeed) -> None:
        await commands.settle_need(
            context.session,
            context.clock,
            need_id,
            body.way,
            body.note,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_way_page, request, session, need)
    return await take_form(request, SettleNeed, command, done=f"/booking/training-plans/{need.plan_id}", again=again)


@router.get("/training-plans/{plan_id}/agree")
async def show_agree_plan(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Say what agreeing to the plan does, before it is done."""
    return await _move_page(request, session, plan_id, PlanState.AGREED, Form())


@router.post("/training-plans/{plan_id}/agree")
async def send_agree_plan(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Agree to the plan."""
    return await _move(request, session, plan_id, PlanState.AGREED)


@router.get("/training-plans/{plan_id}/open")
async def show_open_plan(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Say what opening the plan again does, before it is done."""
    return await _move_page(request, session, plan_id, PlanState.DRAFT, Form())


@router.post("/training-plans/{plan_id}/open")
async def send_open_plan(request: Request, plan_id: UUID, session: ReadSession) -> Response:
    """Open an agreed plan again."""
    return await _move(request, session, plan_id, PlanState.DRAFT)


async def _move(request: Request, session: AsyncSession, plan_id: UUID, state: PlanState) -> Response:
    async def command(context: CommandContext, body: MoveForm) -> None:
        await commands.move_plan(
            context.session, context.clock, plan_id, state, version=body.version, by=context.actor.person_id
        )

    again = partial(_move_page, request, session, plan_id, state)
    return await take_form(request, MoveForm, command, done=f"/booking/training-plans/{plan_id}", again=again)


async def _move_page(
    request: Request, session: AsyncSession, plan_id: UUID, state: PlanState, form: Form[MoveForm]
) -> Response:
    survey = await queries.get_survey_of_plan(session, plan_id)
    standing = await standing_of(request, session, survey.employer_id, survey.project_id)
    return render(
        request,
        "needs/move.html",
        standing=standing,
        plan=survey.plan,
        agrees=state is PlanState.AGREED,
        form=form,
        does=_WHAT_MOVING_DOES[state],
    )


_WHAT_MOVING_DOES: Final = {
    PlanState.AGREED: (
        Text(N_("The plan is in force from today, and its needs can no longer be changed.")),
        Text(N_("It can be opened again. Nobody is written to about it.")),
    ),
    PlanState.DRAFT: (
        Text(N_("The plan becomes a draft, and its needs can be changed until it is agreed anew.")),
        Text(N_("What is booked or asked for already stays. Nobody is written to about it.")),
    ),
}


async def _need_page(
    request: Request, session: AsyncSession, plan_id: UUID, need: NeedView | None, form: Form[NeedForm]
) -> Response:
    survey = await queries.get_survey_of_plan(session, plan_id)
    standing = await standing_of(request, session, survey.employer_id, survey.project_id)
    groups = await list_target_groups(session, survey.project_id, survey.employer_id, _ALL)
    hours = None if need is None else Decimal(need.minutes) / _MINUTES
    return render(
        request,
        "needs/need_form.html",
        standing=standing,
        groups=[group.name for group in groups.rows],
        plan=survey.plan,
        need=need,
        hours=hours,
        form=form,
        wording=wording,
    )


async def _way_page(request: Request, session: AsyncSession, need: NeedView, form: Form[SettleNeed]) -> Response:
    survey = await queries.get_survey_of_plan(session, need.plan_id)
    return render(
        request,
        "needs/way.html",
        standing=await standing_of(request, session, survey.employer_id, survey.project_id),
        need=need,
        form=form,
        ways=[(way, name) for way, name in wording.WAYS.items() if way != need.met_by],
    )


async def _workplace(session: AsyncSession, survey: SurveyView) -> str | None:
    if survey.workplace_id is None:
        return None
    workplaces = await list_workplaces(session, survey.employer_id)
    return next(workplace.name for workplace in workplaces if workplace.workplace_id == survey.workplace_id)
