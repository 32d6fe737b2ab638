"""Bookings over HTTP, and what a run's lead and trainer see of them."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.bookings import commands, queries
from services.booking.bookings.approving import acting_as
from services.booking.bookings.commands import Change, Order
from services.booking.bookings.overlaps import RunOverlaps, list_overlaps
from services.booking.bookings.substituting import may_substitute_after_lock
from services.booking.bookings.views import (
    BookingEvent,
    BookingHistoryView,
    BookingView,
    BookSeats,
    CancelBooking,
    ChangeBooking,
    booking_view,
    booking_views,
    placed_view,
)
from services.booking.courses.queries import get_run
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["bookings"])
_COLLECTION = "/projects/{project_id}/employers/{employer_id}/bookings"


@router.post(_COLLECTION, status_code=201, response_model=BookingView)
async def book_seats(request: Request, project_id: UUID, employer_id: UUID, body: BookSeats) -> Response:
    """Book seats, all or none: the employer's kept seats first, open ones for the rest."""

    async def command(context: CommandContext) -> BookingView:
        acting = acting_as(context.actor, project_id, employer_id)
        people = tuple(body.participants)
        order = Order(project_id, employer_id, body.run_id, body.seats, people, body.need_id, acting)
        placed = await commands.place_booking(context.session, context.clock, order, by=context.actor.person_id)
        return await placed_view(context.session, placed)

    return await run_command(request, command, status=201)


@router.get(_COLLECTION)
async def list_bookings(
    project_id: UUID, employer_id: UUID, query: PageQuery, session: ReadSession
) -> Page[BookingView]:
    """The employer's bookings in the project, the newest first."""
    page = await queries.list_bookings(session, query, project_id=project_id, employer_id=employer_id)
    return Page(items=await booking_views(session, page.rows), next=page.next)


@router.get("/bookings/{booking_id}")
async def get_booking(booking_id: UUID, session: ReadSession) -> BookingView:
    """A booking with its run and seats."""
    return await booking_view(session, await queries.get_booking(session, booking_id))


@router.get("/bookings/{booking_id}/history")
async def get_booking_history(booking_id: UUID, session: ReadSession) -> BookingHistoryView:
    """What has happened to the booking."""
    rows = await queries.booking_history(session, booking_id)
    return BookingHistoryView(items=[BookingEvent.model_validate(row) for row in rows])


@router.patch("/bookings/{booking_id}", response_model=BookingView)
async def change_booking(request: Request, booking_id: UUID, body: ChangeBooking) -> Response:
    """Change the number of seats, all or none, and who is named: names for placeholders, a colleague instead."""

    async def command(context: CommandContext) -> BookingView:
        participants = None if body.participants is None else tuple(body.participants)
        after_lock = may_substitute_after_lock(context.actor, await queries.get_booking(context.session, booking_id))
        change = Change(body.seats, participants, body.version, after_lock=after_lock)
        booking = await commands.change_booking(
            context.session, context.clock, booking_id, change, by=context.actor.person_id
        )
        return await booking_view(context.session, booking)

    return await run_command(request, command)


@router.post("/bookings/{booking_id}/cancel", response_model=BookingView)
async def cancel_booking(request: Request, booking_id: UUID, body: CancelBooking) -> Response:
    """Cancel a booking; its seats are free at once."""

    async def command(context: CommandContext) -> BookingView:
        booking = await commands.cancel_booking(
            context.session, context.clock, booking_id, reason=body.reason, by=context.actor.person_id
        )
        return await booking_view(context.session, booking)

    return await run_command(request, command)


@router.get("/runs/{run_id}/bookings")
async def list_run_bookings(run_id: UUID, query: PageQuery, session: ReadSession) -> Page[BookingView]:
    """The run's bookings, for those who lead or hold it."""
    page = await queries.list_bookings_of_run(session, (await get_run(session, run_id)).id, query)
    return Page(items=await booking_views(session, page.rows), next=page.next)


@router.get("/runs/{run_id}/overlaps")
async def list_run_overlaps(run_id: UUID, session: ReadSession) -> RunOverlaps:
    """Who on the run has a meeting of another course at the same time, because one of them was moved."""
    return RunOverlaps(items=await list_overlaps(session, (await get_run(session, run_id)).id))
