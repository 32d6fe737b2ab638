"""Buyers over HTTP; they come from data files and are only read here."""

from uuid import UUID

from fastapi import APIRouter

from services.procurement.buyers import queries
from services.procurement.buyers.queries import BuyerView, OfficersView
from shared.web.edge import ReadSession

router = APIRouter(tags=["buyers"])


@router.get("/buyers/{buyer_id}")
async def get_buyer(buyer_id: UUID, session: ReadSession) -> BuyerView:
    """A buyer with its policy, and whether each choice is law or policy."""
    return BuyerView.model_validate(await queries.get_buyer(session, buyer_id))


@router.get("/buyers/{buyer_id}/officers")
async def list_officers(buyer_id: UUID, session: ReadSession) -> OfficersView:
    """The people who act for a buyer: openers are chosen among them."""
    return OfficersView(items=await queries.list_officers(session, buyer_id))
