"""`render` answers with a page, `see_other` leads on after a form was carried out.

return render(request, "bookings/list.html", bookings=bookings)
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.kernel.roles import Role
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.choices import chosen_colours
from shared.web.pages.navigation import places_for

_VARY: Final = "Accept, Accept-Language, Cookie"


def page_policy(issuer: str) -> str:
    """Return the content policy of every page: our own files, no inline script or style, no frame.

    A form may lead on to the issuer, for signing out there.
    """
    address = urlsplit(issuer)
    own = "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own}",
            f"img-src {own}",
            f"font-src {own}",
            f"connect-src {own}",
            f"form-action {own} {address.scheme}://{address.netloc}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def page_headers(request: Request) -> dict[str, str]:
    """Return the headers of every page. The referrer stays within the origin, where it says which form was sent."""
    return {
        "content-language": exchange_of(request).language,
        "content-security-policy": parts_of(request).page_policy,
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "vary": _VARY,
    }


def render(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """Answer with the template in the reader's language, within the shell. A `form` with errors is answered 422."""
    parts, exchange = parts_of(request), exchange_of(request)
    form_status = getattr(values.get("form"), "status", None)
    shell: Mapping[str, object] = {
        "actor": exchange.actor,
        "person_name": exchange.person_name,
        "signed_in": exchange.subject is not None,
        "csrf_token": exchange.csrf_token,
        "places": places_for(exchange.actor, signed_in=exchange.subject is not None, here=request.url.path),
        "here": request.url.path,
        "here_with_query": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "colours": chosen_colours(request.headers.get("cookie")),
        "sign_in_address": parts.sign_in_address,
        "sign_out_address": parts.sign_out_address,
        "roles": Role,
    }
    text = parts.templates.render(template, exchange.language, {**shell, **values})
    code = form_status if status == 200 and form_status is not None else status  # noqa: PLR2004 - a status of HTTP
    return HTMLResponse(text, code, headers=page_headers(request))


def see_other(address: str) -> Response:
    """Lead the browser on, so that loading again repeats nothing."""
    return RedirectResponse(address, 303, headers={"cache-control": "no-store"})
