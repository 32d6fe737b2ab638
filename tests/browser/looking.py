"""Opens pages as somebody and writes down everything that a browser complains of, and what axe does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize

from shared.web.pages.choices import COLOURS_COOKIE, LANGUAGE_COOKIE

PHONE: Final = ViewportSize(width=320, height=640)
DESK: Final = ViewportSize(width=1280, height=800)
_RULES: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
_NOT_LOADED: Final = "Failed to load resource"

# What makes the page wider than the screen: what scrolls in a frame of its own is named only where nothing else is.
_TOO_WIDE: Final = """() => {
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= screen) return [];
  const wide = [...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > screen + 1);
  const outside = wide.filter(it => !it.closest('.scroll'));
  return (outside.length ? outside : wide).slice(0, 5).map(it => it.outerHTML.slice(0, 120));
}"""
# Targets other than links in running text.
_TOO_SMALL: Final = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, a')]
  .filter(it => it.checkVisibility() && !it.classList.contains('skip') && !it.closest('p, li li, td, dd, label'))
  .map(it => [it, it.getBoundingClientRect()])
  .filter(([it, box]) => box.width < 24 || box.height < 24).map(([it]) => it.outerHTML.slice(0, 120))"""


class Addressed(Protocol):
    """What is looked at: a portal in this process, or a whole system."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...


@dataclass
class Seen:
    """A page as it is open, and what was complained of since."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    async def axe(self, **options: object) -> list[str]:
        """Return what axe finds; `runOnly` may ask for some rules alone."""
        found = await Axe().run(self.page, options={**_RULES, **options})
        return [
            f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        ]

    async def too_wide(self) -> list[str]:
        """Return what makes the page scroll sideways."""
        return list(await self.page.evaluate(_TOO_WIDE))

    async def too_small(self) -> list[str]:
        """Return what is too small to be hit with a finger."""
        return list(await self.page.evaluate(_TOO_SMALL))


@asynccontextmanager
async def a_reader(
    chromium: Browser,
    portal: Addressed,
    *,
    language: Literal["sv", "en"] = "sv",
    colours: Literal["light", "dark"] = "light",
    size: ViewportSize = DESK,
    script: bool = True,
) -> AsyncIterator[Seen]:
    """Give a window of its own, in which nobody is signed in."""
    context = await chromium.new_context(
        base_url=portal.url,
        locale="sv-SE" if language == "sv" else "en-GB",
        color_scheme=colours,
        viewport=size,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    try:
        page = await context.new_page()
        seen = Seen(page)
        page.on("console", lambda message: _note(seen, message))
        page.on("pageerror", lambda error: seen.complaints.append(f"script: {error}"))
        page.on("requestfailed", lambda request: _note_failure(seen, request))
        yield seen
    finally:
        await context.close()


def _note_failure(seen: Seen, request: Request) -> None:
    # what is still on its way when a page is left is broken off, and so is the stream of a live page
    if request.resource_type != "eventsource" and request.failure != "net::ERR_ABORTED":
        seen.complaints.append(f"not loaded: {request.url}")


def _note(seen: Seen, message: ConsoleMessage) -> None:
    # the answer's own status is asserted where it matters; an error page is told there too
    if message.type in ("error", "warning") and not message.text.startswith(_NOT_LOADED):
        seen.complaints.append(f"{message.type}: {message.text}")


async def sign_in(seen: Seen, service: str, sub: str) -> None:
    """Sign in as one of the ready-made people, by way of the issuer's page."""
    await seen.page.goto(f"/{service}/sign-in?to=/{service}/")
    await seen.page.locator(f'button[name=person][value="{sub}"]').click()
    await seen.page.wait_for_url(f"**/{service}/")


async def choose(context: BrowserContext, portal: Addressed, **choices: str) -> None:
    """Choose language or colours as the buttons do."""
    names = {"language": LANGUAGE_COOKIE, "colours": COLOURS_COOKIE}
    await context.add_cookies([{"name": names[name], "value": it, "url": portal.url} for name, it in choices.items()])


async def headings(page: Page) -> list[Any]:
    """Return the levels of the page's headings, in order."""
    return list(await page.evaluate("() => [...document.querySelectorAll('h1,h2,h3,h4')].map(it => +it.tagName[1])"))


_REACHABLE: Final = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, [tabindex="0"], summary')]
  .filter(it => it.checkVisibility({visibilityProperty: true}) && !it.disabled
     && !(it.type === 'radio' && !it.checked && (document.querySelector(`[name="${it.name}"]:checked`)
          || it !== document.querySelector(`[type=radio][name="${it.name}"]`)))).length"""
_FOCUSED: Final = """() => {
  const it = document.activeElement, style = getComputedStyle(it);
  const all = window.kurslotsSeen ??= new Set();
  if (it === document.body) return {where: 'body', count: all.size};
  all.add(it);
  return {where: it.outerHTML.slice(0, 100), count: all.size,
          shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
}"""
_MOST_TABS: Final = 600
_PARTS_OF_A_FIELD: Final = 8  # a date and a time are filled in part by part


async def tab_through(page: Page) -> list[str]:
    """Press Tab from the top to the end; return what was not reached and what did not show that it had the focus."""
    expected = await page.evaluate(_REACHABLE)
    reached = stayed = 0
    wrong: list[str] = []
    for _ in range(_MOST_TABS):
        await page.keyboard.press("Tab")
        at = await page.evaluate(_FOCUSED)
        stayed = stayed + 1 if at["count"] == reached else 0
        if at["where"] == "body" or stayed > _PARTS_OF_A_FIELD:
            return wrong if reached == expected else [*wrong, f"{reached} of {expected} reached"]
        reached = at["count"]
        if not at["shown"] and not stayed:
            wrong.append(f"focus not seen at {at['where']}")
    raise AssertionError("the focus never came to an end")
