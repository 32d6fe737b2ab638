"""Drafting, signing and discarding contracts, and ordering their lines. Lock order: case, procedure, contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.awards.queries import find_award
from services.procurement.awards.rules import check_binding, check_standstill
from services.procurement.bids.tables import Bid
from services.procurement.buyers.queries import get_buyer, not_there
from services.procurement.cases.commands import conclude_case, contacts_of, locked_open_case, mark_ordered
from services.procurement.cases.queries import check_case_officer, lots_of, requests_of
from services.procurement.cases.rules import RequestState
from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.contracts.queries import get_contract, lines_of
from services.procurement.contracts.rules import (
    CONTRACT,
    LINE,
    ContractState,
    LineState,
    MeetingMode,
    check_meetings,
    check_prices,
    check_seats,
    check_term,
)
from services.procurement.contracts.tables import Contract, ContractLine
from services.procurement.history import keep_history
from services.procurement.procedures.commands import locked_procedure, move_procedure
from services.procurement.procedures.queries import procedures_of_case
from services.procurement.procedures.rules import ProcedureState
from shared.contracts.facts import Recipient
from shared.contracts.procurement import ContractLineOrdered, ContractSigned, OrderedMeeting, OrderedSeats
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput
from shared.kernel.texts import N_
from shared.messaging.outbox import record

_LIVE = (RequestState.IN_CASE, RequestState.ORDERED)


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line as it is agreed; the price in öre without VAT."""

    title: str
    description: str
    language: str
    mode: MeetingMode
    seats: int
    price_ore: int


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """A contract as it is drafted; title, value and VAT rate are the bid's unless others are agreed."""

    title: str | None
    value_ore: int | None
    vat_rate: Decimal | None
    starts_on: date
    ends_on: date
    lines: tuple[LinePlan, ...]


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """A meeting as it is ordered."""

    starts_at: datetime
    ends_at: datetime
    mode: MeetingMode
    place: str | None


async def draft_contract(
    session: AsyncSession, clock: Clock, procedure_id: UUID, plan: ContractPlan, *, by: UUID
) -> Contract:
    """Draft the contract with the supplier that the award names. Raises Conflict where there is one already."""
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    award = await find_award(session, procedure_id)
    if award is None or procedure.state is not ProcedureState.AWARDED:
        raise Conflict(N_("A contract is drafted after the award decision."), code="not_awarded")
    await _check_no_contract(session, procedure_id)
    bid = await session.get(Bid, award.bid_id)
    assert bid is not None
    value_ore = bid.price_ore if plan.value_ore is None else plan.value_ore
    check_term(plan.starts_on, plan.ends_on)
    check_prices([line.price_ore for line in plan.lines], value_ore)
    now = clock.now()
    contract = Contract(
        procedure_id=procedure.id,
        award_id=award.id,
        case_id=procedure.case_id,
        buyer_id=procedure.buyer_id,
        project_id=procedure.project_id,
        supplier_id=award.supplier_id,
        title=plan.title or procedure.title,
        value_ore=value_ore,
        vat_rate=bid.vat_rate if plan.vat_rate is None else plan.vat_rate,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        drafted_at=now,
        drafted_by=by,
    )
    session.add(contract)
    await session.flush()
    for position, line in enumerate(plan.lines, start=1):
        session.add(
            ContractLine(
                contract_id=contract.id,
                position=position,
                title=line.title,
                description=line.description,
                language=line.language,
                mode=line.mode,
                seats=line.seats,
                price_ore=line.price_ore,
            )
        )
    keep_history(session, "contract", contract.id, at=now, by=by, after=ContractState.DRAFT)
    await session.flush()
    return contract


async def _check_no_contract(session: AsyncSession, procedure_id: UUID) -> None:
    standing = select(Contract.id).where(
        col(Contract.procedure_id) == procedure_id, col(Contract.state) != ContractState.DISCARDED
    )
    if (await session.exec(standing)).first() is not None:
        raise Conflict(
            N_("There is a contract already. Discard the draft first if it is wrong."), code="contract_there"
        )


async def discard_contract(
    session: AsyncSession, clock: Clock, contract_id: UUID, *, reason: str, by: UUID
) -> Contract:
    """Put a draft aside, so that another can be made."""
    contract = await _locked_contract(session, contract_id)
    await check_case_officer(session, contract.case_id, by)
    _move(session, contract, ContractState.DISCARDED, at=clock.now(), by=by, reason=reason)
    return contract


async def sign_contract(session: AsyncSession, clock: Clock, contract_id: UUID, *, by: UUID) -> Contract:
    """Note that buyer and supplier have signed. Raises Refused while the standstill runs or where the bid has lapsed.

    The case is concluded when every lot in it has its contract and every line of them is ordered.
    """
    draft = await get_contract(session, contract_id)
    case = await locked_open_case(session, draft.case_id)
    procedure = await locked_procedure(session, draft.procedure_id)
    contract = await _locked_contract(session, contract_id)
    await check_case_officer(session, case.id, by)
    now = clock.now()
    CONTRACT.check(contract.state, ContractState.SIGNED)
    award = await find_award(session, procedure.id)
    if award is None or award.id != contract.award_id:
        raise Conflict(N_("The award that this draft rests on was revoked. Discard the draft."), code="award_revoked")
    bid = await session.get(Bid, award.bid_id)
    assert bid is not None
    check_standstill(award.standstill_until, today=legal_day(now))
    check_binding(bid.valid_until, today=legal_day(now))
    contract.signed_at, contract.signed_by = now, by
    _move(session, contract, ContractState.SIGNED, at=now, by=by)
    move_procedure(session, procedure, ProcedureState.CONTRACTED, at=now, by=by)
    await _tell_signed(session, contract, case, now)
    await _conclude_if_done(session, case, now, by)
    return contract


async def _tell_signed(session: AsyncSession, contract: Contract, case: Case, now: datetime) -> None:
    requests = [each for each in await requests_of(session, case.id) if each.state in _LIVE]
    buyer = await get_buyer(session, contract.buyer_id)
    fact = ContractSigned(
        contract_id=contract.id,
        reference=contract.reference,
        procedure_id=contract.procedure_id,
        case_id=case.id,
        registration_number=case.registration_number,
        project_id=contract.project_id,
        buyer_id=contract.buyer_id,
        buyer_name=buyer.name,
        supplier_id=contract.supplier_id,
        title=contract.title,
        value_ore=contract.value_ore,
        currency=contract.currency,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        request_ids=tuple(each.id for each in requests),
        recipients=(
            Recipient(kind="supplier", id=contract.supplier_id, part="winner"),
            *await contacts_of(session, requests),
        ),
    )
    await record(session, fact, version=contract.version, at=now)


async def _conclude_if_done(session: AsyncSession, case: Case, now: datetime, by: UUID) -> None:
    await session.flush()
    procedures = await procedures_of_case(session, case.id)
    contracted = {each.lot_id for each in procedures if each.state is ProcedureState.CONTRACTED}
    to_order = (
        select(ContractLine.id)
        .join(Contract, col(Contract.id) == col(ContractLine.contract_id))
        .where(
            col(Contract.case_id) == case.id,
            col(Contract.state) == ContractState.SIGNED,
            col(ContractLine.state) == LineState.AGREED,
        )
    )
    if (await session.exec(to_order)).first() is not None:
        return
    if all(lot.id in contracted for lot in await lots_of(session, case.id)):
        await conclude_case(session, case, at=now, by=by)


async def order_line(
    session: AsyncSession,
    clock: Clock,
    contract_id: UUID,
    line_id: UUID,
    *,
    meetings: Sequence[MeetingPlan],
    seats: Sequence[tuple[UUID, int]],
    by: UUID,
) -> ContractLine:
    """Order a line: meetings as agreed with the supplier, seats by request (request, number). It becomes a run.

    The case is concluded with its last order.
    """
    case = await locked_open_case(session, (await get_contract(session, contract_id)).case_id)
    contract = await _locked_contract(session, contract_id)
    await check_case_officer(session, case.id, by)
    if contract.state is not ContractState.SIGNED:
        raise Conflict(N_("Lines are ordered once the contract is signed."), code="not_signed")
    line = await _line(session, contract, line_id)
    now = clock.now()
    LINE.check(line.state, LineState.ORDERED)
    check_meetings([(each.starts_at, each.ends_at) for each in meetings], now=now)
    check_seats([number for _, number in seats], line.seats)
    requests = await _requests(session, contract, [request_id for request_id, _ in seats])
    fact = ContractLineOrdered(
        contract_id=contract.id,
        line_id=line.id,
        project_id=contract.project_id,
        supplier_id=contract.supplier_id,
        title=line.title,
        description=line.description,
        language=line.language,
        mode=line.mode.value,
        seats=line.seats,
        price_ore=line.price_ore,
        currency=contract.currency,
        meetings=tuple(
            OrderedMeeting(starts_at=each.starts_at, ends_at=each.ends_at, mode=each.mode.value, place=each.place)
            for each in sorted(meetings, key=lambda meeting: meeting.starts_at)
        ),
        requests=tuple(
            OrderedSeats(request_id=key, employer_id=requests[key].employer_id, seats=number) for key, number in seats
        ),
    )
    line.state, line.ordered_at, line.ordered_by = LineState.ORDERED, now, by
    line.order = fact.model_dump(mode="json", include={"meetings", "requests"})
    session.add(line)
    contract.version += 1
    session.add(contract)
    keep_history(session, "contract", contract.id, at=now, by=by, before=LineState.AGREED, after=LineState.ORDERED)
    for request_id in sorted(requests):
        await mark_ordered(session, request_id, at=now, by=by)
    await record(session, fact, version=contract.version, at=now)
    await _conclude_if_done(session, case, now, by)
    return line


async def _line(session: AsyncSession, contract: Contract, line_id: UUID) -> ContractLine:
    line = next((each for each in await lines_of(session, contract.id) if each.id == line_id), None)
    if line is None:
        raise InvalidInput(N_("The contract has no such line."), code="line_unknown", field="line_id")
    return line


async def _requests(
    session: AsyncSession, contract: Contract, request_ids: Sequence[UUID]
) -> dict[UUID, TrainingRequest]:
    of_case = {each.id: each for each in await requests_of(session, contract.case_id) if each.state in _LIVE}
    if len(set(request_ids)) < len(request_ids) or not set(request_ids) <= set(of_case):
        raise InvalidInput(
            N_("Seats are ordered for requests of the contract's case, each named once, and not withdrawn."),
            code="request_unknown",
            field="requests",
        )
    return {request_id: of_case[request_id] for request_id in request_ids}


async def _locked_contract(session: AsyncSession, contract_id: UUID) -> Contract:
    contract = await session.get(Contract, contract_id, with_for_update=True, populate_existing=True)
    if contract is None:
        raise not_there()
    return contract


def _move(
    session: AsyncSession,
    contract: Contract,
    after: ContractState,
    *,
    at: datetime,
    by: UUID,
    reason: str | None = None,
) -> None:
    CONTRACT.check(contract.state, after)
    keep_history(session, "contract", contract.id, at=at, by=by, before=contract.state, after=after, reason=reason)
    contract.state = after
    contract.version += 1
    session.add(contract)
