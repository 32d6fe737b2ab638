"""Replacing a participant by another, for programs."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.bookings.queries import get_booking
from services.booking.bookings.substituting import Substitution, may_substitute_after_lock, substitute
from services.booking.bookings.views import BookingView, booking_view
from shared.web.bodies import Body, Reason, Version
from shared.web.edge import CommandContext, run_command

router = APIRouter(tags=["bookings"])


class Substitute(Body):
    """Who gives her seat to whom. The reason may be left out while employers exchange participants themselves."""

    replaced_id: UUID
    replacing_id: UUID
    reason: Reason | None = None
    version: Version | None = None


@router.post("/bookings/{booking_id}/substitute", response_model=BookingView)
async def substitute_participant(request: Request, booking_id: UUID, body: Substitute) -> Response:
    """Replace a participant by a colleague; both are told, and the booking's history keeps who and why."""
    return await run_command(request, lambda context: carry_out(context, booking_id, body))


async def carry_out(context: CommandContext, booking_id: UUID, body: Substitute) -> BookingView:
    """Replace her, and return the booking as it became."""
    after_lock = may_substitute_after_lock(context.actor, await get_booking(context.session, booking_id))
    substitution = Substitution(body.replaced_id, body.replacing_id, body.reason, body.version, after_lock=after_lock)
    booking = await substitute(context.session, context.clock, booking_id, substitution, by=context.actor.person_id)
    return await booking_view(context.session, booking)
