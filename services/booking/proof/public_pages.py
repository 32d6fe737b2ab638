"""Where anyone who has a certificate's code sees whether it is valid, without signing in.

Nobody is named: who has the paper types the family name that stands on it, and is told whether it is the one.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from starlette.responses import Response

from services.booking.proof.checking import row_of_code
from services.booking.proof.documents import month_name
from services.booking.proof.queries import CertificateRow
from services.booking.proof.rules import hours_and_minutes, in_groups, is_same_name
from services.booking.proof.words import KINDS, STATE_KINDS, STATES
from shared.web.bodies import Body
from shared.web.edge import ReadSession
from shared.web.exchange import exchange_of
from shared.web.pace import CODE_PACE, keep_pace
from shared.web.pages.forms import Form, read_form
from shared.web.pages.rendering import render

router = APIRouter()
_LONGEST_NAME: Final = 200


class NameForm(Body):
    """The family name as it stands on the certificate."""

    family_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST_NAME)]


@router.get("/certificates/{code}")
async def show_certificate_check(request: Request, code: str, session: ReadSession) -> Response:
    """Show what the certificate attests, and whether it is valid."""
    return _page(request, await row_of_code(request, session, code), Form(), fits=None)


@router.post("/certificates/{code}")
async def send_certificate_check(request: Request, code: str, session: ReadSession) -> Response:
    """Say whether the family name that was typed is the one of the certificate; nothing is changed or kept."""
    row = await row_of_code(request, session, code)
    form = await read_form(request, NameForm)
    if form.body is None:
        return _page(request, row, form, fits=None)
    keep_pace(request, "certificate name", of_address=CODE_PACE, of_one=CODE_PACE, one=row.certificate.code)
    return _page(request, row, form, fits=is_same_name(form.body.family_name, row.family_name))


def _page(request: Request, row: CertificateRow, form: Form[NameForm], *, fits: bool | None) -> Response:
    answer = render(
        request,
        "proof/check.html",
        row=row,
        form=form,
        fits=fits,
        code=in_groups(row.certificate.code),
        kinds=KINDS,
        states=STATES,
        state_kinds=STATE_KINDS,
        hours=hours_and_minutes,
        month_name=lambda month: month_name(month, exchange_of(request).language),
    )
    answer.headers["x-robots-tag"] = "noindex"
    return answer
