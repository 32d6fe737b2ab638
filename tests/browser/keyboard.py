"""A person who works with the keyboard alone: she tabs to what she wants, types, and presses Enter or Space.

A control that Tab does not come to, or that does not show that it has the focus, fails the test: there is no other way
to it here. Pages are loaded anew with the browser's own command, and read as they are shown.
"""

import re
from collections.abc import Awaitable, Sequence
from datetime import date, datetime, time
from typing import Final

from playwright.async_api import ElementHandle, Locator, Page, expect

PATIENCE_MS: Final = 60_000
MOST_TABS: Final = 400
_MOST_ARROWS: Final = 20
_MOST_TIMES_AROUND: Final = 2  # it may have begun at the top
_FIRST_LETTERS: Final = re.compile(r"[A-Za-z0-9]*")  # this keyboard has no key for others

_AT: Final = """(wanted) => {
  const it = document.activeElement, style = getComputedStyle(it);
  return {there: it === wanted, nowhere: it === document.body,
          what: it.outerHTML.slice(0, 100).replace(/\\s+/g, ' '),
          shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
}"""
_IN_GROUP: Final = """(wanted) => {
  const it = document.activeElement;
  return it.type === 'radio' && it.name === wanted.name && it.form === wanted.form;
}"""
_CHOSEN: Final = "it => it.selectedOptions[0].textContent.replace(/\\s+/g, ' ').trim()"
_OPTIONS: Final = "it => [...it.options].map(each => each.textContent.replace(/\\s+/g, ' ').trim())"
_WHAT_IS_WRITTEN: Final = "it => [it.value, it.matches('input, textarea, select')]"


class Unreachable(AssertionError):  # noqa: N818 - it says what is wrong, as an assertion does
    """The keyboard does not get there, or does not show that it is there."""


class Keyboard:
    """One page and the hands at its keyboard. Names are what the reader sees or is read; `within` narrows a search."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        """Type an address, as of a link that was sent."""
        await self.page.goto(address)

    async def skip_to_content(self, name: str) -> None:
        """Take the link that leads past the header: it is the first that Tab comes to."""
        await self.page.keyboard.press("Tab")
        link = self.page.get_by_role("link", name=name, exact=True)
        await self._expect_here(await self._one(link, name), name, [])
        await self.page.keyboard.press("Enter")
        assert await self.page.evaluate("() => document.activeElement.tagName") == "MAIN", "the link skips nothing"

    async def to(self, wanted: Locator, name: str) -> ElementHandle:
        """Press Tab until it has the focus; raises Unreachable with what was passed."""
        target = await self._one(wanted, name)
        passed: list[str] = []
        around = 0
        for _ in range(MOST_TABS):
            at = await self.page.evaluate(_AT, target)
            if at["there"]:
                if not at["shown"]:
                    raise Unreachable(f"{name!r} has the focus and does not show it: {at['what']}")
                return target
            if passed[-1:] != [at["what"]]:
                passed.append(at["what"])
            around += at["nowhere"]
            if around > _MOST_TIMES_AROUND:
                break
            await self.page.keyboard.press("Tab")
        raise Unreachable(f"Tab never comes to {name!r} at {self.page.url}; it passed:\n" + "\n".join(passed[:60]))

    async def press(self, wanted: Locator, name: str) -> None:
        """Go to a link or a button, press Enter, and wait for the page that it leads to."""
        await self.to(wanted, name)
        async with self.page.expect_navigation(wait_until="domcontentloaded", timeout=PATIENCE_MS):
            await self.page.keyboard.press("Enter")

    async def press_here(self, wanted: Locator, name: str) -> None:
        """Go to a link or a button that changes the page in its place, or leads to a place on it, and press Enter."""
        await self.to(wanted, name)
        await self.page.keyboard.press("Enter")

    async def write(self, wanted: Locator, name: str, text: str) -> None:
        """Write over what stands in a field."""
        target = await self.to(wanted, name)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)
        await self._expect_value(target, name, text)

    async def paste(self, wanted: Locator, name: str, text: str) -> None:
        """Put many lines into a field at once."""
        target = await self.to(wanted, name)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.insert_text(text)
        await self._expect_value(target, name, text)

    async def write_day(self, wanted: Locator, name: str, day: date) -> None:
        """Fill in a day part by part, in the order in which this browser has the parts."""
        await self._write_parts(await self.to(wanted, name), name, _orders_of(day), day.isoformat())

    async def write_time(self, wanted: Locator, name: str, clock: time) -> None:
        """Fill in a time of day."""
        await self._write_parts(await self.to(wanted, name), name, _clocks_of(clock), f"{clock:%H:%M}")

    async def write_moment(self, wanted: Locator, name: str, moment: datetime) -> None:
        """Fill in a day and a time, as the clock on the wall has them."""
        ways = [day + clock for day in _orders_of(moment.date()) for clock in _clocks_of(moment.time())]
        await self._write_parts(await self.to(wanted, name), name, ways, f"{moment:%Y-%m-%dT%H:%M}")

    async def choose(self, wanted: Locator, name: str, choice: str) -> None:
        """Choose in a list by typing how the choice begins, and on from there with the arrows."""
        target = await self.to(wanted, name)
        options = await target.evaluate(_OPTIONS)
        assert choice in options, f"{name!r} does not offer {choice!r}, but {options[:20]}"
        for begin in (_FIRST_LETTERS.match(choice)[0], ""):  # type: ignore[index]  # may be empty
            if await target.evaluate(_CHOSEN) == choice:
                return
            await self.page.keyboard.press("Home")
            await self.page.keyboard.type(begin)
            for _ in options:
                if await target.evaluate(_CHOSEN) == choice:
                    return
                await self.page.keyboard.press("ArrowDown")
        raise Unreachable(f"{choice!r} cannot be chosen in {name!r} with the keyboard")

    async def tick(self, wanted: Locator, name: str) -> None:
        """Tick a box, or take the tick away, with Space."""
        target = await self.to(wanted, name)
        before = await target.is_checked()
        await self.page.keyboard.press("Space")
        assert await target.is_checked() != before, f"Space does nothing at {name!r}"

    async def pick(self, wanted: Locator, name: str) -> None:
        """Pick one of a few: Tab comes to the group, arrows to the choice."""
        target = await self._one(wanted, name)
        for _ in range(MOST_TABS):
            if await self.page.evaluate(_IN_GROUP, target):
                break
            await self.page.keyboard.press("Tab")
        else:
            raise Unreachable(f"Tab never comes to the group of {name!r} at {self.page.url}")
        for _ in range(_MOST_ARROWS):
            if (await self.page.evaluate(_AT, target))["there"]:
                break
            await self.page.keyboard.press("ArrowDown")
        await self._expect_here(target, name, [])
        if not await target.is_checked():
            await self.page.keyboard.press("Space")
        assert await target.is_checked(), f"{name!r} cannot be picked with the keyboard"

    async def _one(self, wanted: Locator, name: str) -> ElementHandle:
        await self._expect(expect(wanted.first).to_be_attached(timeout=PATIENCE_MS), f"no {name!r}")
        found = await wanted.element_handles()
        if len(found) > 1:  # the same link may stand in two places; two controls of one name are told apart by nobody
            where = {await each.get_attribute("href") for each in found}
            is_one = len(where) == 1 and None not in where
            assert is_one, f"{len(found)} controls are called {name!r} at {self.page.url}"
        return found[0]

    async def _expect(self, expected: Awaitable[None], what: str) -> None:
        try:
            await expected
        except AssertionError as error:
            main = await self.page.locator("main").inner_text()
            raise AssertionError(f"{what} at {self.page.url}, which says:\n{main[:600]}") from error

    async def _expect_here(self, target: ElementHandle, name: str, passed: Sequence[str]) -> None:
        at = await self.page.evaluate(_AT, target)
        if not (at["there"] and at["shown"]):
            raise Unreachable(f"the focus is not at {name!r}, or not seen there, but at {at['what']} {passed}")

    async def _expect_value(self, target: ElementHandle, name: str, text: str) -> None:
        value, _ = await target.evaluate(_WHAT_IS_WRITTEN)
        assert value == text, f"{name!r} holds {value!r} and not {text!r}"

    async def _write_parts(self, target: ElementHandle, name: str, ways: Sequence[Sequence[str]], text: str) -> None:
        for way in ways:
            for _ in way:
                await self.page.keyboard.press("ArrowLeft")
            for part in way:
                await self.page.keyboard.type(part)
                if len(part) == len("2026"):  # only a year leaves it open whether there is more of it
                    await self.page.keyboard.press("ArrowRight")
            value, _ = await target.evaluate(_WHAT_IS_WRITTEN)
            if value == text:
                return
        raise Unreachable(f"{name!r} cannot be filled in with the keyboard: it holds {value!r} and not {text!r}")


def _orders_of(day: date) -> list[tuple[str, ...]]:
    year, month, of_month = f"{day:%Y}", f"{day:%m}", f"{day:%d}"
    return [(month, of_month, year), (of_month, month, year), (year, month, of_month)]


def _clocks_of(clock: time) -> list[tuple[str, ...]]:
    return [(f"{clock:%I}", f"{clock:%M}", f"{clock:%p}"[0]), (f"{clock:%H}", f"{clock:%M}")]
