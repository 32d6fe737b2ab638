"""Queues over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.bookings.views import BookingView, placed_view
from services.booking.courses.queries import get_run
from services.booking.seats import queries as seats
from services.booking.seats import waiting
from services.booking.seats.waiting import Wish
from services.booking.waiting import commands, queries
from services.booking.waiting.views import (
    AcceptOffer,
    JoinQueue,
    MoveInQueue,
    WaitingEntryView,
    WaitingEvent,
    WaitingHistoryView,
    entry_view,
    entry_views,
)
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["queues"])
_COLLECTION = "/projects/{project_id}/employers/{employer_id}/waiting-entries"


@router.post(_COLLECTION, status_code=201, response_model=WaitingEntryView)
async def join_queue(request: Request, project_id: UUID, employer_id: UUID, body: JoinQueue) -> Response:
    """Wait for seats of a run that is full, or for which others wait; seats are offered in turn."""

    async def command(context: CommandContext) -> WaitingEntryView:
        wish = Wish(project_id, employer_id, body.run_id, body.seats, body.least or body.seats, body.need_id)
        entry = await commands.join_queue(context.session, context.clock, wish, by=context.actor.person_id)
        return await entry_view(context.session, entry)

    return await run_command(request, command, status=201)


@router.get(_COLLECTION)
async def list_waiting_entries(
    project_id: UUID, employer_id: UUID, query: PageQuery, session: ReadSession
) -> Page[WaitingEntryView]:
    """The employer's places in queues of the project, those of the past too, the newest first."""
    page = await queries.list_entries(session, query, project_id=project_id, employer_id=employer_id)
    return Page(items=await entry_views(session, page.rows), next=page.next)


@router.get("/waiting-entries/{entry_id}")
async def get_waiting_entry(entry_id: UUID, session: ReadSession) -> WaitingEntryView:
    """A place in a queue, why it waits, and what it is offered."""
    return await entry_view(session, await seats.get_entry(session, entry_id))


@router.get("/waiting-entries/{entry_id}/history")
async def get_waiting_history(entry_id: UUID, session: ReadSession) -> WaitingHistoryView:
    """What has happened to a place in a queue, each move up or down with what caused it."""
    rows = await seats.entry_history(session, entry_id)
    return WaitingHistoryView(items=[WaitingEvent.model_validate(row) for row in rows])


@router.post("/waiting-entries/{entry_id}/accept", status_code=201, response_model=BookingView)
async def accept_offer(request: Request, entry_id: UUID, body: AcceptOffer) -> Response:
    """Book the seats that are offered, with names now or later."""

    async def command(context: CommandContext) -> BookingView:
        placed = await commands.accept_offer(
            context.session,
            context.clock,
            entry_id,
            participants=body.participants,
            actor=context.actor,
            by=context.actor.person_id,
        )
        return await placed_view(context.session, placed)

    return await run_command(request, command, status=201)


@router.post("/waiting-entries/{entry_id}/decline", response_model=WaitingEntryView)
async def decline_offer(request: Request, entry_id: UUID) -> Response:
    """Give up the seats that are offered; they go to those who wait on."""

    async def command(context: CommandContext) -> WaitingEntryView:
        entry = await waiting.decline(context.session, context.clock, entry_id, by=context.actor.person_id)
        return await entry_view(context.session, entry)

    return await run_command(request, command)


@router.post("/waiting-entries/{entry_id}/leave", response_model=WaitingEntryView)
async def leave_queue(request: Request, entry_id: UUID) -> Response:
    """Wait no longer."""

    async def command(context: CommandContext) -> WaitingEntryView:
        entry = await waiting.leave(context.session, context.clock, entry_id, by=context.actor.person_id)
        return await entry_view(context.session, entry)

    return await run_command(request, command)


@router.post("/waiting-entries/{entry_id}/move", response_model=WaitingEntryView)
async def move_in_queue(request: Request, entry_id: UUID, body: MoveInQueue) -> Response:
    """Give an entry another turn, with a reason that its employer reads."""

    async def command(context: CommandContext) -> WaitingEntryView:
        entry = await waiting.move(
            context.session,
            context.clock,
            entry_id,
            body.turn,
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )
        return await entry_view(context.session, entry)

    return await run_command(request, command)


@router.get("/runs/{run_id}/waiting-entries")
async def list_run_queue(run_id: UUID, query: PageQuery, session: ReadSession) -> Page[WaitingEntryView]:
    """Who waits for the run, by place, for those who lead the project."""
    page = await queries.run_queue(session, (await get_run(session, run_id)).id, query)
    return Page(items=await entry_views(session, page.rows), next=page.next)
