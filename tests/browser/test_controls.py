"""The checks of the whole portal (`tests/system/test_portal.py`) find what they look for, each on a page made wrong."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.browser.looking import PHONE, Seen, a_reader, tab_through
from tests.browser.portal import Portal


@pytest.fixture
async def seen(chromium: Browser, portal: Portal) -> AsyncIterator[Seen]:
    async with a_reader(chromium, portal, size=PHONE) as seen:
        await seen.page.goto("/booking/accessibility")
        yield seen


async def test_axe_finds_a_field_without_a_label_and_pale_text(seen: Seen) -> None:
    assert await seen.axe() == []
    await seen.page.locator("main").evaluate("it => { it.append(document.createElement('input')) }")
    await seen.page.locator("h1").evaluate("it => { it.style.color = '#ccc' }")
    found = await seen.axe()
    assert any(finding.startswith("label:") for finding in found), found
    assert any(finding.startswith("color-contrast:") for finding in found), found


async def test_what_is_too_wide_or_too_small_is_found(seen: Seen) -> None:
    assert await seen.too_wide() == []
    await seen.page.locator("h1").evaluate("it => { it.style.width = '400px' }")
    assert await seen.too_wide()
    assert await seen.too_small() == []
    await seen.page.locator("button").first.evaluate(
        "it => { it.style.cssText = 'min-height: 0; height: 10px; padding: 0' }"
    )
    assert await seen.too_small()


async def test_a_focus_that_is_not_seen_is_found(seen: Seen) -> None:
    await seen.page.locator("main").evaluate(
        """it => { const button = document.createElement('button');
                   button.textContent = 'x'; button.style.outline = 'none'; it.append(button) }"""
    )
    (wrong,) = await tab_through(seen.page)
    assert wrong.startswith("focus not seen at")


async def test_what_tab_does_not_reach_is_found(seen: Seen) -> None:
    assert await tab_through(seen.page) == []
    await seen.page.locator("main").evaluate(
        """it => { const button = document.createElement('button'); button.textContent = 'x'; it.append(button);
                   button.addEventListener('focus', () => document.querySelector('footer a').focus()) }"""
    )
    assert any("reached" in wrong for wrong in await tab_through(seen.page))


async def test_an_inline_script_and_style_are_refused_and_complained_of(seen: Seen) -> None:
    await seen.page.evaluate(
        """() => { const script = document.createElement('script'), image = document.createElement('img');
                   script.textContent = 'window.ran = 1'; image.src = 'https://elsewhere.test/x.png';
                   document.body.append(script, image) }"""
    )
    assert await seen.page.evaluate("() => window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in seen.complaints), seen.complaints
