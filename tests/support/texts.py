"""Finds every message that is marked for people in the code, and what its catalogues make of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.extract import extract_from_dir

from shared.web.languages import SHARED_CATALOGUES, catalogue_of

ROOT: Final = Path(__file__).parents[2]
_FIELD = re.compile(r"\{(\w*)")
_TEMPLATES: Final = [("**/templates/**.html", "jinja2")]
_BROKEN_ONES_TOO: Final = {"**/templates/**.html": {"silent": "false"}}
_IN_TEMPLATES: Final = {"_": None, "_n": (1, 2)}


def marked_messages(folder: Path) -> Iterator[tuple[str, str]]:
    """Give place and message of each `N_()` in the code of a folder, and of each `_()` in its templates."""
    for name, line, message, _, _ in extract_from_dir(folder, method_map=[("**.py", "python")], keywords={"N_": None}):
        assert isinstance(message, str), f"{folder / name}:{line} is not one plain text"
        yield f"{(folder / name).relative_to(ROOT)}:{line}", message
    in_templates = extract_from_dir(
        folder,
        method_map=_TEMPLATES,
        options_map=_BROKEN_ONES_TOO,
        keywords=_IN_TEMPLATES,
    )
    for name, line, messages, _, _ in in_templates:
        for message in (messages,) if isinstance(messages, str) else messages:
            yield f"{(folder / name).relative_to(ROOT)}:{line}", message


def catalogue_for(folder: Path) -> dict[str, str]:
    """Return what translates the messages of a package: the shared catalogue, and its own over it."""
    return catalogue_of(SHARED_CATALOGUES / "sv.po") | catalogue_of(folder / "translations" / "sv.po")


def fields_of(message: str) -> list[str]:
    """Return the named fields of a message, sorted."""
    return sorted(_FIELD.findall(message))
