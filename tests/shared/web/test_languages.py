"""Texts in the reader's language, their values written her way."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from shared.kernel.money import Money
from shared.kernel.texts import Text
from shared.web.languages import SHARED_CATALOGUES, Catalogues, Language, accepted_language

CATALOGUES = Catalogues([SHARED_CATALOGUES])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "sv"),
        ("", "sv"),
        ("de", "sv"),
        ("en", "en"),
        ("en-GB,en;q=0.9,sv;q=0.8", "en"),
        ("en;q=0.3, sv;q=0.8", "sv"),
        ("de, en;q=0.5", "en"),
        ("en;q=0", "sv"),
        ("en;q=x", "sv"),
        ("*", "sv"),
        ("en" + ",x" * 10_000, "en"),
    ],
)
def test_the_language_is_what_the_reader_prefers(header: str | None, language: Language) -> None:
    assert accepted_language(header) == language


class Kind(StrEnum):
    COACH = "coach"


@pytest.mark.parametrize(
    ("value", "swedish", "english"),
    [
        (Money(123450), "1\xa0234,50\xa0kr", "SEK\xa01,234.50"),
        (Decimal("1234.5"), "1\xa0234,5", "1,234.5"),
        (2026, "2026", "2026"),
        (date(2026, 9, 1), "1 september 2026", "1 September 2026"),
        (datetime(2026, 12, 1, 8, tzinfo=UTC), "1 december 2026 09:00", "1 December 2026 09:00"),
        (Kind.COACH, "företagscoach", "coach"),
        ((Text("coach"), Text("supplier")), "företagscoach, leverantör", "coach, supplier"),
        ("x" * 300, "x" * 199 + "…", "x" * 199 + "…"),
    ],
    ids=str,
)
def test_a_value_is_written_the_readers_way(value: object, swedish: str, english: str) -> None:
    text = Text("{value}", {"value": value})
    assert CATALOGUES.translate(text, "sv") == swedish
    assert CATALOGUES.translate(text, "en") == english


def test_a_value_that_looks_like_a_field_is_left_alone() -> None:
    assert CATALOGUES.translate(Text("{a}", {"a": "{b} {0} %s"}), "sv") == "{b} {0} %s"


def test_an_earlier_folder_stands_over_a_later_one(tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    (tmp_path / "sv.po").write_text(f'{head}\nmsgid "coach"\nmsgstr "lots"\n')
    assert Catalogues([tmp_path, SHARED_CATALOGUES]).message("coach", "sv") == "lots"
