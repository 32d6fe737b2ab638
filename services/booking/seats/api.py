"""Runs and their seats over HTTP. Changing and cancelling a run concerns its bookings, and is there."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from services.booking.courses import changing
from services.booking.courses import queries as courses
from services.booking.courses.views import ChangeTerms, RunView
from services.booking.projects.queries import get_project_row
from services.booking.seats import commands, copying
from services.booking.seats.open_data import OpenRun
from services.booking.seats.run_search import RunFilter, RunQuery, conditions_of, search_runs
from services.booking.seats.views import (
    MOST_SEATS,
    ChangeCapacity,
    CopiesView,
    CopyRun,
    ScheduleRun,
    run_view,
    run_views,
)
from shared.web.bodies import Body
from shared.web.conditional import tagged
from shared.web.edge import CommandContext, CurrentClock, ReadSession, run_command
from shared.web.exchange import parts_of
from shared.web.paging import Page

router = APIRouter(tags=["runs"])
_OPEN = {"access-control-allow-origin": "*", "cache-control": "public, max-age=60"}


class KeepSeats(Body):
    """How many of the run's seats are kept for an employer from now on; 0 opens them to all."""

    employer_id: UUID
    seats: int = Field(ge=0, le=MOST_SEATS)


@router.get("/projects/{project_id}/runs")
async def list_runs(project_id: UUID, query: Annotated[RunFilter, Query()], session: ReadSession) -> Page[RunView]:
    """The project's runs, the earliest first, with the seats that are free now."""
    await get_project_row(session, project_id)
    page = await courses.list_runs(session, project_id, query, *conditions_of(query))
    return Page(items=await run_views(session, page.rows), next=page.next)


@router.get("/runs", response_model=Page[OpenRun])
async def list_open_runs(
    request: Request, query: Annotated[RunQuery, Query()], session: ReadSession, clock: CurrentClock
) -> Response:
    """The runs to come of every project, for whoever wants to show them elsewhere: open data, free to use.

    Answered with an ETag, to ask with If-None-Match, and to scripts of any site.
    """
    found = await search_runs(session, query, clock.now())
    origin = parts_of(request).origin
    page = Page[OpenRun](items=[OpenRun.of(run, origin) for run in found.rows], next=found.next)
    return tagged(request, page.model_dump_json().encode(), media_type="application/json", headers=_OPEN)


@router.get("/runs/{run_id}")
async def get_run(run_id: UUID, session: ReadSession) -> RunView:
    """A run with its meetings and free seats; digital links are in the bookings."""
    return await run_view(session, await courses.get_run(session, run_id))


@router.post("/courses/{course_id}/runs", status_code=201, response_model=RunView)
async def schedule_run(request: Request, course_id: UUID, body: ScheduleRun) -> Response:
    """Schedule a run of the course, all its seats open."""

    async def command(context: CommandContext) -> RunView:
        session = context.session
        run = await commands.schedule_run_with_pools(
            session,
            context.clock,
            course=await courses.get_course(session, course_id),
            plan=body.plan(),
            by=context.actor.person_id,
        )
        return await run_view(session, run, with_link=True)

    return await run_command(request, command, status=201)


@router.put("/runs/{run_id}/kept-seats", response_model=RunView)
async def keep_seats(request: Request, run_id: UUID, body: KeepSeats) -> Response:
    """Keep a number of the run's seats for an employer, or open them to all again."""

    async def command(context: CommandContext) -> RunView:
        run = await commands.keep_seats(
            context.session,
            context.clock,
            run_id=run_id,
            employer_id=body.employer_id,
            seats=body.seats,
            by=context.actor.person_id,
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.put("/runs/{run_id}/capacity", response_model=RunView)
async def change_capacity(request: Request, run_id: UUID, body: ChangeCapacity) -> Response:
    """Give the run more or fewer seats; those who wait are offered what becomes free."""

    async def command(context: CommandContext) -> RunView:
        run = await commands.change_capacity(
            context.session,
            context.clock,
            run_id,
            body.capacity,
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.put("/runs/{run_id}/terms", response_model=RunView)
async def change_terms(request: Request, run_id: UUID, body: ChangeTerms) -> Response:
    """Change the run's minimum and when bookings of it are taken."""

    async def command(context: CommandContext) -> RunView:
        run = await changing.change_terms(
            context.session,
            context.clock,
            run_id,
            body.terms(),
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.post("/runs/{run_id}/copies", status_code=201, response_model=CopiesView)
async def copy_run(request: Request, run_id: UUID, body: CopyRun) -> Response:
    """Schedule copies of the run, a number of weeks apart: all of them or none."""

    async def command(context: CommandContext) -> CopiesView:
        made = await copying.copy_run(context.session, context.clock, run_id, body.series(), by=context.actor.person_id)
        return CopiesView(items=await run_views(context.session, made, with_link=[run.id for run in made]))

    return await run_command(request, command, status=201)
