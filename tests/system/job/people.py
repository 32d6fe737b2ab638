"""The people of the main job, each at a browser of her own, working with the keyboard and reading what she sees."""

import re
import time as machine
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final
from urllib.parse import quote_plus, urlsplit

from playwright.async_api import Browser, Locator, ViewportSize, expect

from deploy.people import load_ready_made
from shared.web.languages import Language
from tests.browser.keyboard import PATIENCE_MS, Keyboard
from tests.browser.looking import DESK, Addressed, Seen, a_reader
from tests.system.job.words import Own, Said, written

FRONT: Final = "/booking/"
_LANGUAGES: Final[Mapping[Language, str]] = {"sv": "Svenska", "en": "English"}
_SKIP: Final = "Skip to the content"
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_IS_IN_MAIN: Final = "() => document.activeElement.closest('main') !== null"


@dataclass
class Person:
    """Somebody at a browser. What she does is named as she sees it; a text is waited for until it is there."""

    sub: str
    language: Language
    has_script: bool
    seen: Seen
    keys: Keyboard = field(init=False)
    _is_at_top: bool = True

    def __post_init__(self) -> None:
        self.keys = Keyboard(self.seen.page)
        self.seen.page.on("framenavigated", lambda _: self._arrive())

    @property
    def name(self) -> str:
        return load_ready_made().people[self.sub].name

    @property
    def organisation(self) -> str:
        """The name of what she acts for."""
        ready_made = load_ready_made()
        person = ready_made.people[self.sub]
        number = person.employer or person.supplier or person.buyer
        assert number is not None, f"{self.sub} acts for nobody"
        return ready_made.organisations[number].name

    def says(self, said: Said) -> str:
        """Return how the page that she is at writes it, in her language."""
        return written(said, urlsplit(self.seen.page.url).path, self.language)

    async def sign_in(self) -> None:
        """Come in by the front page, and be let in by the issuer."""
        await self.keys.open(FRONT)
        await self.follow("Sign in")
        await self._pass_header()
        person = self.seen.page.get_by_role("button", name=re.compile(rf"^{re.escape(self.name)}\b"))
        await self.keys.press(person, self.name)
        await expect(self.seen.page.get_by_role("button", name=self.says("Sign out"))).to_be_visible(
            timeout=PATIENCE_MS
        )

    async def turn_to(self, language: Language) -> None:
        """Choose the other language, by the button in the header."""
        button = self.seen.page.locator("header").get_by_role("button", name=_LANGUAGES[language], exact=True)
        await self.keys.press(button, _LANGUAGES[language])
        self.language = language
        assert await self.seen.page.locator("html").get_attribute("lang") == language

    async def go(self, place: str) -> None:
        """Go to one of the main places, by the header."""
        nav = self.seen.page.locator("header nav")
        await self.keys.press(nav.get_by_role("link", name=self.says(place), exact=True), self.says(place))

    async def follow(self, said: Said, *, within: Said | None = None) -> None:
        """Follow a link of the page."""
        await self._pass_header()
        name = self.says(said)
        await self.keys.press(self._place(within).get_by_role("link", name=name, exact=True), name)

    async def follow_first(self, said: Said) -> None:
        """Follow the first of the links whose names begin so: the newest of a list."""
        await self._pass_header()
        await self.keys.press(self._links(said).first, self.says(said))

    async def follow_last(self, said: Said) -> None:
        """Follow the last of the links whose names begin so: the newest of a list in the order of time."""
        await self._pass_header()
        await self.keys.press(self._links(said).last, self.says(said))

    async def press(self, said: Said, *, within: Said | None = None) -> None:
        """Press a button that sends something, and come to the next page."""
        await self._pass_header()
        name = self.says(said)
        await self.keys.press(self._place(within).get_by_role("button", name=name, exact=True), name)

    async def write(self, label: Said, text: str, *, within: Said | None = None) -> None:
        """Write into a field, by typing."""
        await self.keys.write(await self._field(label, within), self.says(label), text)

    async def paste(self, label: Said, text: str, *, within: Said | None = None) -> None:
        """Put a longer text into a field at once."""
        await self.keys.paste(await self._field(label, within), self.says(label), text)

    async def write_day(self, label: Said, day: date, *, within: Said | None = None) -> None:
        await self.keys.write_day(await self._field(label, within), self.says(label), day)

    async def write_time(self, label: Said, clock: time, *, within: Said | None = None) -> None:
        await self.keys.write_time(await self._field(label, within), self.says(label), clock)

    async def write_moment(self, label: Said, moment: datetime) -> None:
        await self.keys.write_moment(await self._field(label, None), self.says(label), moment)

    async def choose(self, label: Said, choice: Said, *, within: Said | None = None) -> None:
        """Choose in a list."""
        await self.keys.choose(await self._field(label, within), self.says(label), self.says(choice))

    async def tick(self, said: Said, *, begins: bool = False) -> None:
        """Tick a box; `begins` where more is written beside its name."""
        await self._pass_header()
        name = self.says(said)
        wanted = re.compile(rf"^{re.escape(name)}") if begins else re.compile(rf"^{re.escape(name)}$")
        await self.keys.tick(self._main().get_by_role("checkbox", name=wanted), name)

    async def pick(self, said: Said) -> None:
        """Pick one of a few."""
        await self._pass_header()
        name = self.says(said)
        await self.keys.pick(self._main().get_by_role("radio", name=name, exact=True), name)

    async def follow_in_row(self, said: Said) -> None:
        """Follow the link of the row of a list that says so."""
        await self._pass_header()
        row = self._main().get_by_role("row").filter(has_text=self.says(said))
        await self.keys.press(row.get_by_role("link").first, self.says(said))

    async def is_sound(self) -> None:
        """Look at the page that she is at: nothing wrong by axe, nothing wider than the window, nothing too small."""
        found = (await self.seen.axe(), await self.seen.too_wide(), await self.seen.too_small())
        assert found == ([], [], []), self.seen.page.url

    async def search(self, label: Said, text: str) -> None:
        """Write what is looked for, press Enter, and wait for the list that is found."""
        await self.write(label, text)
        page = self.seen.page
        if not self.has_script:
            async with page.expect_navigation(wait_until="domcontentloaded", timeout=PATIENCE_MS):
                await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(re.escape(f"q={quote_plus(text)}")), timeout=PATIENCE_MS)
        busy = page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
        await expect(busy).to_have_count(0, timeout=PATIENCE_MS)

    async def follows_to_field(self, label: Said) -> None:
        """Read what is wrong, which has the focus, and follow it to the field that it is about."""
        wrong = self.seen.page.get_by_role("alert")
        await expect(wrong).to_be_focused(timeout=PATIENCE_MS)
        name = self.says(label)
        await self.keys.press_here(wrong.get_by_role("link", name=name, exact=True), name)
        await expect(await self._field(label, None)).to_be_focused(timeout=PATIENCE_MS)

    async def sees(self, *said: Said) -> None:
        """Read the page until it says all of this, and no id."""
        for each in said:
            await expect(self._main()).to_contain_text(self.says(each), timeout=PATIENCE_MS)
        assert not _ID.search(await self._main().inner_text()), f"an id is shown at {self.seen.page.url}"

    async def is_at(self, heading: Said) -> None:
        """Be at the page with this heading."""
        shown = self.seen.page.get_by_role("heading", level=1, name=self.says(heading), exact=True)
        await expect(shown).to_be_visible(timeout=PATIENCE_MS)

    async def does_not_see(self, said: Said) -> None:
        assert not await self.has_read(said), f"{self.says(said)!r} at {self.seen.page.url}"

    async def reads(self, name: Said) -> str:
        """Return what stands beside this name among the facts of the page."""
        title = self.seen.page.get_by_text(self.says(name), exact=True)
        fact = self._main().locator("dl.facts > div").filter(has=title)
        return await fact.locator("dd").inner_text(timeout=PATIENCE_MS)

    async def back(self) -> None:
        """Go back to the page before, with the browser's own command."""
        await self.seen.page.go_back(wait_until="domcontentloaded")

    async def has_read(self, said: Said) -> bool:
        """Whether the page says this now."""
        return _on_one_line(self.says(said)) in _on_one_line(await self._main().inner_text())

    async def is_offered(self, said: Said) -> bool:
        """Whether the page has a link now whose name begins so."""
        return await self._links(said).count() > 0

    async def reloads_until(self, *said: Said) -> None:
        """Load the page again until it says this: what happened elsewhere comes here a moment later."""
        for _ in patience():
            if all([await self.has_read(each) for each in said]):
                return
            await self.reload()

    async def reloads_until_offered(self, said: Said) -> None:
        """Load the page again until it has such a link."""
        for _ in patience():
            if await self.is_offered(said):
                return
            await self.reload()

    async def reload(self) -> None:
        """Load the page again, with the browser's own command."""
        await self.seen.page.reload(wait_until="domcontentloaded")

    def _arrive(self) -> None:
        self._is_at_top = True

    def _links(self, said: Said) -> Locator:
        return self._main().get_by_role("link", name=re.compile(rf"^{re.escape(self.says(said))}"))

    def _main(self) -> Locator:
        return self.seen.page.locator("main")

    async def _pass_header(self) -> None:
        """Begin at the content of a page that has just come; one that was led to a part of it begins there."""
        if self._is_at_top:
            self._is_at_top = False
            if not urlsplit(self.seen.page.url).fragment and not await self.seen.page.evaluate(_IS_IN_MAIN):
                await self.keys.skip_to_content(self.says(_SKIP))

    def _place(self, within: Said | None) -> Locator:
        if within is None:
            return self._main()
        name = self._label(within)
        return self._main().get_by_role("group", name=name).or_(self._main().get_by_role("navigation", name=name))

    async def _field(self, label: Said, within: Said | None) -> Locator:
        await self._pass_header()
        return self._place(within).get_by_label(self._label(label))

    def _label(self, label: Said) -> re.Pattern[str]:
        """Return what a field or a group is called, with or without the note that it may be left empty."""
        name, optional = (re.escape(self.says(each)) for each in (label, "optional"))
        return re.compile(rf"^\s*{name}(\s+\({optional}\))?\s*$")


def patience() -> Iterator[None]:
    """Let something be tried again until it has had its time; raises AssertionError then."""
    deadline = machine.monotonic() + PATIENCE_MS / 1000
    while machine.monotonic() < deadline:
        yield
    raise AssertionError("what was waited for never came")


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass
class People:
    """Everybody who takes part, signed in when she is first needed."""

    chromium: Browser
    system: Addressed
    language: Language
    has_script: bool
    _stack: AsyncExitStack
    _here: dict[str, Person] = field(default_factory=dict)

    async def get(self, sub: str, *, size: ViewportSize = DESK) -> Person:
        """Return somebody, who signs in first where she has not been here before, with a window of this size."""
        if sub not in self._here:
            reader = a_reader(self.chromium, self.system, language=self.language, script=self.has_script, size=size)
            seen = await self._stack.enter_async_context(reader)
            self._here[sub] = Person(sub, self.language, self.has_script, seen)
            await self._here[sub].sign_in()
        return self._here[sub]

    def complaints(self) -> list[str]:
        """Return what the browsers complained of."""
        return [f"{sub}: {complaint}" for sub, person in self._here.items() for complaint in person.seen.complaints]


__all__ = ["FRONT", "Own", "People", "Person"]
