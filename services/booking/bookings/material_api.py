"""What there is to read for a booked run, over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from services.booking.bookings.queries import get_booking
from services.booking.bookings.rules import BookingState
from services.booking.courses.holding_api import MaterialsView, materials_view
from shared.web.edge import ReadSession

router = APIRouter(tags=["bookings"])


@router.get("/bookings/{booking_id}/materials")
async def list_booking_materials(booking_id: UUID, session: ReadSession) -> MaterialsView:
    """What there is to read for the run; nothing once the booking is cancelled."""
    booking = await get_booking(session, booking_id)
    if booking.state == BookingState.CANCELLED:
        return MaterialsView(items=[])
    return await materials_view(session, booking.run_id)
