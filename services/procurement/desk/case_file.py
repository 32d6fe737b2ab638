"""All of one case, read in a bounded number of statements whatever is in it. Nothing of bids is in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.awards.tables import Award
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.queries import RequestView, lots_of, request_views, requests_of
from services.procurement.cases.tables import Case, Declaration, Lot, LotAdvice
from services.procurement.contracts.rules import ContractState, LineState
from services.procurement.contracts.tables import Contract, ContractLine
from services.procurement.copies import ProjectCopy, find_names
from services.procurement.desk.next_steps import Standing
from services.procurement.history import Change, changes_of
from services.procurement.procedures.queries import procedures_of_case
from services.procurement.procedures.rules import Phase, phase_of
from services.procurement.procedures.tables import Criterion, Invitation, Opener, Procedure
from services.procurement.questions.tables import Question
from services.procurement.suppliers.tables import Supplier
from shared.kernel.texts import N_, Text


@dataclass(frozen=True)
class ProcedureFile:
    """A procedure with what belongs to it. Nothing of bids is in it."""

    row: Procedure
    phase: Phase
    criteria: Sequence[Criterion]
    openers: Sequence[Opener]
    invited: Sequence[tuple[Invitation, str]]
    questions: int
    questions_waiting: int
    award: Award | None
    winner: str | None
    contracts: Sequence["ContractFile"]


@dataclass(frozen=True)
class ContractFile:
    """A contract with its lines."""

    row: Contract
    lines: Sequence[ContractLine]
    supplier: str


@dataclass(frozen=True)
class LotFile:
    """A lot with the choice made by advice, and its procedures, the newest last."""

    row: Lot
    choice: LotAdvice | None
    procedures: Sequence[ProcedureFile]

    @property
    def active(self) -> ProcedureFile | None:
        """The procedure that stands, where there is one."""
        return next((each for each in self.procedures if each.phase is not Phase.CANCELLED), None)

    def standing(self, person_id: UUID) -> Standing:
        """How the purchase stands, for this reader."""
        active = self.active
        if active is None:
            return Standing(self.row.id, self.row.title, self.choice.route if self.choice else None)
        contract = next((each for each in active.contracts if each.row.state is not ContractState.DISCARDED), None)
        lines = contract.lines if contract else ()
        return Standing(
            self.row.id,
            self.row.title,
            self.choice.route if self.choice else None,
            procedure_id=active.row.id,
            phase=active.phase,
            deadline=active.row.deadline,
            may_open=any(each.person_id == person_id and each.confirmed_at is None for each in active.openers),
            questions_waiting=active.questions_waiting,
            standstill_until=active.award.standstill_until if active.award else None,
            contract_id=contract.row.id if contract else None,
            is_draft=contract is not None and contract.row.state is ContractState.DRAFT,
            line_to_order=next((line.id for line in lines if line.state is LineState.AGREED), None),
        )


@dataclass(frozen=True)
class CaseFile:
    """All of a case that its buyer's officers may see before and after the award; nothing of bids."""

    row: Case
    buyer: Buyer
    project: str | None
    requests: Sequence[RequestView]
    declarations: Sequence[Declaration]
    lots: Sequence[LotFile]
    names: Mapping[UUID, str]
    changes: Sequence[Change]

    def declaration_of(self, person_id: UUID) -> Declaration | None:
        """Return what the person has declared in the case."""
        return next((each for each in self.declarations if each.person_id == person_id), None)


async def case_file(session: AsyncSession, found: Case, *, now: datetime) -> CaseFile:
    """Return all of a case."""
    buyer = await session.get_one(Buyer, found.buyer_id)
    project = await session.get(ProjectCopy, found.project_id)
    requests = await request_views(session, await requests_of(session, found.id))
    declared = await session.exec(
        select(Declaration)
        .where(col(Declaration.case_id) == found.id)
        .order_by(col(Declaration.declared_at), col(Declaration.person_id))
    )
    declarations = declared.all()
    lots = await lots_of(session, found.id)
    choices = await _choices(session, [lot.id for lot in lots])
    procedures = await _procedure_files(session, found.id, now)
    people = {each.person_id for each in declarations} | {found.opened_by}
    people |= {choice.given_to for choice in choices.values()}
    people |= {opener.person_id for each in procedures for opener in each.openers}
    people |= {each.award.decided_by for each in procedures if each.award}
    names = await find_names(session, people)
    called: dict[UUID, str] = {found.id: found.registration_number}
    called |= {each.request_id: each.reference for each in requests}
    called |= {each.row.id: each.row.title for each in procedures}
    called |= {contract.row.id: contract.row.reference for each in procedures for contract in each.contracts}
    return CaseFile(
        row=found,
        buyer=buyer,
        project=project.name if project else None,
        requests=requests,
        declarations=declarations,
        lots=[
            LotFile(lot, choices.get(lot.id), [each for each in procedures if each.row.lot_id == lot.id])
            for lot in lots
        ],
        names=names,
        changes=_with_choices(await changes_of(session, called), choices.values(), lots, names),
    )


def _with_choices(
    changes: Sequence[Change], choices: Collection[LotAdvice], lots: Sequence[Lot], names: Mapping[UUID, str]
) -> list[Change]:
    """Return the changes with the choices of a route among them, the newest first."""
    titles = {lot.id: lot.title for lot in lots}
    chosen = [
        Change(
            at=each.given_at,
            text=Text(N_("The route for “{name}” was chosen"), {"name": titles[each.lot_id]}),
            actor_name=names.get(each.given_to),
            reason=each.reason,
        )
        for each in choices
    ]
    return sorted([*changes, *chosen], key=lambda change: change.at, reverse=True)


async def _choices(session: AsyncSession, lot_ids: Sequence[UUID]) -> dict[UUID, LotAdvice]:
    found = await session.exec(
        select(LotAdvice).where(col(LotAdvice.lot_id).in_(lot_ids)).order_by(col(LotAdvice.given_at), col(LotAdvice.id))
    )
    # of each lot the newest stays
    return {choice.lot_id: choice for choice in found}


async def _procedure_files(session: AsyncSession, case_id: UUID, now: datetime) -> list[ProcedureFile]:
    rows = await procedures_of_case(session, case_id)
    ids = [row.id for row in rows]
    criteria = (
        await session.exec(
            select(Criterion).where(col(Criterion.procedure_id).in_(ids)).order_by(col(Criterion.position))
        )
    ).all()
    openers = (
        await session.exec(select(Opener).where(col(Opener.procedure_id).in_(ids)).order_by(col(Opener.person_id)))
    ).all()
    invited = (
        await session.exec(
            select(Invitation, Supplier.name)
            .join(Supplier, col(Supplier.id) == col(Invitation.supplier_id))
            .where(col(Invitation.procedure_id).in_(ids))
            .order_by(col(Supplier.name), col(Supplier.id))
        )
    ).all()
    asked = await session.exec(
        select(Question.procedure_id, func.count(), func.count(col(Question.answered_at)))
        .where(col(Question.procedure_id).in_(ids))
        .group_by(col(Question.procedure_id))
    )
    questions = {procedure_id: (whole, whole - answered) for procedure_id, whole, answered in asked}
    awards = (
        await session.exec(
            select(Award, Supplier.name)
            .join(Supplier, col(Supplier.id) == col(Award.supplier_id))
            .where(col(Award.procedure_id).in_(ids), col(Award.revoked_at).is_(None))
        )
    ).all()
    contracts = await _contract_files(session, case_id)
    files = []
    for row in rows:
        award, winner = next(((each, name) for each, name in awards if each.procedure_id == row.id), (None, None))
        files.append(
            ProcedureFile(
                row=row,
                phase=phase_of(row.state, deadline=row.deadline, now=now),
                criteria=[each for each in criteria if each.procedure_id == row.id],
                openers=[each for each in openers if each.procedure_id == row.id],
                invited=[(each, name) for each, name in invited if each.procedure_id == row.id],
                questions=questions.get(row.id, (0, 0))[0],
                questions_waiting=questions.get(row.id, (0, 0))[1],
                award=award,
                winner=winner,
                contracts=[each for each in contracts if each.row.procedure_id == row.id],
            )
        )
    return files


async def _contract_files(session: AsyncSession, case_id: UUID) -> list[ContractFile]:
    found = await session.exec(
        select(Contract, Supplier.name)
        .join(Supplier, col(Supplier.id) == col(Contract.supplier_id))
        .where(col(Contract.case_id) == case_id)
        .order_by(col(Contract.id))
    )
    rows = found.all()
    ids = [contract.id for contract, _ in rows]
    lines = (
        await session.exec(
            select(ContractLine).where(col(ContractLine.contract_id).in_(ids)).order_by(col(ContractLine.position))
        )
    ).all()
    return [
        ContractFile(contract, [line for line in lines if line.contract_id == contract.id], name)
        for contract, name in rows
    ]
