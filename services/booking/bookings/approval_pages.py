"""The bookings that wait for a coach or a lead, and where she approves one or says no."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.approval_api import Approve, Decline, carry_out_approval, carry_out_refusal
from services.booking.bookings.approvals import ApprovalSearch, bookings_to_approve
from services.booking.bookings.queries import get_booking
from services.booking.bookings.rules import BookingState
from services.booking.bookings.views import BookingView, booking_view
from services.booking.employers.standing import standing_of
from shared.kernel.texts import N_, Text
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.exchange import exchange_of
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_LIST: Final = "/booking/approvals"
_COLUMNS: Final = (
    Column(N_("Employer"), lambda booking: booking.employer_name),
    Column(N_("Booking"), lambda booking: booking.reference),
    Column(N_("Course"), lambda booking: booking.run.course_title),
    Column(N_("Begins"), lambda booking: booking.run.starts_at),
    Column(N_("Seats"), lambda booking: booking.seat_count),
    Column(N_("Asked for"), lambda booking: booking.created_at),
)


@router.get("/approvals")
async def show_approvals(
    request: Request,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[ApprovalSearch, Query()],
) -> Response:
    """List the bookings that wait for the reader."""

    async def read(asked: ApprovalSearch) -> Rows[BookingView]:
        return await bookings_to_approve(session, exchange_of(request).actor, asked, clock.now())

    async def show(listing: Listing[BookingView]) -> Response:
        return render(request, "bookings/approvals.html", bookings=listing)

    return await show_or_export(request, query, name="approvals", columns=_COLUMNS, read=read, show=show)


@router.get("/bookings/{booking_id}/approve")
async def show_approval(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Say what approving does and who is told."""
    return await _page(request, session, booking_id, Form(), template="bookings/approve.html")


@router.post("/bookings/{booking_id}/approve")
async def send_approval(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Approve it."""

    async def command(context: CommandContext, body: Approve) -> BookingView:
        return await carry_out_approval(context, booking_id, body)

    again = partial(_page, request, session, booking_id, template="bookings/approve.html")
    return await take_form(request, Approve, command, done=f"/booking/bookings/{booking_id}", again=again)


@router.get("/bookings/{booking_id}/decline")
async def show_refusal(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Say what declining does and who is told."""
    return await _page(request, session, booking_id, Form(), template="bookings/decline.html")


@router.post("/bookings/{booking_id}/decline")
async def send_refusal(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Decline it."""

    async def command(context: CommandContext, body: Decline) -> BookingView:
        return await carry_out_refusal(context, booking_id, body)

    again = partial(_page, request, session, booking_id, template="bookings/decline.html")
    return await take_form(request, Decline, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _page(
    request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any], *, template: str
) -> Response:
    booking = await get_booking(session, booking_id)
    view = await booking_view(session, booking)
    named = sum(1 for seat in view.seats if seat.person_id)
    told = Text(N_("Contacts of {employer} are told."), {"employer": view.employer_name})
    does = {
        "bookings/approve.html": [
            Text(N_("The booking is confirmed. Seats: {seats}"), {"seats": view.seat_count}),
            Text(
                N_("Contacts of {employer} are told, and so are the participants who are named ({named})."),
                {"employer": view.employer_name, "named": named},
            )
            if named
            else told,
        ],
        "bookings/decline.html": [
            Text(
                N_("Every seat is given back ({seats} in all) and is free to others at once."),
                {"seats": view.seat_count},
            ),
            told,
            Text(N_("It cannot be taken back. Whoever wants the seats again books anew, if any are free.")),
        ],
    }[template]
    if booking.state != BookingState.ASKED:
        does = [Text(N_("The booking waits for approval no more. Reload it to see what has been decided."))]
    return render(
        request,
        template,
        form=form,
        booking=view,
        standing=await standing_of(request, session, booking.employer_id),
        does=does,
    )
