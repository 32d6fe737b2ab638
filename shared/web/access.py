"""The outermost layers: what is logged and counted of each request, the headers of each answer, and faults.

Nothing of a query, a body or a token is logged. Of a route whose permit has a label the log, the metrics and the trace
tell the label alone, so that one kind of traffic cannot be told from another.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from shared.kernel.ids import new_id
from shared.metrics import HTTP_REQUESTS, HTTP_SECONDS
from shared.tracing import AttributeValue, Kind, Span, span
from shared.web.exchange import Exchange, RouteFacts, begin_exchange
from shared.web.languages import Catalogues
from shared.web.pages.choices import chosen_language
from shared.web.pages.errors import answer_of
from shared.web.problems import told_of

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "Accept-Language, Authorization",
}
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FAULTS_FROM = 500
_STREAM = "text/event-stream"
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = structlog.get_logger(__name__)


def valid_traceparent(header: str | None) -> str | None:
    """Return the traceparent that the request came with; None where it came with none that can be read."""
    return header if _TRACEPARENT.fullmatch(header or "") else None


class AccessMiddleware:
    """Begins the exchange, and says in log and metrics how it ended."""

    def __init__(self, app: ASGIApp, *, service: str, routes: Mapping[Callable[..., Any], RouteFacts]) -> None:
        self._app = app
        self._service = service
        self._routes = routes

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        exchange = Exchange(str(new_id()), chosen_language(headers.get("cookie"), headers.get("accept-language")))
        begin_exchange(scope, exchange)
        status = 500
        started = time.perf_counter()
        seconds_to_stream: float | None = None

        async def send_on(message: Message) -> None:
            nonlocal status, seconds_to_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                _complete(answer, exchange)
                if answer.get("content-type", "").startswith(_STREAM):
                    # a stream lasts as long as somebody listens, which says nothing of how fast we are
                    seconds_to_stream = time.perf_counter() - started
            await send(message)

        under = valid_traceparent(headers.get("traceparent"))
        with (
            span("request", Kind.SERVER, under=under) as work,
            structlog.contextvars.bound_contextvars(request_id=exchange.request_id),
        ):
            try:
                await self._app(scope, receive, send_on)
            finally:
                seconds = time.perf_counter() - started if seconds_to_stream is None else seconds_to_stream
                self._tell(scope, exchange, status, seconds, work)

    def _tell(self, scope: AsgiScope, exchange: Exchange, status: int, seconds: float, work: Span) -> None:
        facts = self._routes.get(scope.get("endpoint"))  # type: ignore[arg-type]  # None is in no table
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
        route = facts.template if facts else "other"
        told_status = str(status)
        person = str(exchange.actor.person_id) if exchange.actor else None
        if facts is not None and facts.permit.label is not None:
            route, method, told_status, person = facts.permit.label, "any", f"{status // 100}xx", None
        HTTP_REQUESTS.labels(self._service, route, method, told_status).inc()
        HTTP_SECONDS.labels(self._service, route, method).observe(seconds)
        fields: dict[str, object] = {"method": method, "route": route, "status": told_status}
        if person is not None:
            fields["person"] = person
        _log.info("answered", milliseconds=round(seconds * 1000, 1), **fields)
        _tell_span(work, route, method, told_status, is_fault=status >= _FAULTS_FROM)


def _tell_span(work: Span, route: str, method: str, told_status: str, *, is_fault: bool) -> None:
    """Tell of a request what the log tells, and no more."""
    noted: dict[str, AttributeValue] = {"http.route": route, "http.request.method": method}
    noted["http.response.status_code"] = int(told_status) if told_status.isdecimal() else told_status
    work.rename(f"{method} {route}")
    work.note(noted)
    if is_fault:
        work.fail(told_status)


def _complete(headers: MutableHeaders, exchange: Exchange) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["x-request-id"] = exchange.request_id


class FaultMiddleware:
    """Turns what no route foresaw into a problem without detail; the log tells where it happened."""

    def __init__(self, app: ASGIApp, *, catalogues: Catalogues) -> None:
        self._app = app
        self._catalogues = catalogues

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:  # noqa: BLE001 - the last place where a fault can be told without its values
            told = told_of(error)
            if begun:
                raise ConnectionAbortedError("a fault cut the answer short") from None
            answer = answer_of(scope, told, self._catalogues)
            await answer(scope, receive, send)
