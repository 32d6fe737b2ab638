"""The keyboard of the main job finds what it cannot reach, see or fill in, each on a page made wrong."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time

import pytest
from playwright.async_api import Browser, Page

from tests.browser.keyboard import Keyboard, Unreachable

_STYLE = "<style>:focus-visible { outline: 3px solid }</style>"
_PAGE = """<main><a href="#a">First</a> <button onfocus="{hidden}">Second</button>
<input id="field" aria-label="Day" type="{kind}">
<select aria-label="Place"><option>Falun<option>Mora<option>Rättvik</select>
</main>"""


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


async def _show(page: Page, *, kind: str = "text", hidden: str = "") -> Keyboard:
    await page.set_content(
        "<style>:focus-visible { outline: 3px solid }</style>" + _PAGE.format(kind=kind, hidden=hidden)
    )
    return Keyboard(page)


async def test_what_tab_comes_to_has_the_focus(page: Page) -> None:
    keys = await _show(page)
    await keys.to(page.get_by_role("button", name="Second"), "Second")
    assert await page.evaluate("() => document.activeElement.textContent") == "Second"


async def test_what_tab_does_not_come_to_is_found(page: Page) -> None:
    keys = await _show(page)
    await page.get_by_role("button", name="Second").evaluate("it => { it.tabIndex = -1 }")
    with pytest.raises(Unreachable, match=r"(?s)Tab never comes to 'Second'.*First"):
        await keys.to(page.get_by_role("button", name="Second"), "Second")


async def test_what_gives_the_focus_away_is_found(page: Page) -> None:
    keys = await _show(page, hidden="document.querySelector('a').focus()")
    with pytest.raises(Unreachable, match="Tab never comes to 'Second'"):
        await keys.to(page.get_by_role("button", name="Second"), "Second")


async def test_a_focus_that_is_not_shown_is_found(page: Page) -> None:
    keys = await _show(page)
    await page.get_by_role("button", name="Second").evaluate("it => { it.style.outline = 'none' }")
    with pytest.raises(Unreachable, match="does not show it"):
        await keys.to(page.get_by_role("button", name="Second"), "Second")


async def test_days_and_times_are_filled_in_part_by_part(page: Page) -> None:
    day, clock = date(2026, 12, 1), time(16, 5)
    field = page.get_by_label("Day")
    keys = await _show(page, kind="date")
    await keys.write_day(field, "Day", day)
    assert await field.input_value() == "2026-12-01"
    keys = await _show(page, kind="time")
    await keys.write_time(field, "Day", clock)
    assert await field.input_value() == "16:05"
    keys = await _show(page, kind="datetime-local")
    await keys.write_moment(field, "Day", datetime.combine(day, clock))
    assert await field.input_value() == "2026-12-01T16:05"


async def test_a_field_that_takes_no_typing_is_found(page: Page) -> None:
    keys = await _show(page, kind="date")
    await page.get_by_label("Day").evaluate("it => { it.readOnly = true }")
    with pytest.raises(Unreachable, match="'Day' cannot be filled in"):
        await keys.write_day(page.get_by_label("Day"), "Day", date(2026, 12, 1))


async def test_a_choice_is_found_by_its_letters_and_one_that_is_not_there_is_told(page: Page) -> None:
    keys = await _show(page)
    await keys.choose(page.get_by_label("Place"), "Place", "Rättvik")
    assert await page.get_by_label("Place").input_value() == "Rättvik"
    with pytest.raises(AssertionError, match="does not offer 'Orsa'"):
        await keys.choose(page.get_by_label("Place"), "Place", "Orsa")


async def test_two_controls_of_one_name_are_told(page: Page) -> None:
    keys = await _show(page)
    await page.locator("main").evaluate("it => it.append(it.querySelector('button').cloneNode(true))")
    with pytest.raises(AssertionError, match="2 controls are called 'Second'"):
        await keys.to(page.get_by_role("button", name="Second"), "Second")
