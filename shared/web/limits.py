"""What a request may be before anybody asks what it means: how large, of what type, and with no tricks in its address.

The body is read here whole, which its limit allows, so that an oversized one is told 413 before anything is done.
"""

import re
from typing import Final
from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from shared.kernel.texts import N_, Text
from shared.web.bodies import forbidden_character
from shared.web.languages import Catalogues
from shared.web.pages.errors import answer_of
from shared.web.problems import Told

LARGEST_BODY: Final = 256 * 1024
LARGEST_UPLOAD: Final = 5 * 1024 * 1024
LONGEST_ADDRESS: Final = 8 * 1024
LARGEST_HEADERS: Final = 32 * 1024
_BODY_TYPE = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
_FORM_TYPE = re.compile(r'application/x-www-form-urlencoded\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
_UPLOAD_TYPE = re.compile(r"multipart/form-data\s*;\s*boundary=\"?[0-9A-Za-z'()+_,./:=?-]{1,70}\"?\s*", re.IGNORECASE)
_LINE_BREAK = re.compile("[\t\r\n\N{REPLACEMENT CHARACTER}]")
_TRICKS = re.compile(rb"%2f|%5c|\\|(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


class _RefusedError(Exception):
    def __init__(self, told: Told) -> None:
        self.told = told
        super().__init__(told.code)


class _GoneError(Exception):
    """The client went away while it was sending."""


class LimitsMiddleware:
    """Refuses what is too large, of the wrong type or has tricks in it; hands on the rest with its body read."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        catalogues: Catalogues,
        largest_body: int = LARGEST_BODY,
        form_addresses: tuple[str, ...] = (),
        api_addresses: str = "/",
        upload_addresses: tuple[re.Pattern[str], ...] = (),
    ) -> None:
        self._app = app
        self._catalogues = catalogues
        self._largest_body = largest_body
        self._form_addresses = form_addresses
        self._api_addresses = api_addresses
        self._upload_addresses = upload_addresses

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            _check_address(scope)
            _check_headers(scope)
            is_upload = self._is_upload(scope["path"], headers)
            body = await _read_body(headers, receive, LARGEST_UPLOAD if is_upload else self._largest_body)
            _check_type(headers, body, takes_form=self._takes_form(scope["path"]), is_upload=is_upload)
        except _GoneError:
            return
        except _RefusedError as refused:
            answer = answer_of(scope, refused.told, self._catalogues)
            await answer(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    def _is_upload(self, path: str, headers: Headers) -> bool:
        """Whether this is a form with a file, sent to one of the pages that take one; it may then be larger."""
        if not any(pattern.fullmatch(path) for pattern in self._upload_addresses):
            return False
        return _UPLOAD_TYPE.fullmatch(headers.get("content-type", "").strip()) is not None

    def _takes_form(self, path: str) -> bool:
        """Whether a form may be sent there: pages take forms, the API only where it says so."""
        return not path.startswith(self._api_addresses) or path.startswith(self._form_addresses)


def _check_address(scope: AsgiScope) -> None:
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    query: bytes = scope["query_string"]
    if len(raw) + len(query) > LONGEST_ADDRESS:
        text = Text(N_("The address is longer than {largest} bytes."), {"largest": LONGEST_ADDRESS})
        raise _RefusedError(Told(414, "address_too_long", text))
    decoded = unquote_plus(query.decode("latin-1"))
    if any(forbidden_character(part) or _LINE_BREAK.search(part) for part in (scope["path"], decoded)):
        raise _RefusedError(
            Told(400, "address_malformed", Text(N_("The address holds a character that cannot be seen or stored.")))
        )
    if _TRICKS.search(raw):
        raise _RefusedError(
            Told(400, "address_malformed", Text(N_("The address holds a step up, or a slash inside a name.")))
        )


def _check_headers(scope: AsgiScope) -> None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        text = Text(N_("The headers are longer than {largest} bytes."), {"largest": LARGEST_HEADERS})
        raise _RefusedError(Told(431, "headers_too_large", text))


def _too_large(largest: int) -> _RefusedError:
    text = Text(N_("The body is larger than {largest} KiB. Send less at a time."), {"largest": largest // 1024})
    return _RefusedError(Told(413, "too_large", text, headers={"connection": "close"}))


async def _read_body(headers: Headers, receive: Receive, largest: int) -> bytes:
    announced = headers.get("content-length", "0")
    if not announced.isdecimal() or not announced.isascii():
        raise _RefusedError(Told(400, "unreadable_body", Text(N_("The Content-Length is not a number."))))
    if int(announced[:20]) > largest:
        raise _too_large(largest)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _check_type(headers: Headers, body: bytes, *, takes_form: bool, is_upload: bool) -> None:
    content_type = headers.get("content-type", "").strip()
    is_form = is_upload or (takes_form and _FORM_TYPE.fullmatch(content_type) is not None)
    if body and not is_form and not _BODY_TYPE.fullmatch(content_type):
        text = Text(N_("The body must be JSON: send it with Content-Type: application/json."))
        raise _RefusedError(Told(415, "not_json", text, headers={"accept": "application/json"}))
    if "content-encoding" in headers and body:
        text = Text(N_("The body must be sent as it is, with no Content-Encoding."))
        raise _RefusedError(Told(415, "encoded_body", text))


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
