"""What every request must pass before a handler of the origin's own sees it: the right host, and a small body."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.embedded.origin.problems import OriginProblem, problem
from shared.kernel.texts import N_


class OwnHostOnly:
    """Refuses requests for another host's name, so that a page elsewhere cannot have its own name point here."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        host = request.headers.get("host", "")
        if host in self._allowed:
            await self._app(scope, receive, send)
            return
        error = OriginProblem(
            HTTPStatus.MISDIRECTED_REQUEST, "host_unknown", N_("This is not the address of {host}."), host=host[:200]
        )
        await problem(request, error)(scope, receive, send)


class SmallBodies:
    """Reads the body before the handler does, and refuses one that is larger than the origin's own pages ever send."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                error = OriginProblem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "body_too_large",
                    N_("The request is larger than {kilobytes} kB, which is the most that is taken here."),
                    kilobytes=self._max_bytes // 1024,
                )
                await problem(request, error)(scope, receive, send)
                return
        pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)
