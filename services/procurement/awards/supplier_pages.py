"""The award notice to one bidder, as a page."""

from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.procurement.awards.queries import award_notice
from services.procurement.bidder import supplier_page
from services.procurement.procedures.queries import get_invitation
from shared.web.edge import CurrentClock, ReadSession

router = APIRouter(prefix="/supplier/{supplier_id}/procedures/{procedure_id}")


@router.get("/award")
async def show_award_notice(
    request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show who was chosen and why, and how one's own bid fared."""
    notice = await award_notice(session, procedure_id, supplier_id)
    return supplier_page(
        request,
        "awards/notice.html",
        supplier_id=supplier_id,
        notice=notice,
        points=None if notice.points is None else Decimal(notice.points),
        invitation=await get_invitation(session, procedure_id, supplier_id, clock.now()),
    )
