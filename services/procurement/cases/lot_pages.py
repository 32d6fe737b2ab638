"""Lots on pages: what is to be bought, the advice with both answers to the CPV question, and the route chosen by it."""

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import translator_of
from services.procurement.advice.rules import Route, StatedLimit
from services.procurement.advice.views import advice_view, packed_advice
from services.procurement.buyers.queries import get_buyer
from services.procurement.cases import commands, lot_commands, queries
from services.procurement.cases.lot_commands import LotPlan, Stated
from services.procurement.copies import find_names
from services.procurement.office import case_address, office_page
from shared.kernel.errors import InvalidInput
from shared.kernel.identity import cpv
from shared.kernel.money import Money
from shared.kernel.texts import N_
from shared.web.bodies import Body, Line, Paragraph, Reason, View
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.typed import Kronor
from shared.web.validation import checked

router = APIRouter()

YesNo = Literal["yes", "no"]


class DeclareForm(Body):
    """Whether the one who asks has a conflict of interest in the case."""

    conflict: YesNo
    statement: Paragraph | None = None


class LotForm(Body):
    """What is to be bought, as it is typed; amounts without VAT."""

    title: Line
    cpv: Annotated[str, Field(max_length=12), checked(cpv)]
    value: Annotated[Kronor, Field(gt=0)]
    value_basis: Paragraph
    outside: Kronor = 0
    outside_statement: Paragraph
    pooled: YesNo
    not_pooled_reason: Reason | None = None

    def as_plan(self) -> LotPlan:
        """The same as a command takes it."""
        return LotPlan(
            title=self.title,
            cpv=self.cpv,
            value_ore=self.value,
            value_basis=self.value_basis,
            outside_ore=self.outside,
            outside_statement=self.outside_statement,
            pooled=self.pooled == "yes",
            not_pooled_reason=self.not_pooled_reason,
        )


class RouteForm(Body):
    """The officer's answer to the CPV question, the route and why; and figures that are not confirmed here."""

    annex2: YesNo
    route: Route
    reason: Reason
    direct: Kronor | None = None
    direct_source: Line | None = None
    direct_annex2: Kronor | None = None
    direct_annex2_source: Line | None = None

    def as_stated(self) -> Stated:
        """The figures that were looked up. Raises InvalidInput for one without its source."""
        return Stated(
            direct=_stated(self.direct, self.direct_source, "direct_source"),
            direct_annex2=_stated(self.direct_annex2, self.direct_annex2_source, "direct_annex2_source"),
        )


class LotMade(View):
    """The lot that was added, or whose route was chosen."""

    lot_id: UUID
    case_id: UUID


def _stated(ore: int | None, source: str | None, field: str) -> StatedLimit | None:
    if ore is None:
        return None
    if source is None:
        raise InvalidInput(N_("Say where you found the amount."), code="source_missing", field=field)
    return StatedLimit(Money(ore), source)


@router.get("/cases/{case_id}/declaration")
async def show_declaration(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Ask whoever will work the case whether she has a conflict of interest."""
    return await _declaration_page(request, session, case_id, Form())


@router.post("/cases/{case_id}/declaration")
async def send_declaration(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Keep the declaration; whoever has no conflict is one of the case's officers from now on."""

    async def command(context: CommandContext, body: DeclareForm) -> None:
        await commands.declare(
            context.session,
            context.clock,
            case_id,
            conflict=body.conflict == "yes",
            statement=body.statement,
            by=context.actor.person_id,
        )

    again = partial(_declaration_page, request, session, case_id)
    return await take_form(request, DeclareForm, command, done=case_address(case_id), again=again)


async def _declaration_page(request: Request, session: AsyncSession, case_id: UUID, form: Form[Any]) -> Response:
    return office_page(request, "cases/declare.html", form=form, case=await queries.get_case(session, case_id))


@router.get("/cases/{case_id}/lots/new")
async def show_add_lot(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Ask what is to be bought."""
    return await _lot_form(request, session, case_id, Form())


@router.post("/cases/{case_id}/lots/new")
async def send_add_lot(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Add a lot, and go on to the advice on it."""

    async def command(context: CommandContext, body: LotForm) -> LotMade:
        plan = body.as_plan()
        lot = await lot_commands.add_lot(context.session, context.clock, case_id, plan, by=context.actor.person_id)
        return LotMade(lot_id=lot.id, case_id=lot.case_id)

    again = partial(_lot_form, request, session, case_id)
    return await take_form(
        request, LotForm, command, done=lambda answer: f"/procurement/lots/{answer['lot_id']}", again=again
    )


async def _lot_form(request: Request, session: AsyncSession, case_id: UUID, form: Form[Any]) -> Response:
    case = await queries.get_case(session, case_id)
    requests = await queries.request_views(session, await queries.requests_of(session, case_id))
    return office_page(request, "cases/lot_form.html", form=form, case=case, requests=requests)


@router.get("/lots/{lot_id}")
async def show_lot(request: Request, lot_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show the advice on a lot with both answers to the CPV question, and ask for the choice."""
    return await _lot_page(request, session, clock, lot_id, Form())


@router.post("/lots/{lot_id}")
async def send_route(request: Request, lot_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Keep the advice as it is now with the officer's choice and reason."""

    async def command(context: CommandContext, body: RouteForm) -> LotMade:
        await lot_commands.choose_route(
            context.session,
            context.clock,
            lot_id,
            stated=body.as_stated(),
            annex2=body.annex2 == "yes",
            route=body.route,
            reason=body.reason,
            by=context.actor.person_id,
        )
        lot = await lot_commands.get_lot(context.session, lot_id)
        return LotMade(lot_id=lot.id, case_id=lot.case_id)

    again = partial(_lot_page, request, session, clock, lot_id)
    return await take_form(
        request, RouteForm, command, done=lambda answer: case_address(answer["case_id"]), again=again
    )


async def _lot_page(
    request: Request, session: AsyncSession, clock: CurrentClock, lot_id: UUID, form: Form[Any]
) -> Response:
    lot = await lot_commands.get_lot(session, lot_id)
    translate = translator_of(request)
    choice = await queries.find_choice(session, lot_id)
    return office_page(
        request,
        "cases/lot.html",
        form=form,
        lot=lot,
        case=await queries.get_case(session, lot.case_id),
        buyer=await get_buyer(session, lot.buyer_id),
        advice=advice_view(packed_advice(await lot_commands.advice_on(session, clock, lot, Stated())), translate),
        choice=choice,
        chosen_by=(await find_names(session, {choice.given_to})).get(choice.given_to) if choice else None,
        recorded=advice_view(choice.advice, translate) if choice else None,
    )
