"""Copying a run and laying out a series of it: the days are shown before anything is scheduled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import queries as courses
from services.booking.courses.repeating import MOST_COPIES, MOST_WEEKS_BETWEEN, Series, check_series, unusual_day
from services.booking.courses.rules import MeetingPlan, RunPlan
from services.booking.courses.views import Day
from services.booking.projects.leading import led_project
from services.booking.seats.copying import copy_run, plans_of
from services.booking.seats.views import run_view
from shared.kernel.calendar import legal_day
from shared.kernel.errors import InvalidInput
from shared.web.bodies import Body, View
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_COPY: Final = "/projects/{project_id}/runs/{run_id}/copy"


class CopyForm(Body):
    """When copies begin; `seen` is the series whose days were shown."""

    first_day: Day
    count: Annotated[int, Field(ge=1, le=MOST_COPIES)] = 1
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS_BETWEEN)] = 1
    seen: str | None = Field(default=None, max_length=40)

    def series(self) -> Series:
        """Return it as the rules see it."""
        return Series(self.first_day, self.count, self.every_weeks)

    @property
    def shown(self) -> str:
        """What the form says of the series once its days are shown."""
        return f"{self.first_day}/{self.count}/{self.every_weeks}"


class CopiedView(View):
    """The copies that were scheduled."""

    run_ids: list[UUID]
    course_id: UUID


@dataclass(frozen=True, slots=True)
class ShownCopy:
    """A copy before it is scheduled: its plan, and its meetings with what is unusual about the day of each."""

    plan: RunPlan
    meetings: Sequence[tuple[MeetingPlan, date, str | None]]


@router.get(_COPY)
async def show_copying(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show the form by which a run is copied."""
    return await _page(request, session, clock, project_id, run_id, Form())


@router.post(_COPY)
async def send_copying(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show the days of the copies, or where they were shown schedule them all."""
    form = await read_form(request, CopyForm)
    if form.body is None or form.body.seen != form.body.shown:
        if form.body is not None:
            try:
                check_series(form.body.series(), clock.now())
            except InvalidInput as wrong:
                form.refuse(wrong)
        return await _page(request, session, clock, project_id, run_id, form)

    async def command(context: CommandContext, body: CopyForm) -> CopiedView:
        made = await copy_run(context.session, context.clock, run_id, body.series(), by=context.actor.person_id)
        return CopiedView(run_ids=[run.id for run in made], course_id=made[0].course_id)

    def done(answer: dict[str, list[str]]) -> str:
        runs = f"/booking/projects/{project_id}/runs"
        made = answer["run_ids"]
        return f"{runs}/{made[0]}" if len(made) == 1 else f"{runs}?when=coming&course={answer['course_id']}"

    again = partial(_page, request, session, clock, project_id, run_id)
    return await take_form(request, form, command, done=done, again=again)


async def _page(
    request: Request, session: AsyncSession, clock: CurrentClock, project_id: UUID, run_id: UUID, form: Form[CopyForm]
) -> Response:
    run = await courses.get_run(session, run_id)
    copies: list[ShownCopy] = []
    if form.body is not None and not form.has_errors:
        plans = await plans_of(session, run, form.body.series(), clock.now())
        copies = [ShownCopy(plan, [_shown(meeting) for meeting in plan.meetings]) for plan in plans]
    return render(
        request,
        "seats/copy.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, run),
        form=form,
        copies=copies,
        seen=form.body.shown if form.body is not None else "",
        most=MOST_COPIES,
        most_weeks=MOST_WEEKS_BETWEEN,
    )


def _shown(meeting: MeetingPlan) -> tuple[MeetingPlan, date, str | None]:
    day = legal_day(meeting.starts_at)
    return meeting, day, unusual_day(day)
