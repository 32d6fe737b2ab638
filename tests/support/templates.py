"""Finds words in templates that nobody marked for translation."""

import re
from html.parser import HTMLParser
from typing import Final

from jinja2 import Environment, nodes

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_READ_ALOUD: Final = frozenset({"alt", "title", "placeholder", "aria-label", "aria-description"})
_NAMES: Final = frozenset({"Kurslots", "English", "Svenska"})


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += _WORD.findall(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's own parameters
        self.found += [word for name, value in attrs if name in _READ_ALOUD for word in _WORD.findall(value or "")]


def unmarked_words(source: str) -> list[str]:
    """Return the words that a template shows as they stand, whatever the reader's language."""
    tree = Environment(autoescape=True).parse(source)
    shown = []
    for output in tree.find_all(nodes.Output):
        shown += [node.data if isinstance(node, nodes.TemplateData) else "0" for node in output.nodes]
    words = _Words()
    words.feed("".join(shown))
    words.close()
    return [word for word in words.found if word not in _NAMES]
