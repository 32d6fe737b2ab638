"""Contracts on pages: the draft, signing, putting aside, ordering a line, and the file note as a document."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BeforeValidator, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of, translator_of
from services.procurement.awards.queries import award_view, get_award
from services.procurement.bids.tables import Bid
from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import get_case, request_views, requests_of
from services.procurement.cases.rules import RequestState
from services.procurement.contracts import commands, queries
from services.procurement.contracts.commands import ContractPlan, LinePlan, MeetingPlan
from services.procurement.contracts.file_note import file_note
from services.procurement.contracts.rules import MeetingMode
from services.procurement.office import Because, case_address, office_page
from services.procurement.procedures.queries import get_procedure
from shared.kernel.calendar import at_stockholm, legal_day
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, Paragraph, View
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.typed import ClockTime, Kronor, kronor_typed

router = APIRouter()


def _with_point(value: object) -> object:
    return value.replace(",", ".") if isinstance(value, str) else value


VatRate = Annotated[Decimal, BeforeValidator(_with_point), Field(ge=0, le=100, max_digits=5, decimal_places=2)]


class LineRow(Body):
    """A training that the contract gives, as it is typed."""

    title: Line
    description: Paragraph
    language: Literal["sv", "en"] = "sv"
    mode: MeetingMode = MeetingMode.PHYSICAL
    seats: Annotated[int, Field(ge=1, le=10_000)]
    price: Kronor


class DraftForm(Body):
    """A contract as it is typed; amounts in kronor without VAT."""

    title: Line
    value: Kronor
    vat_rate: VatRate
    starts_on: date
    ends_on: date
    lines: Annotated[list[LineRow], Field(min_length=1, max_length=50)]

    def as_plan(self) -> ContractPlan:
        """The same as a command takes it."""
        return ContractPlan(
            title=self.title,
            value_ore=self.value,
            vat_rate=self.vat_rate,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            lines=tuple(
                LinePlan(
                    title=each.title,
                    description=each.description,
                    language=each.language,
                    mode=each.mode,
                    seats=each.seats,
                    price_ore=each.price,
                )
                for each in self.lines
            ),
        )


class MeetingRow(Body):
    """A meeting as it is typed: a day, and from when to when."""

    day: date
    begins: ClockTime
    ends: ClockTime
    mode: MeetingMode = MeetingMode.PHYSICAL
    place: Line | None = None

    def as_plan(self) -> MeetingPlan:
        """The same as a command takes it."""
        return MeetingPlan(
            starts_at=at_stockholm(self.day, self.begins),
            ends_at=at_stockholm(self.day, self.ends),
            mode=self.mode,
            place=self.place,
        )


class SeatRow(Body):
    """How many seats are kept for the employer behind a request; none where it is left empty."""

    request_id: UUID
    seats: Annotated[int, Field(ge=0, le=10_000)] | None = None


class OrderForm(Body):
    """An order as it is typed."""

    meetings: Annotated[list[MeetingRow], Field(min_length=1, max_length=100)]
    requests: Annotated[list[SeatRow], Field(max_length=200)] = Field(default_factory=list)


class InCase(View):
    """The case that something is done in, and the contract."""

    case_id: UUID
    contract_id: UUID


def _done(answer: dict[str, str]) -> str:
    return case_address(answer["case_id"])


@router.get("/procedures/{procedure_id}/contract")
async def show_draft_contract(
    request: Request, procedure_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Ask for the contract with the chosen supplier; what the bid says is filled in."""
    return await _draft_page(request, session, procedure_id, legal_day(clock.now()), Form())


@router.post("/procedures/{procedure_id}/contract")
async def send_draft_contract(
    request: Request, procedure_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Draft the contract."""

    async def command(context: CommandContext, body: DraftForm) -> InCase:
        contract = await commands.draft_contract(
            context.session, context.clock, procedure_id, body.as_plan(), by=context.actor.person_id
        )
        return InCase(case_id=contract.case_id, contract_id=contract.id)

    again = partial(_draft_page, request, session, procedure_id, legal_day(clock.now()))
    return await take_form(request, DraftForm, command, done=_done, again=again)


async def _draft_page(
    request: Request, session: AsyncSession, procedure_id: UUID, today: date, form: Form[Any]
) -> Response:
    procedure = await get_procedure(session, procedure_id)
    award = await get_award(session, procedure_id)
    bid = await session.get(Bid, award.bid_id)
    if bid is None:
        raise not_there()
    requests = await requests_of(session, procedure.case_id)
    live = [each for each in requests if each.state in (RequestState.IN_CASE, RequestState.ORDERED)]
    return office_page(
        request,
        "contracts/draft.html",
        form=form,
        procedure=procedure,
        case=await get_case(session, procedure.case_id),
        award=await award_view(session, award),
        bid=bid,
        today=today,
        price=kronor_typed(bid.price_ore),
        persons=sum(each.persons for each in live),
        first=live[0] if live else None,
    )


@router.get("/contracts/{contract_id}/sign")
async def show_sign_contract(request: Request, contract_id: UUID, session: ReadSession) -> Response:
    """Say what noting the signatures does, before it is done."""
    return await _sign_page(request, session, contract_id, Form())


@router.post("/contracts/{contract_id}/sign")
async def send_sign_contract(request: Request, contract_id: UUID, session: ReadSession) -> Response:
    """Note that both have signed."""

    async def command(context: CommandContext, _body: Body) -> InCase:
        contract = await commands.sign_contract(context.session, context.clock, contract_id, by=context.actor.person_id)
        return InCase(case_id=contract.case_id, contract_id=contract.id)

    again = partial(_sign_page, request, session, contract_id)
    return await take_form(request, Body, command, done=_done, again=again)


async def _sign_page(request: Request, session: AsyncSession, contract_id: UUID, form: Form[Any]) -> Response:
    contract = await queries.contract_view(session, await queries.get_contract(session, contract_id))
    award = await get_award(session, contract.procedure_id)
    does = [
        Text(N_("You note that buyer and supplier have both signed {reference}."), {"reference": contract.reference}),
        Text(N_("{supplier} and the employers in the case are told at once."), {"supplier": contract.supplier_name}),
        Text(N_("Its lines can be ordered from then on.")),
    ]
    if award.standstill_until is not None:
        message = N_("Not before the standstill is over: it runs to the end of {until}.")
        does.insert(0, Text(message, {"until": award.standstill_until}))
    return office_page(request, "contracts/sign.html", form=form, does=does, contract=contract)


@router.get("/contracts/{contract_id}/discard")
async def show_discard_contract(request: Request, contract_id: UUID, session: ReadSession) -> Response:
    """Say what putting a draft aside does, before it is done."""
    return await _discard_page(request, session, contract_id, Form())


@router.post("/contracts/{contract_id}/discard")
async def send_discard_contract(request: Request, contract_id: UUID, session: ReadSession) -> Response:
    """Put a draft aside."""

    async def command(context: CommandContext, body: Because) -> InCase:
        contract = await commands.discard_contract(
            context.session, context.clock, contract_id, reason=body.reason, by=context.actor.person_id
        )
        return InCase(case_id=contract.case_id, contract_id=contract.id)

    again = partial(_discard_page, request, session, contract_id)
    return await take_form(request, Because, command, done=_done, again=again)


async def _discard_page(request: Request, session: AsyncSession, contract_id: UUID, form: Form[Any]) -> Response:
    contract = await queries.contract_view(session, await queries.get_contract(session, contract_id))
    does = [
        Text(N_("The draft {reference} is put aside and cannot be taken up again."), {"reference": contract.reference}),
        Text(N_("Another can be drafted under the same award decision. Nobody is told.")),
    ]
    return office_page(request, "contracts/discard.html", form=form, does=does, contract=contract)


@router.get("/contracts/{contract_id}/lines/{line_id}/order")
async def show_order_line(request: Request, contract_id: UUID, line_id: UUID, session: ReadSession) -> Response:
    """Ask for the meetings of a line and for whom its seats are kept."""
    return await _order_page(request, session, contract_id, line_id, Form())


@router.post("/contracts/{contract_id}/lines/{line_id}/order")
async def send_order_line(request: Request, contract_id: UUID, line_id: UUID, session: ReadSession) -> Response:
    """Order a line; it becomes a run."""

    async def command(context: CommandContext, body: OrderForm) -> InCase:
        await commands.order_line(
            context.session,
            context.clock,
            contract_id,
            line_id,
            meetings=[each.as_plan() for each in body.meetings],
            seats=[(each.request_id, each.seats) for each in body.requests if each.seats],
            by=context.actor.person_id,
        )
        contract = await queries.get_contract(context.session, contract_id)
        return InCase(case_id=contract.case_id, contract_id=contract_id)

    again = partial(_order_page, request, session, contract_id, line_id)
    return await take_form(request, OrderForm, command, done=_done, again=again)


async def _order_page(
    request: Request, session: AsyncSession, contract_id: UUID, line_id: UUID, form: Form[Any]
) -> Response:
    contract = await queries.contract_view(session, await queries.get_contract(session, contract_id))
    line = next((each for each in contract.lines if each.line_id == line_id), None)
    if line is None:
        raise not_there()
    requests = await request_views(session, await requests_of(session, contract.case_id))
    does = [
        Text(N_("The line becomes a course run with these meetings, with the seats kept for those who asked.")),
        Text(N_("The employers behind the requests are told as soon as the run is there.")),
        Text(N_("An order cannot be taken back here: meetings are moved or cancelled by the project lead.")),
    ]
    return office_page(
        request,
        "contracts/order.html",
        form=form,
        does=does,
        contract=contract,
        line=line,
        requests=[each for each in requests if each.state in (RequestState.IN_CASE, RequestState.ORDERED)],
    )


@router.get("/procedures/{procedure_id}/file-note")
async def show_file_note(
    request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor, clock: CurrentClock
) -> Response:
    """Show the file note of a direct purchase (LOU 19 a:11) as a document that prints well."""
    note = await file_note(
        session, keys_of(request), procedure_id, person_id=actor.person_id, translate=translator_of(request)
    )
    procedure = await get_procedure(session, procedure_id)
    return office_page(request, "contracts/file_note.html", note=note, case_id=procedure.case_id, made_at=clock.now())
