"""What pages say, in the language that is walked: looked up as the pages look it up, and never in another place.

A text that no catalogue has any more fails the walk: what the walk asks for and what people read are changed together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.kernel.texts import Text
from shared.web.languages import SHARED_CATALOGUES, Catalogues, Language, catalogue_of
from shared.web.pages.written import written_field
from tests.support.texts import ROOT

_ISSUER: Final = "issuer"
_FOLDERS: Final = {
    _ISSUER: (ROOT / "deploy" / "embedded" / "origin" / "translations",),
    **{
        service: (ROOT / "services" / service / "translations", SHARED_CATALOGUES)
        for service in ("booking", "procurement", "notification")
    },
}


class Own(str):
    """What somebody wrote, a name or a title: it is the same in every language."""

    __slots__ = ()


@dataclass(frozen=True)
class Noted:
    """A text of a template, with its fields written as in lists and facts; a `Text` has them as in running text."""

    message: str
    fields: Mapping[str, object]


Said = str | Text | Noted | tuple[str | Text | Noted, ...]
"""A message of the catalogues, with its fields where it has any; `Own`; or several of them after each other."""


@cache
def _catalogue(part: str) -> tuple[Catalogues, Mapping[str, str]]:
    known: dict[str, str] = {}
    for folder in _FOLDERS[part]:
        known = catalogue_of(folder / "sv.po") | known
    return Catalogues(_FOLDERS[part]), known


def written(said: Said, path: str, language: Language) -> str:
    """Return how a page at `path` writes it."""
    if isinstance(said, tuple):
        return " ".join(written(each, path, language) for each in said)
    if isinstance(said, Own):
        return str(said)
    text = Text(said) if isinstance(said, str) else said
    catalogues, known = _catalogue(path.split("/")[1])
    assert text.message in known, f"no page at {path} says {text.message!r}"
    if isinstance(text, Text):
        return catalogues.translate(text, language)
    fields = {name: written_field(value, language) for name, value in text.fields.items()}
    return catalogues.message(text.message, language).format(**fields)


def noted(message: str, **fields: object) -> Noted:
    """Return a template's text with its fields."""
    return Noted(message, fields)


def counted(one: str, many: str, count: int, **fields: object) -> Noted:
    """Return the text for so many."""
    return Noted(one if count == 1 else many, {"count": count, **fields})
