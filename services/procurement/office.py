"""What the pages of officers and delegates share: their words, and how a request's hours and wishes are written."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.procurement import wording
from shared.kernel.money import Money
from shared.kernel.municipalities import municipality_name
from shared.web.bodies import Body, Reason
from shared.web.pages.rendering import render


class Because(Body):
    """Why something is done that others are told of, or that is read long after."""

    reason: Reason


def office_page(request: Request, template: str, **values: Any) -> Response:  # noqa: ANN401 - whatever the page shows
    """Answer with a page of the office."""
    return render(request, template, words=wording, municipality_name=municipality_name, Money=Money, **values)


def case_address(case_id: UUID | str) -> str:
    """Return the address of a case's page, which says on top what is to be done next."""
    return f"/procurement/cases/{case_id}"
