"""Reading contracts."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import get_case
from services.procurement.contracts.rules import ContractKind, ContractState, LineState, MeetingMode
from services.procurement.contracts.tables import Contract, ContractLine
from services.procurement.suppliers.queries import supplier_names
from shared.web.bodies import View, own_id
from shared.web.paging import Page, PageFilter, page_of

_MOST_OF_SUPPLIER = 200


class ContractLineView(View):
    """A line, and what was ordered of it; the price in öre without VAT."""

    line_id: UUID = own_id("line_id")
    position: int
    title: str
    description: str
    language: str
    mode: MeetingMode
    seats: int
    price_ore: int
    state: LineState
    order: dict[str, Any] | None
    ordered_at: datetime | None


class ContractSummary(View):
    """A contract in a list; the value in öre without VAT."""

    contract_id: UUID = own_id("contract_id")
    reference: str
    kind: ContractKind
    procedure_id: UUID
    case_id: UUID
    buyer_id: UUID
    project_id: UUID
    supplier_id: UUID
    supplier_name: str
    title: str
    value_ore: int
    currency: str
    vat_rate: Decimal
    starts_on: date
    ends_on: date
    state: ContractState
    signed_at: datetime | None


class ContractView(ContractSummary):
    """A contract with its lines."""

    registration_number: str
    lines: list[ContractLineView]


async def get_contract(session: AsyncSession, contract_id: UUID) -> Contract:
    """Return the contract; raises NotFound."""
    contract = await session.get(Contract, contract_id)
    if contract is None:
        raise not_there()
    return contract


async def lines_of(session: AsyncSession, contract_id: UUID) -> Sequence[ContractLine]:
    """Return the lines in their order."""
    found = await session.exec(
        select(ContractLine).where(col(ContractLine.contract_id) == contract_id).order_by(col(ContractLine.position))
    )
    return found.all()


async def find_contract_of(session: AsyncSession, procedure_id: UUID) -> Contract | None:
    """Return the procedure's contract, drafts that were put aside left out."""
    found = await session.exec(
        select(Contract).where(
            col(Contract.procedure_id) == procedure_id, col(Contract.state) != ContractState.DISCARDED
        )
    )
    return found.one_or_none()


async def contract_view(session: AsyncSession, contract: Contract) -> ContractView:
    """Return a contract with its lines."""
    case = await get_case(session, contract.case_id)
    return ContractView(
        **(await _summaries(session, [contract]))[0].model_dump(),
        registration_number=case.registration_number,
        lines=[ContractLineView.model_validate(line) for line in await lines_of(session, contract.id)],
    )


async def list_project_contracts(
    session: AsyncSession, project_id: UUID, query: PageFilter, *, buyers: frozenset[UUID] | None
) -> Page[ContractSummary]:
    """Return the signed contracts of a project, newest first; of these buyers, or of all where none are given."""
    statement = select(Contract).where(
        col(Contract.project_id) == project_id, col(Contract.state) == ContractState.SIGNED
    )
    if buyers is not None:
        statement = statement.where(col(Contract.buyer_id).in_(buyers))
    page = await page_of(
        session, statement, [col(Contract.id)], query, keys=lambda contract: (contract.id,), descending=True
    )
    return Page(items=await _summaries(session, page.rows), next=page.next)


async def list_supplier_contracts(session: AsyncSession, supplier_id: UUID) -> list[ContractSummary]:
    """Return the signed contracts of a supplier, newest first."""
    statement = (
        select(Contract)
        .where(col(Contract.supplier_id) == supplier_id, col(Contract.state) == ContractState.SIGNED)
        .order_by(col(Contract.id).desc())
        .limit(_MOST_OF_SUPPLIER)
    )
    return await _summaries(session, (await session.exec(statement)).all())


async def supplier_contract_view(session: AsyncSession, supplier_id: UUID, contract_id: UUID) -> ContractView:
    """Return a signed contract to its supplier; raises NotFound for any other, and for a draft."""
    contract = await get_contract(session, contract_id)
    if contract.supplier_id != supplier_id or contract.state is not ContractState.SIGNED:
        raise not_there()
    return await contract_view(session, contract)


async def _summaries(session: AsyncSession, contracts: Sequence[Contract]) -> list[ContractSummary]:
    names = await supplier_names(session, [contract.supplier_id for contract in contracts])
    return [ContractSummary(**each.model_dump(), supplier_name=names[each.supplier_id]) for each in contracts]
