"""Asks for pages as a browser does, and reads what they hold. Who is signed in the test says, not a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from typing import Final

import httpx
from fastapi import FastAPI
from starlette.requests import Request

from shared.kernel.grants import Subject
from shared.web.exchange import ServiceParts, Visitor
from tests.support.web import ISSUER_ALIAS, ORIGIN

TOKEN: Final = "token-of-the-session"
_WHO: Final = "x-test-visitor"


@contextmanager
def known_visitors(app: FastAPI) -> Iterator[None]:
    """Let a request say whose session it belongs to, while it lasts."""
    parts: ServiceParts = app.state.parts

    async def visitor_of(request: Request) -> Visitor | None:
        sub = request.headers.get(_WHO)
        return Visitor(Subject(ISSUER_ALIAS, sub), TOKEN, name=f"Name of {sub}") if sub else None

    app.state.parts = replace(parts, visitor_of=visitor_of, sign_in_address=None, sign_out_address=None)
    try:
        yield
    finally:
        app.state.parts = parts


def browser(app: FastAPI, sub: str | None = None, *, language: str = "en") -> httpx.AsyncClient:
    """Return a client that asks as a browser in which `sub` is signed in, or nobody; within `known_visitors`."""
    headers = {"accept": "text/html,*/*;q=0.8", "accept-language": language, "sec-fetch-site": "same-origin"}
    if sub is not None:
        headers[_WHO] = sub
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=headers, trust_env=False)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class PageText:
    """What a page says, and its tags in order."""

    def __init__(self, answer: httpx.Response) -> None:
        reader = _Reader()
        reader.feed(answer.text)
        reader.close()
        self.text = " ".join(" ".join(reader.texts).split())
        self._tags = reader.tags

    def tags(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Return the attributes of each such tag; names of attributes are written with `_` for `-`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            found for name, found in self._tags if name == tag and all(found.get(n) == v for n, v in wanted.items())
        ]

    def tag(self, tag: str, **attributes: str) -> dict[str, str | None]:
        """Return the attributes of the one such tag."""
        found = self.tags(tag, **attributes)
        assert len(found) == 1, (tag, attributes, found)
        return found[0]

    def typed(self) -> dict[str, str]:
        """Return what a browser would send of the page's inputs as they stand: hidden, and lines."""
        own = [tag for tag in self.tags("input") if tag.get("type") not in ("checkbox", "radio")]
        return {str(tag["name"]): tag.get("value") or "" for tag in own if tag["name"] != "to"}


def page_of(answer: httpx.Response, status: int = 200) -> PageText:
    """Return the page that was answered, and assert that it is one, with its headers."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return PageText(answer)
