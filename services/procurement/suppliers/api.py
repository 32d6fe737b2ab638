"""Suppliers over HTTP: registering, adding, claiming, finding."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.procurement.access import keys_of
from services.procurement.suppliers import commands, queries
from services.procurement.suppliers.bodies import ClaimSupplier, DescribeSupplier
from services.procurement.suppliers.queries import SupplierFilter, SupplierView
from shared.web.bodies import View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.pace import PACED, keep_pace_of_codes
from shared.web.paging import Page

router = APIRouter(tags=["suppliers"])


class AddedSupplierView(View):
    """A supplier that an officer has added, with the code by which its people take charge; it is shown this once."""

    supplier: SupplierView
    claim_code: str
    claim_expires_at: datetime


@router.post("/suppliers", status_code=201, response_model=SupplierView)
async def register_supplier(request: Request, body: DescribeSupplier) -> Response:
    """Register a supplier and act for it from now on."""

    async def command(context: CommandContext) -> SupplierView:
        supplier = await commands.register_supplier(
            context.session, context.clock, keys_of(request), body.as_input(), subject=context.subject
        )
        return SupplierView.model_validate(supplier)

    return await run_command(request, command, status=201)


@router.post("/buyers/{buyer_id}/suppliers", status_code=201, response_model=AddedSupplierView)
async def add_supplier(request: Request, buyer_id: UUID, body: DescribeSupplier) -> Response:  # noqa: ARG001 - the gate's
    """Add a supplier that is not in the register, and get a code for its people to take charge of it."""

    async def command(context: CommandContext) -> AddedSupplierView:
        supplier, code, expires_at = await commands.add_supplier(
            context.session, context.clock, keys_of(request), body.as_input(), by=context.actor.person_id
        )
        return AddedSupplierView(
            supplier=SupplierView.model_validate(supplier), claim_code=code, claim_expires_at=expires_at
        )

    return await run_command(request, command, status=201)


@router.post("/supplier-claims", status_code=201, response_model=SupplierView, responses=PACED)
async def claim_supplier(request: Request, body: ClaimSupplier) -> Response:
    """Use a claim code: whoever is signed in acts for that supplier from now on."""

    async def command(context: CommandContext) -> SupplierView:
        keep_pace_of_codes(request)
        supplier = await commands.claim_supplier(
            context.session, context.clock, keys_of(request), body.code, subject=context.subject
        )
        return SupplierView.model_validate(supplier)

    return await run_command(request, command, status=201)


@router.get("/suppliers/{supplier_id}")
async def get_supplier(supplier_id: UUID, session: ReadSession) -> SupplierView:
    """A supplier, as it describes itself."""
    return SupplierView.model_validate(await queries.get_supplier(session, supplier_id))


@router.get("/buyers/{buyer_id}/suppliers")
async def list_suppliers(
    buyer_id: UUID,  # noqa: ARG001 - the gate's
    query: Annotated[SupplierFilter, Query()],
    session: ReadSession,
) -> Page[SupplierView]:
    """The register of suppliers, by name."""
    return await queries.list_suppliers(session, query)
