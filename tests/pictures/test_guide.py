"""The guide shows the pictures that there are, is whole in both languages, and leads nowhere that is not there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.pictures.table import GUIDE, LANGUAGES, PICTURES, TABLE, Language
from tests.support.texts import ROOT

_IMAGE: Final = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_LINK: Final = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
_TWIN: Final = re.compile(r"\[(?:På svenska|In English)\]\(([^)]+)\)")
_SHORTEST_ALT: Final = 30
_MOST_BYTES: Final = 5 * 2**20
README: Final = ROOT / "README.md"
PAGES: Final = sorted(GUIDE.glob("*/*.md"))
LEVELS: Final = re.compile(r"^(#+) ", re.MULTILINE)


def shown_in(page: Path) -> set[Path]:
    """Return the pictures of the guide that the page shows."""
    addresses = {(page.parent / address).resolve() for _, address in _IMAGE.findall(page.read_text(encoding="utf-8"))}
    return {address for address in addresses if address.is_relative_to(PICTURES)}


def named(language: Language) -> set[Path]:
    return {picture.file(language) for picture in TABLE}


def test_every_picture_of_the_table_is_there_and_no_other() -> None:
    there = set(PICTURES.rglob("*.*"))
    assert there == {file for language in LANGUAGES for file in named(language)}, "run make screenshots"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_of_a_language_shows_all_its_pictures(language: Language) -> None:
    shown = set().union(*(shown_in(page) for page in (GUIDE / language).glob("*.md")))
    assert shown == named(language)


def test_the_readme_shows_pictures_of_the_guide() -> None:
    shown = shown_in(README)
    assert shown
    assert shown <= named("en")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_page_stands_in_both_languages_with_the_same_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    [address] = _TWIN.findall(text)
    twin = (page.parent / address).resolve()
    assert twin.parent.name != page.parent.name
    assert (twin.parent / _TWIN.findall(twin.read_text(encoding="utf-8"))[0]).resolve() == page
    assert LEVELS.findall(text) == LEVELS.findall(twin.read_text(encoding="utf-8"))
    assert len(_IMAGE.findall(text)) == len(_IMAGE.findall(twin.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [*PAGES, README], ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_link_leads_somewhere(page: Path) -> None:
    addresses = [it for it in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in it]
    assert [it for it in addresses if not (page.parent / it).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, README], ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_picture_is_told_to_those_who_do_not_see_it(page: Path) -> None:
    texts = [text for text, address in _IMAGE.findall(page.read_text(encoding="utf-8")) if address.endswith(".png")]
    assert [text for text in texts if len(text) < _SHORTEST_ALT] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_leads_to_every_page(language: Language) -> None:
    index = GUIDE / language / "README.md"
    led_to = {(index.parent / it).resolve() for it in _LINK.findall(index.read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.parent.name == language} - {index} <= led_to


def test_the_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in PICTURES.rglob("*.png")) < _MOST_BYTES
