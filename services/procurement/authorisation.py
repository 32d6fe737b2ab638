"""Who may do what in procurement, and whose each object is. One line for each route, by its function's name.

Working a case also takes a declaration in it (`cases.queries.check_case_officer`); bidding takes an invitation.
"""

from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.access import OFFICE
from services.procurement.bids.tables import Bid
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.tables import Case, Lot, TrainingRequest
from services.procurement.contracts.tables import Contract
from services.procurement.copies import ProjectCopy, projects_of_buyer
from services.procurement.office_routes import OFFICE_PERMITS, OFFICE_SCOPES
from services.procurement.procedures.tables import Procedure
from services.procurement.questions.tables import Question
from services.procurement.suppliers.tables import Supplier
from shared.kernel.grants import Scope
from shared.kernel.roles import Role
from shared.web.authorisation import SIGNED_IN, Permit, Permits, Scopes
from shared.web.operator import pages as operator

_OFFICER: Final = Permit({Role.PROCUREMENT_OFFICER})
_DELEGATE: Final = Permit({Role.AWARD_DELEGATE})
_OFFICE: Final = Permit(OFFICE)
_CONTRACTS: Final = Permit({*OFFICE, Role.PROJECT_LEAD})
# One label for all that a supplier does: that it bids must not show among its readings.
_SUPPLIER: Final = Permit({Role.SUPPLIER}, label="supplier")
_SUPPLIER_TO_BE: Final = Permit(account=False, label="supplier")
# How often bids are scored would tell how many there are, before the award.
_READS_BIDS: Final = Permit(OFFICE, label="evaluation")
_SCORES_BIDS: Final = Permit({Role.PROCUREMENT_OFFICER}, label="evaluation")

PERMITS: Permits = {
    "get_buyer": _OFFICE,
    "list_officers": _OFFICE,
    "register_supplier": SIGNED_IN,
    "claim_supplier": SIGNED_IN,
    "add_supplier": _OFFICER,
    "list_suppliers": _OFFICE,
    "get_supplier": _SUPPLIER,
    "list_requests": _OFFICE,
    "get_request": _OFFICE,
    "decline_request": _OFFICER,
    "get_request_history": _OFFICE,
    "open_case": _OFFICER,
    "list_cases": _OFFICE,
    "get_case": _OFFICE,
    "add_requests": _OFFICER,
    "declare": _OFFICE,
    "get_case_history": _OFFICE,
    "cancel_case": _OFFICER,
    "add_lot": _OFFICER,
    "choose_route": _OFFICER,
    "get_advice": _OFFICE,
    "plan_procedure": _OFFICER,
    "list_procedures": _OFFICE,
    "get_procedure": _OFFICE,
    "invite_suppliers": _OFFICER,
    "change_deadline": _OFFICER,
    "cancel_procedure": _OFFICER,
    "get_procedure_history": _OFFICE,
    "list_invitations": _SUPPLIER,
    "ask_question": _SUPPLIER,
    "list_questions_told": _SUPPLIER,
    "list_questions": _OFFICE,
    "answer_question": _OFFICER,
    "submit_bid": _SUPPLIER,
    "get_own_bid": _SUPPLIER,
    "withdraw_bid": _SUPPLIER,
    "get_award_notice": _SUPPLIER,
    "confirm_opening": _OFFICER,
    "list_bids": _READS_BIDS,
    "score_bid": _SCORES_BIDS,
    "decide_award": _DELEGATE,
    "get_award": _OFFICE,
    "revoke_award": _DELEGATE,
    "draft_contract": _OFFICER,
    "get_contract": _CONTRACTS,
    "list_contracts": _CONTRACTS,
    "sign_contract": _OFFICE,
    "discard_contract": _OFFICER,
    "order_line": _OFFICER,
    "get_contract_history": _OFFICE,
    "get_file_note": _OFFICE,
}


def _of(buyer_id: UUID, *projects: UUID) -> Scope:
    return Scope(buyers=frozenset({buyer_id}), projects=frozenset(projects))


async def _buyer(session: AsyncSession, buyer_id: UUID) -> Scope | None:
    if await session.get(Buyer, buyer_id) is None:
        return None
    return _of(buyer_id, *await projects_of_buyer(session, buyer_id))


async def _project(session: AsyncSession, project_id: UUID) -> Scope | None:
    project = await session.get(ProjectCopy, project_id)
    if project is None:
        return None
    return Scope(projects=frozenset({project_id}), buyers=frozenset(project.buyer_ids))


async def _supplier(session: AsyncSession, supplier_id: UUID) -> Scope | None:
    if await session.get(Supplier, supplier_id) is None:
        return None
    return Scope(suppliers=frozenset({supplier_id}))


async def _request(session: AsyncSession, request_id: UUID) -> Scope | None:
    request = await session.get(TrainingRequest, request_id)
    return None if request is None else _of(request.buyer_id, request.project_id)


async def _case(session: AsyncSession, case_id: UUID) -> Scope | None:
    case = await session.get(Case, case_id)
    return None if case is None else _of(case.buyer_id, case.project_id)


async def _lot(session: AsyncSession, lot_id: UUID) -> Scope | None:
    lot = await session.get(Lot, lot_id)
    return None if lot is None else await _case(session, lot.case_id)


async def _procedure(session: AsyncSession, procedure_id: UUID) -> Scope | None:
    procedure = await session.get(Procedure, procedure_id)
    return None if procedure is None else _of(procedure.buyer_id, procedure.project_id)


async def _question(session: AsyncSession, question_id: UUID) -> Scope | None:
    question = await session.get(Question, question_id)
    return None if question is None else await _procedure(session, question.procedure_id)


async def _bid(session: AsyncSession, bid_id: UUID) -> Scope | None:
    found = await session.exec(select(Bid.procedure_id).where(col(Bid.id) == bid_id))
    procedure_id = found.one_or_none()
    return None if procedure_id is None else await _procedure(session, procedure_id)


async def _contract(session: AsyncSession, contract_id: UUID) -> Scope | None:
    contract = await session.get(Contract, contract_id)
    return None if contract is None else _of(contract.buyer_id, contract.project_id)


PAGE_PERMITS: Permits = {
    **OFFICE_PERMITS,
    **operator.PERMITS,
    "show_supplier_overview": _SUPPLIER_TO_BE,
    "show_registration": _SUPPLIER_TO_BE,
    "send_registration": _SUPPLIER_TO_BE,
    "show_claim": _SUPPLIER_TO_BE,
    "send_claim": _SUPPLIER_TO_BE,
    "show_supplier_invitations": _SUPPLIER,
    "show_supplier_contract": _SUPPLIER,
    "show_invitation": _SUPPLIER,
    "show_bid": _SUPPLIER,
    "send_bid": _SUPPLIER,
    "show_receipt": _SUPPLIER,
    "show_withdrawal": _SUPPLIER,
    "send_withdrawal": _SUPPLIER,
    "show_award_notice": _SUPPLIER,
    "show_own_questions": _SUPPLIER,
    "send_question": _SUPPLIER,
    "show_questions": _OFFICE,
    "show_answer": _OFFICER,
    "send_answer": _OFFICER,
}

SCOPES: Scopes = {
    **operator.SCOPES,
    **OFFICE_SCOPES,
    "buyer_id": _buyer,
    "project_id": _project,
    "supplier_id": _supplier,
    "request_id": _request,
    "case_id": _case,
    "lot_id": _lot,
    "procedure_id": _procedure,
    "question_id": _question,
    "bid_id": _bid,
    "contract_id": _contract,
}
