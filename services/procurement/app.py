"""The web process of procurement, put together."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI

from services.procurement.authorisation import PAGE_PERMITS, PERMITS, SCOPES
from services.procurement.awards.api import router as awards
from services.procurement.awards.supplier_pages import router as supplier_awards
from services.procurement.bids.api import router as bids
from services.procurement.bids.supplier_pages import router as supplier_bids
from services.procurement.buyers.api import router as buyers
from services.procurement.cases.api import router as cases
from services.procurement.cases.lot_api import router as lots
from services.procurement.contracts.api import router as contracts
from services.procurement.contracts.supplier_pages import router as supplier_overview
from services.procurement.copies import find_names
from services.procurement.office_routes import OFFICE_PAGES
from services.procurement.procedures.api import router as procedures
from services.procurement.questions.api import router as questions
from services.procurement.questions.pages import router as question_pages
from services.procurement.questions.supplier_pages import router as supplier_questions
from services.procurement.settings import ProcurementSettings
from services.procurement.suppliers.api import router as suppliers
from services.procurement.suppliers.queries import find_actor
from services.procurement.suppliers.supplier_pages import router as supplier_beginnings
from shared.web.app import create_service_app
from shared.web.operator import pages as operator

PAGES: Final[tuple[APIRouter, ...]] = (
    *OFFICE_PAGES,
    question_pages,
    supplier_beginnings,
    supplier_questions,
    supplier_bids,
    supplier_awards,
    supplier_overview,
    operator.router,
)


def create_app(settings: ProcurementSettings, **parts: Any) -> FastAPI:  # noqa: ANN401 - create_service_app's own
    """Return the app. Raises ValueError where routes and permits differ."""
    app = create_service_app(
        service="procurement",
        settings=settings,
        routers=[buyers, suppliers, cases, lots, procedures, questions, bids, awards, contracts],
        permits=PERMITS,
        scopes=SCOPES,
        find_actor=find_actor,
        pages=PAGES,
        page_permits=PAGE_PERMITS,
        find_names=find_names,
        **parts,
    )
    app.state.keys = settings.keys
    return app
