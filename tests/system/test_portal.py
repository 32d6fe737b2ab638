"""The whole portal after the story was told, gone through as every role.

No dead link, no page without a way to it, valid HTML, every text in the reader's language, no code name or id shown,
nothing for axe to find, and everything within reach of the keyboard.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from playwright.async_api import Browser

from services.booking.app import PAGES as BOOKING_PAGES
from services.notification.app import PAGES as NOTIFICATION_PAGES
from services.procurement.app import PAGES as PROCUREMENT_PAGES
from shared.web.languages import SHARED_CATALOGUES, catalogue_of
from tests.browser.looking import DESK, PHONE, Seen, a_reader, sign_in, tab_through
from tests.support.html_validity import wrong_in
from tests.support.system import System
from tests.support.texts import ROOT
from tests.system.crawl import Crawled, Words, walk
from tests.system.set_aside import things_set_aside

pytestmark = pytest.mark.timeout(900)

Language = Literal["sv", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("sv", "en")
PEOPLE: Final = (
    None,
    "contact.falun",
    "coach.dalarna",
    "lead.dalarna",
    "officer.dalarna",
    "delegate.dalarna",
    "supplier.one",
    "trainer.dalarna",
    "participant.one",
    "operator",
    "new.one",
)
_PAGES: Final[Mapping[str, tuple[APIRouter, ...]]] = {
    "booking": BOOKING_PAGES,
    "procurement": PROCUREMENT_PAGES,
    "notification": NOTIFICATION_PAGES,
}
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CODE_NAME: Final = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
# Only an operator reads the names of tables, topics and types, and the log of what failed.
_FOR_OPERATORS: Final = "/operator"
_SHORTEST: Final = 12
# What a form begins with in the office's language is the office's own text once it was sent.
_BEGINS_A_TEXT: Final = frozenset(
    {"The lowest price gets ten points, the others ten times the lowest price divided by theirs."}
)


# after the whole story: invited, awarded and not contracted, scored, and a request that waits. Those after the invited
# step business time past its deadline, so that it has passed however long the walk takes.
_TOLD_IN_PART: Final = (9, 13, 12, 7)


@pytest.fixture(scope="module")
def told(system: System) -> System:
    """The system after the story was told whole, and then in part: every kind of thing is there to be looked at."""
    system.up()
    for steps in (None, *_TOLD_IN_PART):
        some = () if steps is None else ("--steps", str(steps))
        finished = system.run("demo", "--json", "--patience", "60", *some, seconds=300)
        assert finished.returncode == 0, finished.stdout + finished.stderr
    return system


@pytest.fixture(scope="module")
async def crawled(told: System) -> AsyncIterator[dict[Language, list[Crawled]]]:
    async with things_set_aside(told.home):
        yield {
            language: [page for person in PEOPLE for page in await walk(told.url, person, language=language)]
            for language in LANGUAGES
        }


def _of_people(pages: Iterable[Crawled]) -> list[Crawled]:
    return [page for page in pages if _FOR_OPERATORS not in page.address and page.media_type == "text/html"]


def test_every_link_leads_somewhere(crawled: dict[Language, list[Crawled]]) -> None:
    dead = [f"{page.status} {page}" for pages in crawled.values() for page in pages if page.status != 200]
    assert dead == []


def test_everybody_comes_to_more_than_the_front_page(crawled: dict[Language, list[Crawled]]) -> None:
    for person in PEOPLE:
        kinds = {page.kind for page in crawled["sv"] if page.person == (person or "nobody")}
        assert len(kinds) >= 3, (person, kinds)


def _routes() -> dict[str, re.Pattern[str]]:
    """Return every address at which a page is shown, as a pattern."""
    patterns: dict[str, re.Pattern[str]] = {}
    for service, routers in _PAGES.items():
        for route in (route for router in routers for route in router.routes):
            assert isinstance(route, APIRoute)
            path = route.path
            if "GET" in (route.methods or ()) and route.name.startswith("show_"):
                pattern = re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(f"/{service}{path}"))
                patterns[f"/{service}{path}"] = re.compile(rf"{pattern}(?:\?.*)?")
    return patterns


# The story leaves nothing behind that these are about; each has tests of its own beside its area.
NOT_LINKED: Final = frozenset(
    {
        "/booking/answer/{code}",  # the link in a message to whoever has booked a run that was changed
        "/booking/bookings/{booking_id}/answer",  # a booking of a run that was changed
        "/booking/bookings/{booking_id}/give-up",
        "/booking/bookings/{booking_id}/approve",  # a booking that waits for approval
        "/booking/bookings/{booking_id}/decline",
        "/booking/calendars/{calendar_id}/withdraw",  # a link to a calendar
        "/booking/attendance/{attendance_id}",  # a meeting that has begun, and somebody who is marked at it
        "/booking/attendance/{attendance_id}/correct",
        "/booking/attendance/{attendance_id}/note",
        "/booking/attendance/{attendance_id}/sign",
        "/booking/me/meetings/{meeting_id}",  # a participant who can sign in and has a seat
        "/booking/issued-certificates/{certificate_id}",  # a course that is over, and time that is signed for
        "/booking/certificates/{code}",
        "/booking/outside-courses/{outside_course_id}",  # a course that was taken elsewhere
        "/booking/outside-courses/{outside_course_id}/accept",
        "/booking/outside-courses/{outside_course_id}/decline",
        "/booking/mine/certificates/{token}",  # a link that stands in a message
        "/booking/needs/{need_id}/way",  # a need for which nothing is booked or asked for
        "/booking/mine/{token}",  # a personal link, which stands in a message
        "/booking/projects/{project_id}/protected/{person_id}",  # a protected identity
        "/booking/projects/{project_id}/runs/{run_id}/decide",  # a run that too few have booked
        "/booking/queue/{entry_id}",  # a group that waits for seats
        "/booking/queue/{entry_id}/accept",
        "/booking/queue/{entry_id}/decline",
        "/booking/queue/{entry_id}/leave",
        "/booking/queue/{entry_id}/move",
        "/booking/queue/leave/{code}",  # the link in a message to whoever waits
        "/booking/projects/{project_id}/demand/together",  # needs of several employers that are alike
        "/booking/requests/{request_id}/edit",  # a request that is not yet sent
        "/booking/requests/{request_id}/submit",
        "/booking/training-plans/{plan_id}/open",  # a plan that is agreed on
        "/notification/notifications/{notification_id}/cancel",  # a notification that waits, or that failed
        "/notification/notifications/{notification_id}/send-again",
        "/notification/operator/suppressions/{suppression_id}/lift",  # a suppressed address
        "/procurement/contracts/{contract_id}/discard",  # a contract in draft
        "/procurement/contracts/{contract_id}/sign",
        "/procurement/contracts/{contract_id}/lines/{line_id}/order",  # a line that is not yet ordered
        "/procurement/lots/{lot_id}/procedures/new",  # a lot without a procedure
        "/procurement/procedures/{procedure_id}/award",  # a procedure whose bids are all scored
        "/procurement/questions/{question_id}/answer",  # a question
        "/procurement/suppliers/{registered_id}/code",  # a supplier for whom nobody acts yet
        "/procurement/procedures/{procedure_id}/deadline",  # a deadline that a later telling may have passed
        "/procurement/procedures/{procedure_id}/invitations",
        "/procurement/supplier/{supplier_id}/procedures/{procedure_id}/bid",
        "/procurement/supplier/{supplier_id}/procedures/{procedure_id}/withdraw",
    }
)


def test_somebody_comes_to_every_page(crawled: dict[Language, list[Crawled]]) -> None:
    addresses = {page.address for page in crawled["sv"]}
    unreached = {
        path for path, pattern in _routes().items() if not any(pattern.fullmatch(address) for address in addresses)
    }
    assert unreached - NOT_LINKED == set()


def test_every_page_is_valid_html(crawled: dict[Language, list[Crawled]], tmp_path: Path) -> None:
    pages = {str(page): page.html for page in _one_of_each_kind(crawled["sv"])}
    assert len(pages) > 20
    assert wrong_in(pages, tmp_path) == []


def _texts_of(language: Language) -> list[str]:
    """Return what is written in the other language and not in this one, where it is long enough to tell them apart."""
    folders = [SHARED_CATALOGUES, *(ROOT / "services").glob("*/translations")]
    pairs = [
        pair for folder in folders for pair in catalogue_of(folder / "sv.po").items() if pair[0] not in _BEGINS_A_TEXT
    ]
    written = {(swedish if language == "sv" else english) for english, swedish in pairs}
    others = {(english if language == "sv" else swedish) for english, swedish in pairs} - written
    return sorted(text for text in others if "{" not in text and len(text) >= _SHORTEST and " " in text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_the_readers_language(crawled: dict[Language, list[Crawled]], language: Language) -> None:
    foreign = set(_texts_of(language))
    assert len(foreign) > 100
    wrong = [f"{page}: {text!r}" for page in crawled[language] for text in Words(page.html).texts if text in foreign]
    assert wrong == []


def test_nobody_reads_an_id_or_a_code_name(crawled: dict[Language, list[Crawled]]) -> None:
    wrong = [
        f"{page}: {text!r}"
        for page in _of_people(crawled["sv"])
        for text in Words(page.html).texts
        if _ID.search(text) or _CODE_NAME.search(text)
    ]
    assert wrong == []


def _one_of_each_kind(pages: Iterable[Crawled]) -> list[Crawled]:
    """Return one page of each kind, the longest: most is to be seen there. Sorted so that people sign in seldom."""
    longest: dict[str, Crawled] = {}
    for page in pages:
        if page.media_type == "text/html" and len(page.html) > len(longest.get(page.kind, page).html) - 1:
            longest[page.kind] = page
    return sorted(longest.values(), key=lambda page: (page.person, page.address))


async def _each(seen: Seen, pages: Iterable[Crawled]) -> AsyncIterator[Crawled]:
    """Open every page as the one who was shown it; what a list is asked for makes no other page."""
    signed_in = "nobody"
    own = [page for page in pages if "?" not in page.kind and not page.led_to.startswith("/issuer")]
    for page in own:
        if page.person != signed_in:
            await seen.page.context.clear_cookies()
            if page.person != "nobody":
                await sign_in(seen, "booking", page.person)
            signed_in = page.person
        await seen.page.goto(page.address)
        yield page


async def _findings(seen: Seen, language: Language) -> list[str]:
    """Return all that is wrong with the page: in Swedish in both colours and on a small phone, in English in dark."""
    found = [f"in {'light' if language == 'sv' else 'dark'}: {it}" for it in await seen.axe()]
    if language == "sv":
        await seen.page.emulate_media(color_scheme="dark")
        found += [f"in dark: {it}" for it in await seen.axe(runOnly={"type": "rule", "values": ["color-contrast"]})]
        await seen.page.emulate_media(color_scheme="light")
        await seen.page.set_viewport_size(PHONE)
        found += [f"too wide: {it}" for it in await seen.too_wide()]
        found += [f"too small: {it}" for it in await seen.too_small()]
        await seen.page.set_viewport_size(DESK)
    found += [f"complaint: {it}" for it in seen.complaints]
    seen.complaints.clear()
    return found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_is_wrong_with_any_page_in_a_browser(
    crawled: dict[Language, list[Crawled]], told: System, chromium: Browser, language: Language
) -> None:
    wrong: list[str] = []
    colours: Literal["light", "dark"] = "light" if language == "sv" else "dark"
    async with a_reader(chromium, told, language=language, colours=colours) as seen:
        async for page in _each(seen, _one_of_each_kind(crawled[language])):
            wrong += [f"{page}: {finding}" for finding in await _findings(seen, language)]
    assert not wrong, "\n".join(wrong)


async def test_everything_is_reached_with_the_keyboard_and_the_focus_is_seen(
    crawled: dict[Language, list[Crawled]], told: System, chromium: Browser
) -> None:
    wrong: list[str] = []
    async with a_reader(chromium, told) as seen:
        async for page in _each(seen, _one_of_each_kind(crawled["sv"])):
            wrong += [f"{page}: {it}" for it in await tab_through(seen.page)]
    assert not wrong, "\n".join(wrong)
