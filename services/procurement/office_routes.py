"""The pages of officers and delegates: their routers, and who may see and do what on each.

A page's permit is that of the route of the API that it mirrors. What is read and scored of bids shares one label.
"""

from typing import Final

from fastapi import APIRouter

from services.procurement.access import OFFICE
from services.procurement.awards.pages import router as awards
from services.procurement.bids.officer_pages import router as bids
from services.procurement.cases.lot_pages import router as lots
from services.procurement.cases.own_need_pages import router as own_needs
from services.procurement.cases.pages import router as requests
from services.procurement.contracts.pages import router as contracts
from services.procurement.desk.pages import router as desk
from services.procurement.procedures.pages import router as procedures
from services.procurement.suppliers.pages import router as register
from shared.kernel.roles import Role
from shared.web.authorisation import PUBLIC, Permit, Permits, Scopes

_OFFICE: Final = Permit(OFFICE)
_OFFICER: Final = Permit({Role.PROCUREMENT_OFFICER})
_DELEGATE: Final = Permit({Role.AWARD_DELEGATE})
_READS_BIDS: Final = Permit(OFFICE, label="evaluation")
_SCORES_BIDS: Final = Permit({Role.PROCUREMENT_OFFICER}, label="evaluation")
_AWARDS: Final = Permit({Role.AWARD_DELEGATE}, label="evaluation")

# “/cases/new” comes before “/cases/{case_id}”
OFFICE_PAGES: Final[list[APIRouter]] = [own_needs, desk, requests, lots, procedures, bids, awards, contracts, register]
OFFICE_PERMITS: Final[Permits] = {
    "show_start": PUBLIC,
    "follow_desk": _OFFICE,
    "show_cases": _OFFICE,
    "show_open_case": _OFFICER,
    "send_open_case": _OFFICER,
    "show_case": _OFFICE,
    "show_requests": _OFFICE,
    "show_request": _OFFICE,
    "show_take_requests": _OFFICER,
    "send_take_requests": _OFFICER,
    "show_decline": _OFFICER,
    "send_decline": _OFFICER,
    "show_declaration": _OFFICE,
    "send_declaration": _OFFICE,
    "show_add_lot": _OFFICER,
    "send_add_lot": _OFFICER,
    "show_lot": _OFFICE,
    "send_route": _OFFICER,
    "show_plan_procedure": _OFFICER,
    "send_plan_procedure": _OFFICER,
    "show_invite": _OFFICER,
    "send_invite": _OFFICER,
    "show_change_deadline": _OFFICER,
    "send_change_deadline": _OFFICER,
    "show_cancel_procedure": _OFFICER,
    "send_cancel_procedure": _OFFICER,
    "show_cancel_case": _OFFICER,
    "send_cancel_case": _OFFICER,
    "show_opening": _OFFICER,
    "send_opening": _OFFICER,
    "show_bids": _READS_BIDS,
    "send_scores": _SCORES_BIDS,
    "show_award": _AWARDS,
    "send_award": _DELEGATE,
    "show_revoke_award": _DELEGATE,
    "send_revoke_award": _DELEGATE,
    "show_draft_contract": _OFFICER,
    "send_draft_contract": _OFFICER,
    "show_sign_contract": _OFFICE,
    "send_sign_contract": _OFFICE,
    "show_discard_contract": _OFFICER,
    "send_discard_contract": _OFFICER,
    "show_order_line": _OFFICER,
    "send_order_line": _OFFICER,
    "show_file_note": _OFFICE,
    "show_suppliers": _OFFICE,
    "show_add_supplier": _OFFICER,
    "send_add_supplier": _OFFICER,
    "show_new_code": _OFFICER,
    "send_new_code": _OFFICER,
}
# the register is every officer's; a line is within its contract
OFFICE_SCOPES: Final[Scopes] = {"registered_id": None, "line_id": None}
