"""What the pages of suppliers share: their addresses and their words. All their routes have one label: see `bids`."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from shared.kernel.money import Money
from shared.kernel.texts import N_
from shared.web.pages.rendering import render

OVERVIEW: Final = "/procurement/supplier"
CLAIM: Final = f"{OVERVIEW}/claim"
PHASES: Final[Mapping[str, tuple[str, str]]] = {
    "draft": (N_("Being prepared"), "told"),
    "open_for_bids": (N_("Open for bids"), "good"),
    "closed_for_bids": (N_("The deadline has passed"), "care"),
    "evaluation": (N_("Bids are compared"), "care"),
    "awarded": (N_("Decided"), "told"),
    "contracted": (N_("Decided and signed"), "told"),
    "cancelled": (N_("Cancelled"), "bad"),
}
"""What a supplier reads of a procedure's phase, and the kind of tag that shows it."""


def overview_of(supplier_id: UUID) -> str:
    """Return the address of one supplier's overview; OVERVIEW is that of the first that somebody acts for."""
    return f"{OVERVIEW}/{supplier_id}/invitations"


def procedure_of(supplier_id: UUID, procedure_id: UUID, part: str = "") -> str:
    """Return the address of a supplier's page of a procedure, or of a page below it."""
    return f"{OVERVIEW}/{supplier_id}/procedures/{procedure_id}{'/' + part if part else ''}"


def supplier_page(request: Request, template: str, **values: Any) -> Response:  # noqa: ANN401 - whatever is shown
    """Answer with a page for whoever acts for a supplier."""
    return render(
        request,
        template,
        phases=PHASES,
        overview=OVERVIEW,
        overview_of=overview_of,
        procedure_of=procedure_of,
        Money=Money,
        **values,
    )
