"""A supplier's overview: what it is invited to, its own bids, what became of them, its contracts; and one contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bidder import PHASES, overview_of, supplier_page
from services.procurement.bids.queries import OwnBidView, own_receipts
from services.procurement.contracts.queries import list_supplier_contracts, supplier_contract_view
from services.procurement.procedures.queries import InvitationView, list_invitations
from services.procurement.procedures.rules import Phase
from services.procurement.suppliers.queries import get_supplier, supplier_names
from services.procurement.wording import LINE_STATES, MODES
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentClock, ReadSession
from shared.web.exchange import exchange_of
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.lists import Listing
from shared.web.paging import Page, PageFilter

router = APIRouter(prefix="/supplier")


class InvitationFilter(ListFilter):
    """Which of the invitations."""

    standing: Annotated[Literal["open", "closed"] | None, Field(description="Whether bids are taken")] = None


InvitationQuery = Annotated[InvitationFilter, Query()]


@router.get("")
async def show_supplier_overview(
    request: Request, query: InvitationQuery, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show whoever is signed in what her supplier is invited to, or how she comes to act for one."""
    acts_for = _acts_for(exchange_of(request).actor)
    if not acts_for:
        return supplier_page(request, "contracts/no_supplier.html")
    return await _overview(request, session, acts_for[0], query, clock.now())


@router.get("/{supplier_id}/invitations")
async def show_supplier_invitations(
    request: Request, supplier_id: UUID, query: InvitationQuery, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show what one of several suppliers that somebody acts for is invited to."""
    return await _overview(request, session, supplier_id, query, clock.now())


async def _overview(
    request: Request, session: AsyncSession, supplier_id: UUID, query: InvitationFilter, now: datetime
) -> Response:

    async def read(page: PageFilter) -> Page[InvitationView]:
        is_open = None if query.standing is None else query.standing == "open"
        return await list_invitations(session, supplier_id, page, now, words=query.q, is_open=is_open)

    async def show(listing: Listing[InvitationView]) -> Response:
        ids = [each.procedure_id for each in listing.rows]
        own = await own_receipts(session, keys_of(request), ids, supplier_id)
        return supplier_page(
            request,
            "contracts/supplier.html",
            supplier=await get_supplier(session, supplier_id),
            tabs=await _tabs(session, _acts_for(exchange_of(request).actor), supplier_id),
            invitations=listing,
            own=own,
            next_to_bid=_next_to_bid(listing.rows, own),
            contracts=await list_supplier_contracts(session, supplier_id),
        )

    return await show_or_export(request, query, name="invitations", columns=_COLUMNS, read=read, show=show)


@router.get("/{supplier_id}/contracts/{contract_id}")
async def show_supplier_contract(
    request: Request, supplier_id: UUID, contract_id: UUID, session: ReadSession
) -> Response:
    """Show a signed contract to its supplier, and what is ordered of it."""
    contract = await supplier_contract_view(session, supplier_id, contract_id)
    return supplier_page(
        request,
        "contracts/supplier_contract.html",
        supplier_id=supplier_id,
        contract=contract,
        line_names=LINE_STATES,
        mode_names=MODES,
    )


_COLUMNS = (
    Column(N_("Procurement"), lambda row: row.title),
    Column(N_("Case number"), lambda row: row.registration_number),
    Column(N_("Buyer"), lambda row: row.buyer_name),
    Column(N_("Last time for bids"), lambda row: row.deadline),
    Column(N_("Stands"), lambda row: Text(PHASES[row.phase][0])),
)


def _acts_for(actor: Actor | None) -> list[UUID]:
    grants = actor.grants_of(Role.SUPPLIER) if actor is not None else ()
    return [grant.supplier_id for grant in grants if grant.supplier_id is not None]


async def _tabs(session: AsyncSession, acts_for: Sequence[UUID], shown: UUID) -> list[tuple[str, str, bool]]:
    """Return the suppliers to choose among, where there are several: address, name, whether it is the one shown."""
    if len(acts_for) == 1:
        return []
    names = await supplier_names(session, acts_for)
    return [(overview_of(each), names[each], each == shown) for each in sorted(names, key=lambda key: names[key])]


def _next_to_bid(invitations: Sequence[InvitationView], own: dict[UUID, OwnBidView]) -> InvitationView | None:
    """Return the invitation whose deadline comes first among those without a bid."""
    waiting = [each for each in invitations if each.phase is Phase.OPEN_FOR_BIDS and own[each.procedure_id].bid is None]
    return min(waiting, key=lambda each: each.deadline, default=None)
