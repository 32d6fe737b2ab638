"""Contracts, orders and file notes over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field

from services.procurement.access import buyers_reached, keys_of, translator_of
from services.procurement.contracts import commands, queries
from services.procurement.contracts.commands import ContractPlan, LinePlan, MeetingPlan
from services.procurement.contracts.file_note import FileNote, file_note
from services.procurement.contracts.queries import ContractSummary, ContractView
from services.procurement.contracts.rules import MeetingMode
from services.procurement.history import HistoryView, history_of
from shared.kernel.roles import Role
from shared.web.bodies import LARGEST_ORE, Body, Line, Ore, Paragraph, Reason
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["contracts"])

VatRate = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]


class AgreeLine(Body):
    """A training that the contract gives; the price in öre without VAT."""

    title: Line
    description: Paragraph
    language: Literal["sv", "en"] = "sv"
    mode: MeetingMode
    seats: Annotated[int, Field(ge=1, le=10_000)]
    price_ore: Ore

    def as_plan(self) -> LinePlan:
        """The same as a command takes it."""
        return LinePlan(**self.model_dump())


class DraftContract(Body):
    """A contract with the supplier that was chosen; what is left out is the bid's."""

    title: Line | None = None
    value_ore: Annotated[int, Field(ge=0, le=LARGEST_ORE)] | None = None
    vat_rate: VatRate | None = None
    starts_on: date
    ends_on: date
    lines: Annotated[list[AgreeLine], Field(min_length=1, max_length=50)]


class DiscardContract(Body):
    """Why a draft is put aside."""

    reason: Reason


class AgreeMeeting(Body):
    """A meeting as agreed with the supplier."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: MeetingMode
    place: Line | None = None


class OrderSeats(Body):
    """Seats kept for the employer behind one training request."""

    request_id: UUID
    seats: Annotated[int, Field(ge=1, le=10_000)]


class OrderLine(Body):
    """An order of one line: its meetings, and for whom its seats are kept."""

    line_id: UUID
    meetings: Annotated[list[AgreeMeeting], Field(min_length=1, max_length=100)]
    requests: Annotated[list[OrderSeats], Field(max_length=200)] = Field(default_factory=list)


@router.post("/procedures/{procedure_id}/contract", status_code=201, response_model=ContractView)
async def draft_contract(request: Request, procedure_id: UUID, body: DraftContract) -> Response:
    """Draft the contract with the supplier that the award names."""

    async def command(context: CommandContext) -> ContractView:
        plan = ContractPlan(
            title=body.title,
            value_ore=body.value_ore,
            vat_rate=body.vat_rate,
            starts_on=body.starts_on,
            ends_on=body.ends_on,
            lines=tuple(line.as_plan() for line in body.lines),
        )
        contract = await commands.draft_contract(
            context.session, context.clock, procedure_id, plan, by=context.actor.person_id
        )
        return await queries.contract_view(context.session, contract)

    return await run_command(request, command, status=201)


@router.get("/contracts/{contract_id}")
async def get_contract(contract_id: UUID, session: ReadSession) -> ContractView:
    """A contract with its lines and what was ordered of them."""
    return await queries.contract_view(session, await queries.get_contract(session, contract_id))


@router.get("/projects/{project_id}/contracts")
async def list_contracts(
    project_id: UUID, query: PageQuery, session: ReadSession, actor: CurrentActor
) -> Page[ContractSummary]:
    """The signed contracts of a project, newest first: all for its lead, her buyer's own for an officer."""
    leads = any(grant.project_id == project_id for grant in actor.grants_of(Role.PROJECT_LEAD))
    buyers = None if leads else buyers_reached(actor)
    return await queries.list_project_contracts(session, project_id, query, buyers=buyers)


@router.post("/contracts/{contract_id}/sign", response_model=ContractView)
async def sign_contract(request: Request, contract_id: UUID) -> Response:
    """Note that both have signed; not before the standstill is over."""

    async def command(context: CommandContext) -> ContractView:
        contract = await commands.sign_contract(context.session, context.clock, contract_id, by=context.actor.person_id)
        return await queries.contract_view(context.session, contract)

    return await run_command(request, command)


@router.post("/contracts/{contract_id}/discard", response_model=ContractView)
async def discard_contract(request: Request, contract_id: UUID, body: DiscardContract) -> Response:
    """Put a draft aside, so that another can be made."""

    async def command(context: CommandContext) -> ContractView:
        contract = await commands.discard_contract(
            context.session, context.clock, contract_id, reason=body.reason, by=context.actor.person_id
        )
        return await queries.contract_view(context.session, contract)

    return await run_command(request, command)


@router.post("/contracts/{contract_id}/orders", status_code=201, response_model=ContractView)
async def order_line(request: Request, contract_id: UUID, body: OrderLine) -> Response:
    """Order a line with its meetings; it becomes a run with seats kept for the requests that are named."""

    async def command(context: CommandContext) -> ContractView:
        meetings = [
            MeetingPlan(starts_at=each.starts_at, ends_at=each.ends_at, mode=each.mode, place=each.place)
            for each in body.meetings
        ]
        await commands.order_line(
            context.session,
            context.clock,
            contract_id,
            body.line_id,
            meetings=meetings,
            seats=[(each.request_id, each.seats) for each in body.requests],
            by=context.actor.person_id,
        )
        await context.session.flush()
        return await queries.contract_view(context.session, await queries.get_contract(context.session, contract_id))

    return await run_command(request, command, status=201)


@router.get("/contracts/{contract_id}/history")
async def get_contract_history(contract_id: UUID, query: PageQuery, session: ReadSession) -> Page[HistoryView]:
    """What happened to a contract."""
    return await history_of(session, contract_id, query)


@router.get("/procedures/{procedure_id}/file-note")
async def get_file_note(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> FileNote:
    """The file note of a direct purchase (LOU 19 a:11), as data and as a text in the reader's language."""
    return await file_note(
        session, keys_of(request), procedure_id, person_id=actor.person_id, translate=translator_of(request)
    )
