"""Signing in and out with a browser: to the issuer, back with a code, and the session that begins or ends.

`browser_sign_in` puts it together for one service; every step that cannot be believed ends on a page that says so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, cast

import httpx
import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.db import Database
from shared.kernel.texts import N_, Text
from shared.settings import SharedSettings
from shared.web.authorisation import PUBLIC, Permits
from shared.web.browser.cookies import Cookie
from shared.web.browser.oidc_client import SignInClient, SignInFailedError
from shared.web.browser.sessions import (
    ATTEMPT_LIFE,
    begin_session,
    csrf_token_of,
    end_session,
    find_session,
    keep_attempt,
    new_random,
    take_attempt,
)
from shared.web.exchange import Visitor, exchange_of, parts_of
from shared.web.pace import OFFICE_PACE, Pace, keep_pace
from shared.web.pages.choices import own_path
from shared.web.pages.rendering import render, see_other
from shared.web.sign_in import IssuerKeys

TEMPLATES: Final = Path(__file__).parent / "templates"
PERMITS: Final[Permits] = {
    "sign_in": PUBLIC,
    "finish_sign_in": PUBLIC,
    "sign_out": PUBLIC,
    "show_signed_out": PUBLIC,
}
_BROWSER_PACE: Final = Pace(at_once=20, seconds=6)
_LONGEST_PARAMETER: Final = 2_000
_PARAMETER = Query(max_length=_LONGEST_PARAMETER)
_BEGIN_AGAIN = N_("Nothing was done. Begin again from the page that you wanted to see.")
_REFUSED = N_("You were not signed in: the sign-in service says that it was refused or broken off.")
_NOT_BELIEVED = N_("You were not signed in: what came back from the sign-in service could not be confirmed.")
_OLD = N_("This sign-in is too old, was already used, or was begun in another browser.")

_log = structlog.get_logger(__name__)
router = APIRouter()


@dataclass(frozen=True)
class BrowserSignIn:
    """A service's sign-in for browsers: its client at the issuer, its cookies, and where its sessions are."""

    service: str
    database: Database
    client: SignInClient
    session_cookie: Cookie
    attempt_cookie: Cookie

    @property
    def address(self) -> str:
        """Where one signs in."""
        return f"/{self.service}/sign-in"

    @property
    def sign_out_address(self) -> str:
        """Where one signs out."""
        return f"/{self.service}/sign-out"

    async def visitor_of(self, request: Request) -> Visitor | None:
        """Return whose session the request belongs to, where it belongs to one that has not ended."""
        session_id = self.session_cookie.read(request)
        if session_id is None:
            return None
        subject = await find_session(self.database, session_id, is_use=not _asks_by_itself(request))
        return None if subject is None else Visitor(subject, csrf_token_of(session_id))

    def own_page(self, text: str) -> str:
        """Return the address if it is a page of this service, or else the service's start page."""
        start = f"/{self.service}/"
        path = own_path(text[:_LONGEST_PARAMETER], otherwise=start)
        within = path.startswith(start) and not path.startswith((f"{start}sign-", f"{start}api/"))
        return path if within else start


def browser_sign_in(
    service: str,
    settings: SharedSettings,
    database: Database,
    keys: IssuerKeys,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> BrowserSignIn:
    """Return the sign-in of a service. Its addresses and its client's name are those that the issuer has registered."""
    origin = settings.origin.rstrip("/")
    secure = origin.startswith("https://")
    client = SignInClient(
        keys,
        issuer=settings.oidc_issuer,
        issuer_alias=settings.oidc_issuer_alias,
        client_id=f"kurslots-{service}-web",
        callback=f"{origin}/{service}/sign-in/callback",
        signed_out=f"{origin}/{service}/signed-out",
        transport=transport,
    )
    return BrowserSignIn(
        service,
        database,
        client,
        session_cookie=Cookie(service, "session", secure),
        attempt_cookie=Cookie(service, "sign_in", secure, seconds=int(ATTEMPT_LIFE.total_seconds())),
    )


def _asks_by_itself(request: Request) -> bool:
    """Whether a live page asks without anybody having done anything."""
    headers = request.headers
    return "x-kurslots-live" in headers or headers.get("accept", "").startswith("text/event-stream")


def _sign_in_of(request: Request) -> BrowserSignIn:
    return cast(BrowserSignIn, request.app.state.browser_sign_in)


@router.get("/sign-in")
async def sign_in(request: Request, to: Annotated[str, _PARAMETER] = "") -> Response:
    """Send the browser to the issuer; afterwards it comes back to the page `to`."""
    here = _sign_in_of(request)
    wanted = here.own_page(to)
    if exchange_of(request).subject is not None:
        return see_other(wanted)
    _keep_pace(request, "begin sign-in")
    address, attempt = await here.client.start(wanted, language=exchange_of(request).language)
    # one mark for a browser with several tabs: each has its own state
    browser = here.attempt_cookie.read(request) or new_random()
    await keep_attempt(here.database, attempt, browser=browser)
    answer = see_other(address)
    here.attempt_cookie.give(answer, browser)
    return answer


@router.get("/sign-in/callback")
async def finish_sign_in(
    request: Request,
    state: Annotated[str, _PARAMETER] = "",
    code: Annotated[str, _PARAMETER] = "",
    iss: Annotated[str | None, _PARAMETER] = None,
    error: Annotated[str, _PARAMETER] = "",
    error_description: Annotated[str, _PARAMETER] = "",  # noqa: ARG001 - the issuer's words are nobody's to show
    error_uri: Annotated[str, _PARAMETER] = "",  # noqa: ARG001 - as above
    session_state: Annotated[str, _PARAMETER] = "",  # noqa: ARG001 - Keycloak's, for its own script
) -> Response:
    """Take the browser back from the issuer: exchange the code, begin a session, and go to the page that was wanted."""
    here = _sign_in_of(request)
    _keep_pace(request, "finish sign-in")
    browser = here.attempt_cookie.read(request)
    attempt = await take_attempt(here.database, state, browser=browser) if browser and state else None
    if attempt is None:
        return _failed(request, Text(_OLD), f"/{here.service}/", "unknown attempt")
    if error or not code:
        return _failed(request, Text(_REFUSED), attempt.return_to, error[:40] or "no code")
    try:
        signed_in = await here.client.finish(attempt, code=code, issuer=iss)
    except SignInFailedError as failure:
        return _failed(request, Text(_NOT_BELIEVED), attempt.return_to, str(failure))
    session_id = await begin_session(
        here.database,
        signed_in.subject,
        hint=signed_in.identity_token,
        instead_of=here.session_cookie.read(request),
    )
    answer = see_other(attempt.return_to)
    here.session_cookie.give(answer, session_id)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here, and lead on to sign out at the issuer."""
    here = _sign_in_of(request)
    session_id = here.session_cookie.read(request)
    hint = await end_session(here.database, session_id) if session_id else None
    answer = see_other(await here.client.sign_out_address(hint))
    here.session_cookie.take_everywhere(answer)
    return answer


@router.get("/signed-out")
async def show_signed_out(
    request: Request,
    state: Annotated[str, _PARAMETER] = "",  # noqa: ARG001 - an issuer may send back what it was not sent
) -> Response:
    """Say that one is signed out."""
    return render(request, "sign_in/signed_out.html", sign_in_again=parts_of(request).sign_in_address)


def _keep_pace(request: Request, what: str) -> None:
    browser = _sign_in_of(request).attempt_cookie.read(request)
    keep_pace(request, what, of_address=OFFICE_PACE, of_one=_BROWSER_PACE, one=browser)


def _failed(request: Request, text: Text, wanted: str, cause: str) -> Response:
    _log.warning("sign-in failed", cause=cause)
    return render(
        request,
        "sign_in/failed.html",
        status=400,
        text=text,
        begin_again=_BEGIN_AGAIN,
        wanted=wanted,
        request_id=exchange_of(request).request_id,
    )
