"""Every message that a person may read is there in Swedish, with the same fields."""

from pathlib import Path

import pytest

from shared.web.languages import catalogue_of
from tests.support.texts import ROOT, catalogue_for, fields_of, marked_messages

PACKAGES = [ROOT / "shared", *sorted(path for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists())]
CATALOGUES = sorted(path for top in ("shared", "services") for path in (ROOT / top).rglob("translations/sv.po"))


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_every_message_has_a_swedish_translation(folder: Path) -> None:
    catalogue = catalogue_for(folder)
    missing = [f"{place} {message}" for place, message in marked_messages(folder) if message not in catalogue]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_translation_has_the_fields_of_its_message(path: Path) -> None:
    wrong = [message for message, text in catalogue_of(path).items() if fields_of(message) != fields_of(text)]
    assert not wrong, wrong


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_translation_is_left_of_a_message_that_is_gone(path: Path) -> None:
    folder = next(package for package in PACKAGES if path.is_relative_to(package))
    marked = {message for _, message in marked_messages(folder)}
    left = [message for message in catalogue_of(path) if message not in marked]
    assert not left, left
