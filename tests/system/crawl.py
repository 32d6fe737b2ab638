"""Goes through the portal as each of the ready-made people, from the front page along every link that leads on.

It asks as a browser without script does. Of pages that differ by what they are about alone, two are looked at.
"""

import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from tests.support.browser import PAGE

FRONT: Final = "/booking/"
OF_A_KIND: Final = 2
# what these offer depends on how far the purchase has come
_IN_MANY_STATES: Final = re.compile(
    r"/procurement/(cases/\{\}|procedures/\{\}|supplier/\{\}/procedures/\{\}|requests/\{\})"
)
_OF_MANY_STATES: Final = 6
_MOST_PAGES: Final = 600
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# what may be about one thing or another: numbers, and topics with their keys
_NUMBER: Final = re.compile(r"(?<=/)\d+(?=/|$)")
# others' pages, files, and what ends the walk
_NOT_WALKED: Final = ("/sent", "/issuer", "/docs", "/static/")
# these change the page shown and not what there is to see
_OF_LISTS: Final = frozenset({"after", "limit", "sort", "format", "q"})


@dataclass(frozen=True)
class Crawled:
    """One page as one person was shown it."""

    person: str
    address: str
    kind: str
    linked_from: str
    led_to: str
    status: int
    media_type: str
    html: str

    def __str__(self) -> str:
        return f"{self.person} {self.address} (linked from {self.linked_from})"


class _Links(HTMLParser):
    """Where a page leads on: its links, and the choices of the forms that ask for a list."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self._is_asking = False
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._is_asking = given.get("method") == "get" and "action" not in given
        elif tag == "select":
            self._choice = given.get("name") or ""
        elif tag == "option" and self._is_asking and given.get("value"):
            self.addresses.append(f"?{urlencode({self._choice: given['value']})}")
        elif tag == "a" and given.get("href"):
            self.addresses.append(str(given["href"]))


class Words(HTMLParser):
    """What a person reads on a page: its texts, without those that are marked as being in another language."""

    _SILENT: Final = frozenset({"script", "style", "code", "pre"})
    _VOID: Final = frozenset({"meta", "link", "input", "img", "br", "hr", "wbr", "col", "source", "path", "use"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._language: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        language = dict(attrs).get("lang")
        if tag == "html":
            self._language = language
        is_other = language is not None and language != self._language
        if tag not in self._VOID:
            self._open.append((tag, is_other or tag in self._SILENT))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(silent for _, silent in self._open):
            self.texts.append(" ".join(data.split()))


def kind_of(address: str) -> str:
    """Return what kind of page an address is of: its path without ids, and the names of what it is asked."""
    parts = urlsplit(address)
    names = sorted({name for name, _ in parse_qsl(parts.query)} - _OF_LISTS)
    path = _NUMBER.sub("{}", _ID.sub("{}", parts.path))
    return f"{path}?{'&'.join(names)}" if names else path


@dataclass
class _Walk:
    person: str
    shown: int = 0
    seen: set[str] = field(default_factory=set)
    of_a_kind: Counter[str] = field(default_factory=Counter)
    waiting: deque[tuple[str, str]] = field(default_factory=deque)

    def add(self, link: str, linked_from: str) -> None:
        parts = urlsplit(urljoin(linked_from, link))
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        is_ours = parts.netloc == "" and parts.scheme == ""
        if not is_ours or parts.path in ("", "/") or any(it in parts.path for it in _NOT_WALKED):
            return
        kind = kind_of(address)
        most = _OF_MANY_STATES if _IN_MANY_STATES.fullmatch(kind) else OF_A_KIND
        if address in self.seen or self.of_a_kind[kind] >= most:
            return
        self.seen.add(address)
        self.of_a_kind[kind] += 1
        self.waiting.append((address, linked_from))


@asynccontextmanager
async def reader(url: str, language: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that asks as a browser does and is led on by itself."""
    headers: Mapping[str, str] = {**PAGE, "accept-language": language, "sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=60, trust_env=False, follow_redirects=True
    ) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, person: str) -> None:
    """Sign in at the embedded issuer, which remembers it for the other services."""
    people = await client.get("/booking/sign-in", params={"to": FRONT})
    assert f'value="{person}"' in people.text, people.text
    fields = {**people.url.params, "person": person, "remember": "1"}
    back = await client.post(people.url.copy_with(query=None), data=fields)
    assert (back.status_code, back.url.path) == (200, FRONT), back.text


async def walk(url: str, person: str | None, *, language: str = "sv") -> list[Crawled]:
    """Return every page that the person comes to from the front page; nobody where `person` is None."""
    async with reader(url, language) as client:
        if person is not None:
            await sign_in(client, person)
        return [page async for page in walk_on(client, person)]


async def walk_on(client: httpx.AsyncClient, person: str | None) -> AsyncIterator[Crawled]:
    """Give every page to which a client comes from the front page, in which the person is signed in already."""
    found = _Walk(person or "nobody")
    found.add(FRONT, FRONT)
    while found.waiting:
        assert found.shown < _MOST_PAGES, f"{person} comes to no end: {found.of_a_kind.most_common(20)}"
        address, linked_from = found.waiting.popleft()
        answer = await client.get(address)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        html = answer.text if media_type == "text/html" else ""
        found.shown += 1
        yield Crawled(
            found.person,
            address,
            kind_of(address),
            linked_from,
            answer.url.path,
            answer.status_code,
            media_type,
            html,
        )
        links = _Links()
        links.feed(html)
        for link in links.addresses:
            found.add(link, answer.url.raw_path.decode())
