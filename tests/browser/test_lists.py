"""What is fetched in place in a list, by the keyboard: its filter, its order and its files, and never another page."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.keyboard import PATIENCE_MS, Keyboard
from tests.browser.looking import Seen, a_reader, sign_in
from tests.browser.portal import Portal


@pytest.fixture
async def runs(chromium: Browser, portal: Portal) -> AsyncIterator[Seen]:
    """The list of a project's runs, before one who leads it."""
    async with a_reader(chromium, portal, language="en") as seen:
        await sign_in(seen, "booking", "lead.dalarna")
        await seen.page.goto("/booking/projects/mine")
        await seen.page.get_by_role("link", name="Lyftkraft Dalarna (demonstration)").click()
        await seen.page.get_by_role("link", name="Runs", exact=True).click()
        await expect(seen.page.get_by_role("heading", level=1, name="Runs")).to_be_visible(timeout=PATIENCE_MS)
        yield seen


async def test_the_link_of_a_row_leads_to_its_page(runs: Seen) -> None:
    link = runs.page.locator("#runs th[scope=row] a").first
    title = await link.inner_text()
    await Keyboard(runs.page).press(link, title)
    await expect(runs.page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=PATIENCE_MS)


async def test_the_files_hold_what_the_list_was_filtered_by(runs: Seen) -> None:
    keys = Keyboard(runs.page)
    await keys.write(runs.page.get_by_label("Search by course or number"), "the search", "Svetsning")
    await runs.page.keyboard.press("Enter")
    file = runs.page.get_by_role("link", name="CSV", exact=True)
    await expect(file).to_have_attribute("href", re.compile("q=Svetsning"), timeout=PATIENCE_MS)
    await expect(runs.page.locator("#runs tbody tr")).to_have_count(1, timeout=PATIENCE_MS)


async def test_the_focus_stays_at_the_heading_that_a_list_is_sorted_by(runs: Seen) -> None:
    by_beginning = runs.page.get_by_role("link", name="Begins", exact=True)
    await Keyboard(runs.page).press_here(by_beginning, "Begins")
    await expect(runs.page).to_have_url(re.compile("sort="), timeout=PATIENCE_MS)
    await expect(by_beginning).to_be_focused(timeout=PATIENCE_MS)
