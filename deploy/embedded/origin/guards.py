"""What every request must pass first: the right host, a path with one meaning, and, for own pages, a small body."""

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.embedded.origin.problems import OriginProblem, problem
from shared.kernel.texts import N_

_TRICKS = re.compile(rb"//|\\|%(?:2[fF]|5[cC]|[01][0-9a-fA-F]|7[fF]|25)|[\x00-\x20\x7f]")
_DOTS = re.compile(rb"(?:\.|%2[eE]){1,2}")


def is_tricky(raw_path: bytes) -> bool:
    """Whether a path could mean one thing here and another where it is decoded."""
    return _TRICKS.search(raw_path) is not None or any(_DOTS.fullmatch(part) for part in raw_path.split(b"/"))


class Entrance:
    """Refuses tricky paths, and requests for another host's name: a page elsewhere may have its own name point here."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        error = self._what_is_wrong(request)
        await (self._app if error is None else problem(request, error))(scope, receive, send)

    def _what_is_wrong(self, request: Request) -> OriginProblem | None:
        host = request.headers.get("host", "")
        if host not in self._allowed_hosts:
            return OriginProblem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "host_unknown",
                N_("This is not the address of {host}."),
                host=host[:200],
            )
        if is_tricky(request.scope["raw_path"]):
            return OriginProblem(
                HTTPStatus.BAD_REQUEST, "path_refused", N_("The path holds characters that are not taken in a path.")
            )
        return None


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
