"""The register of suppliers on pages: finding one, adding one, and a code by which its people take charge of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bidder import CLAIM
from services.procurement.office import office_page
from services.procurement.suppliers import commands, queries, register
from services.procurement.suppliers.bodies import DescribeSupplier
from services.procurement.suppliers.register import RegisterFilter
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.exchange import parts_of
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing

router = APIRouter()

B = TypeVar("B", bound=Body)
_SEE_OTHER: Final = 303
_COLUMNS: Final = (
    Column(N_("Supplier"), lambda row: row.name),
    Column(N_("Organisation number"), lambda row: row.organisation_number),
    Column(N_("E-mail"), lambda row: row.email),
    Column(N_("Phone"), lambda row: row.phone),
    Column(N_("Acts here"), lambda row: Text(N_("yes") if row.has_account else N_("not yet"))),
)


class CodeView(View):
    """A supplier and the code by which its people take charge of it; it is shown this once."""

    name: str
    email: str
    code: str
    expires_at: datetime


@router.get("/suppliers")
async def show_suppliers(request: Request, session: ReadSession, query: Annotated[RegisterFilter, Query()]) -> Response:
    """Show the register of suppliers."""

    async def show(suppliers: Listing[Any]) -> Response:
        return office_page(request, "suppliers/register.html", suppliers=suppliers)

    read = partial(register.list_register, session)
    return await show_or_export(request, query, name="suppliers", columns=_COLUMNS, sort="name", read=read, show=show)


@router.get("/suppliers/new")
async def show_add_supplier(request: Request) -> Response:
    """Ask for a supplier that is not in the register."""
    return office_page(request, "suppliers/add.html", form=Form())


@router.post("/suppliers/new")
async def send_add_supplier(request: Request) -> Response:
    """Add the supplier, and show the code for its people once."""

    async def command(context: CommandContext, body: DescribeSupplier) -> CodeView:
        supplier, code, expires_at = await commands.add_supplier(
            context.session, context.clock, keys_of(request), body.as_input(), by=context.actor.person_id
        )
        return CodeView(name=supplier.name, email=supplier.email, code=code, expires_at=expires_at)

    async def again(form: Form[DescribeSupplier]) -> Response:
        return office_page(request, "suppliers/add.html", form=form)

    return await _code_page(request, DescribeSupplier, command, again)


@router.get("/suppliers/{registered_id}/code")
async def show_new_code(request: Request, registered_id: UUID, session: ReadSession) -> Response:
    """Say what a new code does, before it is made."""
    return await _new_code_page(request, session, registered_id, Form())


@router.post("/suppliers/{registered_id}/code")
async def send_new_code(request: Request, registered_id: UUID, session: ReadSession) -> Response:
    """Make a new code for a supplier that nobody acts for yet, and show it once."""

    async def command(context: CommandContext, _body: Body) -> CodeView:
        supplier, code, expires_at = await commands.renew_claim(
            context.session, keys_of(request), registered_id, by=context.actor.person_id
        )
        return CodeView(name=supplier.name, email=supplier.email, code=code, expires_at=expires_at)

    return await _code_page(request, Body, command, partial(_new_code_page, request, session, registered_id))


async def _new_code_page(request: Request, session: AsyncSession, registered_id: UUID, form: Form[Any]) -> Response:
    supplier = await queries.get_supplier(session, registered_id)
    does = [
        Text(
            N_("A new code is made for {supplier}; one that was given before no longer works."),
            {"supplier": supplier.name},
        ),
        Text(N_("Nobody is told: give the code to somebody who acts for the supplier.")),
    ]
    return office_page(request, "suppliers/new_code.html", form=form, does=does, supplier=supplier)


async def _code_page(
    request: Request,
    model: type[B],
    command: Callable[[CommandContext, B], Awaitable[CodeView]],
    again: Callable[[Form[B]], Awaitable[Response]],
) -> Response:
    """Carry the form out and show the code on the answer itself: it must not stand in an address."""
    made: list[dict[str, str]] = []

    def done(answer: dict[str, str]) -> str:
        made.append(answer)
        return "/procurement/suppliers"

    response = await take_form(request, model, command, done=done, again=again)
    if response.status_code != _SEE_OTHER or not made:
        return response
    expires_at = datetime.fromisoformat(made[0]["expires_at"])
    claim_at = f"{parts_of(request).origin}{CLAIM}"
    return office_page(request, "suppliers/code.html", made=made[0], claim_at=claim_at, expires_at=expires_at)
