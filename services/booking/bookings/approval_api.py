"""Approving and declining bookings, for programs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.bookings.approvals import ApprovalSearch, bookings_to_approve
from services.booking.bookings.approving import approve_booking, decline_booking
from services.booking.bookings.views import BookingView, booking_view
from shared.web.bodies import Body, Reason
from shared.web.edge import CommandContext, CurrentClock, ReadSession, run_command
from shared.web.exchange import exchange_of
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["bookings"])


class Approve(Body):
    """Words to the employer, if there are any; they stand in the booking's history."""

    reason: Reason | None = None


class Decline(Body):
    """Why it is not approved; the employer's contacts are told."""

    reason: Reason


@router.get("/approvals")
async def list_approvals(
    request: Request,
    session: ReadSession,
    clock: CurrentClock,
    query: PageQuery,
    project: Annotated[UUID | None, Query()] = None,
) -> Page[BookingView]:
    """The bookings that wait for whoever asks, those that were asked for first first; none for who has no account."""
    search = ApprovalSearch(after=query.after, limit=query.limit, project=project)
    page = await bookings_to_approve(session, exchange_of(request).actor, search, clock.now())
    return Page(items=page.rows, next=page.next)


@router.post("/bookings/{booking_id}/approve", response_model=BookingView)
async def approve(request: Request, booking_id: UUID, body: Approve) -> Response:
    """Confirm a booking that waits for approval; its contacts and participants are told."""
    return await run_command(request, lambda context: carry_out_approval(context, booking_id, body))


@router.post("/bookings/{booking_id}/decline", response_model=BookingView)
async def decline(request: Request, booking_id: UUID, body: Decline) -> Response:
    """Decline a booking that waits for approval: its seats are free at once, and its contacts are told why."""
    return await run_command(request, lambda context: carry_out_refusal(context, booking_id, body))


async def carry_out_approval(context: CommandContext, booking_id: UUID, body: Approve) -> BookingView:
    """Approve it, and return the booking as it became."""
    booking = await approve_booking(context.session, context.clock, booking_id, context.actor, words=body.reason)
    return await booking_view(context.session, booking)


async def carry_out_refusal(context: CommandContext, booking_id: UUID, body: Decline) -> BookingView:
    """Decline it, and return the booking as it became."""
    booking = await decline_booking(context.session, context.clock, booking_id, context.actor, reason=body.reason)
    return await booking_view(context.session, booking)
