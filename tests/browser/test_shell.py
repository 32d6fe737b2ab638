"""The shell in a real browser: choosing language and colours, with and without script, and signing in and out."""

import re

import pytest
from playwright.async_api import Browser, expect

from shared.web.pages.navigation import PLACES
from tests.browser.looking import a_reader, sign_in
from tests.browser.portal import Portal

WITH_AND_WITHOUT_SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@WITH_AND_WITHOUT_SCRIPT
async def test_language_and_colours_are_chosen_and_stay(chromium: Browser, portal: Portal, *, script: bool) -> None:
    async with a_reader(chromium, portal, script=script) as seen:
        page = seen.page
        await page.goto("/booking/accessibility")
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Accessibility statement")
        await page.get_by_role("button", name="Dark").click()
        await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
        await page.goto("/procurement/")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        ground = await page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert _lightness(ground) < 60
        assert seen.complaints == []


def _lightness(colour: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3


@WITH_AND_WITHOUT_SCRIPT
async def test_a_person_signs_in_and_out(chromium: Browser, portal: Portal, *, script: bool) -> None:
    async with a_reader(chromium, portal, language="en", script=script) as seen:
        page = seen.page
        await sign_in(seen, "booking", "contact.falun")
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
        await page.goto("/booking/")
        await expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
        assert seen.complaints == []


async def test_every_place_of_the_header_is_there(portal: Portal) -> None:
    portal.origin.client.headers["accept"] = "text/html"
    found = {place.address: (await portal.origin.client.get(place.address)).status_code for place in PLACES}
    # a place for some is there too: it asks who one is
    assert set(found.values()) <= {200, 303}, found


async def test_the_way_to_the_content_is_the_first_thing_that_tab_reaches(chromium: Browser, portal: Portal) -> None:
    async with a_reader(chromium, portal) as seen:
        page = seen.page
        await page.goto("/booking/")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Hoppa till innehållet")
        await expect(page.locator(":focus")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main:focus")).to_have_count(1)


async def test_a_page_prints_without_what_only_serves_the_screen(chromium: Browser, portal: Portal) -> None:
    async with a_reader(chromium, portal) as seen:
        await seen.page.goto("/procurement/")
        await seen.page.emulate_media(media="print", color_scheme="dark")
        await expect(seen.page.locator("footer")).to_be_hidden()
        await expect(seen.page.get_by_role("heading", level=1)).to_be_visible()
        assert _lightness(await seen.page.evaluate("() => getComputedStyle(document.body).backgroundColor")) > 240
