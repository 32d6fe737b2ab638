"""Queues in lists: an employer's places, and who waits for a run with what the lead may do about it."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses.queries import get_run
from services.booking.employers.standing import standing_of
from services.booking.projects.leading import led_project
from services.booking.projects.queries import get_project_row
from services.booking.seats import waiting
from services.booking.seats.queries import get_entry
from services.booking.seats.rules import Turn
from services.booking.seats.views import run_view
from services.booking.waiting import queries
from services.booking.waiting.queries import QueueSearch
from services.booking.waiting.views import MoveInQueue, WaitingEntryView, entry_view, entry_views
from services.booking.waiting.words import STATE_KINDS, STATE_NAMES, TURN_NAMES, why_text
from shared.kernel.texts import N_, Text
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_MOVE: Final = "/queue/{entry_id}/move"
_COLUMNS: Final = (
    Column(N_("Course"), lambda entry: entry.run.course_title),
    Column(N_("Begins"), lambda entry: entry.run.starts_at),
    Column(N_("Seats"), lambda entry: entry.seats),
    Column(N_("At least"), lambda entry: entry.least),
    Column(N_("State"), lambda entry: Text(STATE_NAMES[entry.state])),
    Column(N_("Place"), lambda entry: entry.place),
    Column(N_("Joined"), lambda entry: entry.joined_at),
)
_RUN_COLUMNS: Final = (
    Column(N_("Place"), lambda entry: entry.place),
    Column(N_("Employer"), lambda entry: entry.employer_name),
    Column(N_("Seats"), lambda entry: entry.seats),
    Column(N_("At least"), lambda entry: entry.least),
    Column(N_("Turn"), lambda entry: Text(TURN_NAMES[entry.turn])),
    Column(N_("Times passed"), lambda entry: entry.passed),
    Column(N_("Joined"), lambda entry: entry.joined_at),
)


@router.get("/employers/{employer_id}/queue")
async def show_employer_queue(
    request: Request, employer_id: UUID, session: ReadSession, query: Annotated[QueueSearch, Query()]
) -> Response:
    """Show what the employer waits for, is offered, and has waited for."""
    standing = await standing_of(request, session, employer_id)
    ids = [part.project_id for part in standing.parts_for("show_employer_queue")]

    async def read(page: QueueSearch) -> Rows[WaitingEntryView]:
        found = await queries.search_entries(session, page, employer_id=employer_id, project_ids=ids)
        return Rows(await entry_views(session, found.rows), found.next)

    async def show(listing: Listing[WaitingEntryView]) -> Response:
        return render(
            request,
            "waiting/list.html",
            standing=standing,
            entries=listing,
            state_names=STATE_NAMES,
            state_kinds=STATE_KINDS,
        )

    return await show_or_export(request, query, name="queue", columns=_COLUMNS, read=read, show=show)


@router.get("/projects/{project_id}/runs/{run_id}/queue")
async def show_run_queue(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, query: Annotated[ListFilter, Query()]
) -> Response:
    """Show who waits for the run, why, and what is offered."""
    run = await get_run(session, run_id)
    project = await get_project_row(session, project_id)

    async def read(page: ListFilter) -> Rows[WaitingEntryView]:
        found = await queries.run_queue(session, run_id, page)
        return Rows(await entry_views(session, found.rows), found.next)

    async def show(listing: Listing[WaitingEntryView]) -> Response:
        return render(
            request,
            "waiting/run_queue.html",
            project=await led_project(request, session, project_id),
            run=await run_view(session, run),
            entries=listing,
            whys={view.entry_id: why_text(view, most_passes=project.queue_passes) for view in listing.rows},
            offered=await entry_views(session, await queries.offered_of(session, run_id)),
            most_passes=project.queue_passes,
            hours=project.offer_hours,
            turn_names=TURN_NAMES,
        )

    return await show_or_export(request, query, name="queue", columns=_RUN_COLUMNS, read=read, show=show)


@router.get(_MOVE)
async def show_queue_move(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Show the form by which an entry gets another turn."""
    return await _move_page(request, session, entry_id, Form())


@router.post(_MOVE)
async def send_queue_move(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Give the entry another turn; the employer reads why."""
    entry = await get_entry(session, entry_id)

    async def command(context: CommandContext, body: MoveInQueue) -> None:
        await waiting.move(
            context.session,
            context.clock,
            entry_id,
            body.turn,
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_move_page, request, session, entry_id)
    done = f"/booking/projects/{entry.project_id}/runs/{entry.run_id}/queue"
    return await take_form(request, MoveInQueue, command, done=done, again=again)


async def _move_page(request: Request, session: AsyncSession, entry_id: UUID, form: Form[MoveInQueue]) -> Response:
    entry = await get_entry(session, entry_id)
    return render(
        request,
        "waiting/move.html",
        form=form,
        entry=await entry_view(session, entry),
        project=await led_project(request, session, entry.project_id),
        turns=[(turn.value, TURN_NAMES[turn]) for turn in Turn],
    )
