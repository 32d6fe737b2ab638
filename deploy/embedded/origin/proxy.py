"""The reverse proxy in front of the services' web processes. It streams both ways, so server-sent events pass.

Paths are passed on byte for byte; what is dangerous in them was refused at the entrance (`guards.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.embedded.origin.problems import OriginProblem, problem
from deploy.embedded.origin.routes import Routes
from shared.kernel.texts import N_

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
_ANSWERED_BY_US = frozenset(b"date server".split())
_SAID_BY_US = frozenset(b"forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port".split())

Headers = list[tuple[bytes, bytes]]


class _BodyTooLarge(Exception):  # noqa: N818 - named for what it tells
    """The request went on past the limit while it was being passed on."""


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Leave out what is meant for one connection alone, and whatever `Connection` names besides."""
    listed = list(headers)
    named = {
        token.strip().lower() for name, value in listed if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name, value) for name, value in listed if name.lower() not in _HOP_BY_HOP | named]


def forwarded(request: Request) -> Headers:
    """The request's headers as the service gets them: who asked, for which host, over what."""
    kept = [pair for pair in end_to_end(request.headers.raw) if pair[0].lower() not in _SAID_BY_US]
    client = request.client.host if request.client else "unknown"
    return [
        *kept,
        (b"x-forwarded-for", client.encode("ascii")),
        (b"x-forwarded-host", request.headers.get("host", "").encode("latin-1")),
        (b"x-forwarded-proto", request.url.scheme.encode("ascii")),
    ]


class ServiceProxy:
    """One service's part of the address, as an ASGI application."""

    def __init__(
        self, *, service: str, routes: Routes, client: httpx.AsyncClient, max_body_bytes: int, answer_seconds: float
    ) -> None:
        self._service = service
        self._routes = routes
        self._client = client
        self._max_body_bytes = max_body_bytes
        self._answer_seconds = answer_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response: ASGIApp = await self._pass_on(request)
        except OriginProblem as error:
            response = problem(request, error)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _pass_on(self, request: Request) -> ASGIApp:
        raw_path: bytes = request.scope["raw_path"]
        self._refuse_announced_size(request)
        base = self._routes.current().services.get(self._service, {}).get("web")
        if base is None:
            raise self._away()
        query: bytes = request.scope["query_string"]
        url = httpx.URL(base).copy_with(raw_path=raw_path + (b"?" + query if query else b""))
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        outgoing = self._client.build_request(
            request.method, url, headers=forwarded(request), content=self._bounded(request) if has_body else None
        )
        return _Streamed(await self._answer(outgoing))

    async def _answer(self, outgoing: httpx.Request) -> httpx.Response:
        """Wait for the head of the answer; its body may then take as long as it likes (server-sent events do)."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await self._client.send(outgoing, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._away() from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OriginProblem(
                HTTPStatus.GATEWAY_TIMEOUT,
                "part_slow",
                N_("The service {part} did not answer within {seconds} seconds. Try again; /health says how it is."),
                part=self._service,
                seconds=int(self._answer_seconds),
            ) from error
        except _BodyTooLarge:
            raise self._too_large() from None
        except httpx.HTTPError as error:
            raise OriginProblem(
                HTTPStatus.BAD_GATEWAY,
                "part_broke_off",
                N_("The service {part} broke off before it had answered. /health says how it is."),
                part=self._service,
            ) from error

    def _refuse_announced_size(self, request: Request) -> None:
        length = request.headers.get("content-length", "0")
        if not length.isdigit():
            raise OriginProblem(HTTPStatus.BAD_REQUEST, "bad_request", N_("The request could not be read."))
        if int(length) > self._max_body_bytes:
            raise self._too_large()

    async def _bounded(self, request: Request) -> AsyncIterator[bytes]:
        passed = 0
        async for chunk in request.stream():
            passed += len(chunk)
            if passed > self._max_body_bytes:
                raise _BodyTooLarge
            if chunk:
                yield chunk

    def _too_large(self) -> OriginProblem:
        return OriginProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            N_("The request is larger than {megabytes} MB, which is the most that is taken."),
            megabytes=self._max_body_bytes // (1024 * 1024),
        )

    def _away(self) -> OriginProblem:
        return OriginProblem(
            HTTPStatus.BAD_GATEWAY,
            "part_away",
            N_("The service {part} is not running just now. /health says how each part is; try again shortly."),
            part=self._service,
        )


class _Streamed:
    """Sends a streamed answer and lets go of the service's connection however it ends, also when the reader leaves."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = StreamingResponse(self._answer.aiter_raw(), status_code=self._answer.status_code)
        kept = end_to_end(self._answer.headers.raw)
        response.raw_headers = [(name.lower(), value) for name, value in kept if name.lower() not in _ANSWERED_BY_US]
        try:
            await response(scope, receive, send)
        finally:
            await self._answer.aclose()
