"""How somebody comes to act for a supplier: registers it, or uses the code that an officer gave."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bidder import overview_of, supplier_page
from services.procurement.suppliers import commands
from services.procurement.suppliers.bodies import ClaimSupplier, DescribeSupplier
from services.procurement.suppliers.queries import SupplierView
from shared.web.edge import CommandContext
from shared.web.pace import keep_pace_of_codes
from shared.web.pages.forms import Form, take_form

router = APIRouter(prefix="/supplier")

GivenCode = Annotated[str | None, Query(max_length=40, description="A code that came in a link")]
_LONGEST = {"name": 200, "organisation_number": 20, "email": 254, "phone": 30, "code": 40}


@router.get("/register")
async def show_registration(request: Request) -> Response:
    """Show the form by which a supplier is registered."""
    return _registration(request, Form())


@router.post("/register")
async def send_registration(request: Request) -> Response:
    """Register a supplier that whoever is signed in acts for from now on."""

    async def command(context: CommandContext, body: DescribeSupplier) -> SupplierView:
        given = body.as_input()
        supplier = await commands.register_supplier(
            context.session, context.clock, keys_of(request), given, subject=context.subject
        )
        return SupplierView.model_validate(supplier)

    async def again(form: Form[DescribeSupplier]) -> Response:
        return _registration(request, form)

    return await take_form(request, DescribeSupplier, command, done=_overview, again=again)


@router.get("/claim")
async def show_claim(request: Request, code: GivenCode = None) -> Response:
    """Show the form in which a code is used, filled in where it came in a link."""
    return _claim(request, Form(), code)


@router.post("/claim")
async def send_claim(request: Request) -> Response:
    """Use a code: whoever is signed in acts for that supplier from now on."""

    async def command(context: CommandContext, body: ClaimSupplier) -> SupplierView:
        keep_pace_of_codes(request)
        supplier = await commands.claim_supplier(
            context.session, context.clock, keys_of(request), body.code, subject=context.subject
        )
        return SupplierView.model_validate(supplier)

    async def again(form: Form[ClaimSupplier]) -> Response:
        return _claim(request, form, None)

    return await take_form(request, ClaimSupplier, command, done=_overview, again=again)


def _overview(answer: dict[str, object]) -> str:
    return overview_of(SupplierView.model_validate(answer).supplier_id)


def _registration(request: Request, form: Form[DescribeSupplier]) -> Response:
    return supplier_page(request, "suppliers/own_register.html", form=form, longest=_LONGEST)


def _claim(request: Request, form: Form[ClaimSupplier], code: str | None) -> Response:
    return supplier_page(request, "suppliers/own_claim.html", form=form, code=code or "", longest=_LONGEST)
