"""Whether a form post comes from one of our own pages: refused before anything is read of what it asks for."""

import hmac

from starlette.requests import Request

from shared.kernel.errors import NotAllowed
from shared.kernel.texts import N_
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.forms import TOKEN_FIELD, sent_fields

_FOREIGN = N_(
    "The form did not come from a page of ours, or the page is too old. Load the page again and send it anew."
)


async def check_own_form(request: Request) -> None:
    """Raise NotAllowed for a post that another site made the browser send, or that lacks the session's token."""
    if not _is_from_here(request):
        raise NotAllowed(_FOREIGN, code="foreign_form")
    expected = exchange_of(request).csrf_token
    if not expected:
        return  # nobody is signed in: there is nothing to borrow
    sent = (await sent_fields(request)).get(TOKEN_FIELD)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise NotAllowed(_FOREIGN, code="foreign_form")


def _is_from_here(request: Request) -> bool:
    # a browser says it itself at addresses that it trusts; elsewhere it names the page's origin
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == parts_of(request).origin
