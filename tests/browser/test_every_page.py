"""Every page, in both languages and colours: nothing for axe to find, nothing complained of, nothing out of reach."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Literal

import pytest
from playwright.async_api import Browser, Page

from tests.browser.looking import DESK, PHONE, Seen, a_reader, headings, sign_in
from tests.browser.places import Place, places_of, set_things_aside
from tests.browser.portal import Portal

LANGUAGES: tuple[Literal["sv", "en"], ...] = ("sv", "en")


@pytest.fixture(scope="module")
async def places(portal: Portal) -> list[Place]:
    return places_of(portal, await set_things_aside(portal))


async def _each(seen: Seen, places: list[Place]) -> AsyncIterator[Place]:
    """Open every place as the one who goes there, sorted so that nobody signs in twice to one service."""
    signed_in: tuple[str | None, str | None] = (None, None)
    for place in sorted(places, key=lambda place: (place.sub or "", place.service or "", place.address)):
        if place.sub is not None and signed_in != (place.service, place.sub):
            await seen.page.context.clear_cookies()
            await sign_in(seen, str(place.service), place.sub)
            signed_in = (place.service, place.sub)
        answer = await seen.page.goto(place.address)
        assert answer is not None
        assert answer.status == place.status, f"{place}: {answer.status}"
        yield place


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_is_wrong_with_any_page(
    chromium: Browser, portal: Portal, places: list[Place], language: Literal["sv", "en"]
) -> None:
    wrong: list[str] = []
    async with a_reader(chromium, portal, language=language) as seen:
        async for place in _each(seen, places):
            wrong += [f"{place.address} {finding}" for finding in await _findings(seen, language)]
    assert not wrong, "\n".join(wrong)


async def _findings(seen: Seen, language: str) -> list[str]:
    """Return all that is wrong with the page: on a desk in light and in dark, then on the smallest of phones."""
    page = seen.page
    found = [f"in light: {it}" for it in await seen.axe()]
    await page.emulate_media(color_scheme="dark")
    found += [f"in dark: {it}" for it in await seen.axe(runOnly={"type": "rule", "values": ["color-contrast"]})]
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(PHONE)
    found += [f"too wide: {it}" for it in await seen.too_wide()]
    found += [f"too small: {it}" for it in await seen.too_small()]
    await page.set_viewport_size(DESK)
    if await page.locator("html").get_attribute("lang") != language:
        found.append(f"is not in {language}")
    if not (await page.title()).removesuffix(" – Kurslots"):
        found.append("has no title")
    levels = await headings(page)
    if levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise(levels)):
        found.append(f"has headings {levels}")
    found += [f"complaint: {it}" for it in seen.complaints]
    seen.complaints.clear()
    return found


_REACHABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, [tabindex="0"], summary')]
  .filter(it => it.checkVisibility({visibilityProperty: true}) && !it.disabled
     && !(it.type === 'radio' && !it.checked && document.querySelector(`[name="${it.name}"]:checked`))).length"""
_FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it);
  const all = window.kurslotsSeen ??= new Set();
  if (it === document.body) return {where: 'body', count: all.size};
  all.add(it);
  return {where: it.outerHTML.slice(0, 100), count: all.size,
          shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
}"""


async def _tab_through(page: Page) -> tuple[int, list[str]]:
    """Press Tab from the top to the end; return how many things were reached and those whose focus is not seen."""
    reached = 0
    unseen: list[str] = []
    for _ in range(200):
        await page.keyboard.press("Tab")
        at = await page.evaluate(_FOCUSED)
        if at["where"] == "body" or at["count"] == reached:
            return reached, unseen
        reached = at["count"]
        if not at["shown"]:
            unseen.append(at["where"])
    raise AssertionError("the focus never came to an end")


async def test_everything_is_reached_with_the_keyboard_and_the_focus_is_seen(
    chromium: Browser, portal: Portal, places: list[Place]
) -> None:
    wrong: list[str] = []
    async with a_reader(chromium, portal) as seen:
        async for place in _each(seen, places):
            expected = await seen.page.evaluate(_REACHABLE)
            reached, unseen = await _tab_through(seen.page)
            wrong += [f"{place.address}: focus not seen at {it}" for it in unseen]
            if reached != expected:
                wrong.append(f"{place.address}: {reached} of {expected} reached")
    assert not wrong, "\n".join(wrong)


async def test_every_page_says_the_same_without_script(chromium: Browser, portal: Portal, places: list[Place]) -> None:
    said: dict[bool, dict[str, str]] = {}
    for script in (True, False):
        async with a_reader(chromium, portal, script=script) as seen:
            said[script] = {
                place.address: await seen.page.locator("h1").inner_text() async for place in _each(seen, places)
            }
    assert said[True] == said[False]


def test_no_page_is_left_out(portal: Portal, places: list[Place]) -> None:
    shown = [facts for facts in portal.pages().values() if facts.name != "sign_in"]
    assert len(shown) >= 12
    assert len(places) == len(shown) + 4  # and the origin's, and two that went wrong
