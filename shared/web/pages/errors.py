"""What went wrong, as a page for a person in a browser; programs and the API get the problem as JSON."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from shared.kernel.texts import N_, Text
from shared.web.exchange import exchange_in, parts_of
from shared.web.languages import Catalogues
from shared.web.pages.rendering import render, see_other
from shared.web.problems import Told, problem_response, title_of

# What a person may do next, where the problem itself does not say it.
_NEXT: Final[Mapping[int, str]] = {
    403: N_("If you think that you should be able to, ask the one who leads your project to give you the role."),
    404: N_("The address may be old or mistyped, or the thing is not yours to see. Begin from the start page."),
    405: N_("Go back and try another way."),
    409: N_("Somebody may have been there before you. Go back, load the page again and see how things stand."),
    500: N_("Nothing of what you did was saved. Try again in a while; if it still fails, tell us the number below."),
    503: N_("What you wrote was not saved. Go back and send it again in a moment."),
}


def answer_of(scope: Scope, told: Told, catalogues: Catalogues) -> Response:
    """Return what tells it: a page where a person is reading, otherwise a problem (RFC 9457)."""
    request = Request(scope)
    exchange = exchange_in(scope)
    if not wants_page(request):
        return problem_response(told, catalogues, exchange.language, instance=exchange.instance)
    parts = parts_of(request)
    if told.status == 401 and parts.sign_in_address is not None and request.method in ("GET", "HEAD"):  # noqa: PLR2004 - a status of HTTP
        from_here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return see_other(f"{parts.sign_in_address}?{urlencode({'to': from_here})}")
    answer = render(
        request,
        "shell/error.html",
        status=told.status,
        title=Text(title_of(told.status)),
        text=told.text,
        errors=told.errors,
        advice=_NEXT.get(told.status),
        request_id=exchange.request_id,
        sign_in_address=parts.sign_in_address if told.status == 401 else None,  # noqa: PLR2004 - a status of HTTP
    )
    answer.headers.update(told.headers)
    return answer


def wants_page(request: Request) -> bool:
    """Whether a person is reading: the browser takes HTML, and the address is not one of the API's."""
    if "app" not in request.scope:
        return False  # a layer on its own, with no service around it
    service = parts_of(request).service
    path = request.url.path
    if path.startswith(f"/{service}/api/") or path in (f"/{service}/health", f"/{service}/metrics"):
        return False
    return "text/html" in request.headers.get("accept", "")
