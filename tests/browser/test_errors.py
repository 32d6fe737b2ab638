"""A form with errors comes back with the focus at what is wrong, however its reader came to the form."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.browser.keyboard import PATIENCE_MS, Keyboard
from tests.browser.looking import a_reader, sign_in
from tests.browser.portal import Portal


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("skips", [False, True])
async def test_the_focus_is_at_what_is_wrong(chromium: Browser, portal: Portal, *, skips: bool, script: bool) -> None:
    async with a_reader(chromium, portal, language="en", script=script) as seen:
        await sign_in(seen, "booking", "new.one")
        await seen.page.goto("/booking/employers/new")
        keys = Keyboard(seen.page)
        choose = seen.page.get_by_role("link", name="Choose Lyftkraft Dalarna (demonstration)")
        await keys.press(choose, "Choose")
        if skips:
            await keys.skip_to_content("Skip to the content")
        assert (urlsplit(seen.page.url).fragment == "content") is skips
        await keys.press(seen.page.get_by_role("button", name="Register"), "Register")
        wrong = seen.page.get_by_role("alert")
        await expect(wrong).to_contain_text("This has not been saved yet")
        await expect(wrong).to_be_focused(timeout=PATIENCE_MS)
        field = seen.page.get_by_label("Organisation number")
        await keys.press_here(wrong.get_by_role("link", name="Organisation number"), "Organisation number")
        await expect(field).to_be_focused(timeout=PATIENCE_MS)
