"""`/sent`: what was sent, as a page and as JSON, and how addresses shall behave in rehearsals of failure."""

import json
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.embedded.origin.pages import Pages
from deploy.embedded.origin.problems import OriginProblem
from deploy.embedded.origin.sent import smtp
from deploy.embedded.origin.sent.sms import BEHAVIOURS, NUMBER
from deploy.embedded.origin.sent.store import Kind, SentStore
from shared.kernel.texts import N_

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_PAGE_LIMIT = 100
_MAX_SEQUENCE = 2**62


class SentRoutes:
    """Handlers over one store."""

    def __init__(self, store: SentStore, pages: Pages) -> None:
        self._store = store
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/sent", self.page),
            Route("/sent/emails", self.emails),
            Route("/sent/sms", self.sms),
            Route("/sent/behaviour", self.show_behaviour, methods=["GET"]),
            Route("/sent/behaviour", self.set_behaviour, methods=["POST"]),
            Route("/sent/behaviour", self.clear_behaviour, methods=["DELETE"]),
        ]

    async def page(self, request: Request) -> Response:
        messages = self._store.newest(_PAGE_LIMIT)
        return self._pages.render(request, "sent.html", messages=messages, limit=_PAGE_LIMIT)

    async def emails(self, request: Request) -> Response:
        return self._listed(request, "email")

    async def sms(self, request: Request) -> Response:
        return self._listed(request, "sms")

    def _listed(self, request: Request, kind: Kind) -> Response:
        """`next` is the `after` of the following page, or null; `last` the newest sequence of all, to wait from."""
        to = request.query_params.get("to")
        after = _whole_number(request, "after", default=0, lowest=0, highest=_MAX_SEQUENCE)
        limit = _whole_number(request, "limit", default=DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)
        last = self._store.last_sequence()
        found = self._store.messages(kind, to=to, after=after, limit=limit + 1)
        items = found[:limit]
        following = items[-1]["sequence"] if len(found) > limit else None
        return JSONResponse({"items": items, "next": following, "last": last}, headers={"cache-control": "no-store"})

    async def show_behaviour(self, request: Request) -> Response:
        del request
        return JSONResponse(self._store.all_behaviour())

    async def set_behaviour(self, request: Request) -> Response:
        """Merge what is sent into what is set; null makes an address ordinary again."""
        for kind, address, behaviour in await _asked_behaviour(request):
            self._store.set_behaviour(kind, address, behaviour)
        return JSONResponse(self._store.all_behaviour())

    async def clear_behaviour(self, request: Request) -> Response:
        del request
        self._store.clear_behaviour()
        return JSONResponse(self._store.all_behaviour())


def _whole_number(request: Request, name: str, *, default: int, lowest: int, highest: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(highest)) + 1 else -1
    if not lowest <= number <= highest:
        raise OriginProblem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "parameter_invalid",
            N_("{name} must be a whole number from {lowest} to {highest}."),
            name=name,
            lowest=lowest,
            highest=highest,
        )
    return number


async def _asked_behaviour(request: Request) -> list[tuple[Kind, str, str | None]]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise OriginProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type_wrong", N_("Send this as application/json.")
        )
    try:
        document = json.loads(await request.body())
    except ValueError:
        document = None
    if not isinstance(document, dict) or not all(isinstance(value, dict) for value in document.values()):
        raise _behaviour_wrong()
    asked: list[tuple[Kind, str, str | None]] = []
    for kind, wishes in document.items():
        for address, behaviour in wishes.items():
            if not isinstance(behaviour, str | None):
                raise _behaviour_wrong()
            if kind == "sms" and NUMBER.fullmatch(address) and behaviour in {None, *BEHAVIOURS}:
                asked.append(("sms", address, behaviour))
            elif kind == "email" and "@" in address and (behaviour is None or smtp.BEHAVIOUR.fullmatch(behaviour)):
                asked.append(("email", address, behaviour))
            else:
                raise _behaviour_wrong()
    return asked


def _behaviour_wrong() -> OriginProblem:
    return OriginProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "behaviour_invalid",
        N_(
            "Send an object with sms (number to one of {sms}, or null) and email (address to an SMTP code from 400 to"
            " 599, drop, or null)."
        ),
        sms=", ".join(BEHAVIOURS),
    )
