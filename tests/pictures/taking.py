"""Opens a page as its reader does and keeps a picture of it, cut where something ends."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Final

from playwright.async_api import Browser, Page

from tests.browser.looking import Addressed, Seen, a_reader, sign_in
from tests.pictures.table import DESK, LANGUAGES, Language, Picture

_OK: Final = 200
# Where the picture may end: below the last thing that is whole within the height that it may have.
_END: Final = """most => {
  const main = document.querySelector('main');
  const whole = main.getBoundingClientRect().bottom + window.scrollY
              - parseFloat(getComputedStyle(main).paddingBottom);
  if (whole <= most) return whole + 28;
  const parts = [...main.querySelectorAll(':is(main > *, section > *, tr, li, .facts > div):not(.card *, h2, h3)')];
  const ends = parts.filter(it => it.checkVisibility())
                    .map(it => it.getBoundingClientRect().bottom + window.scrollY).filter(end => end <= most);
  return Math.max(...ends) + 2;
}"""
_LINKS: Final = "() => [...document.querySelectorAll('a[href]')].map(it => [it.pathname + it.search, it.textContent])"
# Chromium writes an empty date as in its own language, whatever the page's is.
_QUIET_DATES: Final = "::-webkit-datetime-edit-fields-wrapper { opacity: 0 }"


class NoPictureError(Exception):
    """A picture could not be taken; the message says of what, and what was in the way."""


async def take(chromium: Browser, system: Addressed, pictures: Iterable[Picture], say: Callable[[str], None]) -> None:
    """Take each of the pictures in both languages. Raises NoPictureError for a page that is not there."""
    for language in LANGUAGES:
        by_reader = sorted(pictures, key=_reader)
        for _, own in groupby(by_reader, key=_reader):
            several = list(own)
            async with _signed_in(chromium, system, several[0], language) as seen:
                for picture in several:
                    await _take(seen.page, picture, language, say)


def _reader(picture: Picture) -> tuple[str, str, int]:
    return (picture.person or "", picture.colours, (picture.size or DESK)["width"])


@asynccontextmanager
async def _signed_in(chromium: Browser, system: Addressed, picture: Picture, language: Language) -> AsyncIterator[Seen]:
    async with a_reader(
        chromium, system, language=language, colours=picture.colours, size=picture.size or DESK
    ) as seen:
        if picture.person is not None:
            await sign_in(seen, "booking", picture.person)
        yield seen


async def _take(page: Page, picture: Picture, language: Language, say: Callable[[str], None]) -> None:
    address, *links = picture.way
    await _open(page, picture, address)
    for link in links:
        await _open(page, picture, await _leading_to(page, picture, link))
    await page.evaluate("document.fonts.ready")
    await _quieten(page)
    end = await page.evaluate(_END, picture.most)
    file = picture.file(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    width = (picture.size or DESK)["width"]
    content = await page.screenshot(
        path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": end}, animations="disabled"
    )
    say(f"{language}/{file.name}: {page.url.partition('//')[2].partition('/')[2]}, {len(content) // 1024} kB")


async def _open(page: Page, picture: Picture, address: str) -> None:
    answer = await page.goto(address)
    if answer is None or answer.status != _OK:
        raise NoPictureError(f"{picture.name}: {address} answered {answer and answer.status} to {picture.person}")


async def _leading_to(page: Page, picture: Picture, pattern: str) -> str:
    way, _, named = pattern.partition(" ")
    links: list[list[str]] = await page.evaluate(_LINKS)
    for address, name in links:
        if re.fullmatch(way, address) and named in name:
            return address
    raise NoPictureError(f"{picture.name}: no link on {page.url} leads {picture.person} to {pattern}")


async def _quieten(page: Page) -> None:
    """Leave empty dates empty: through the browser's own tools, for the page allows no style but its own."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("DOM.enable")
    await tools.send("CSS.enable")
    frame = (await tools.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    sheet = (await tools.send("CSS.createStyleSheet", {"frameId": frame}))["styleSheetId"]
    await tools.send("CSS.setStyleSheetText", {"styleSheetId": sheet, "text": _QUIET_DATES})
    await tools.detach()
