"""Values on pages are written as Swedes write them, and as the English do."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.kernel.money import Money
from shared.web.languages import Language, shown_money, shown_number
from shared.web.pages.written import (
    machine_time,
    written_clock,
    written_day,
    written_phone,
    written_time,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("language", "money", "small", "other", "day", "time", "clock", "number"),
    [
        ("sv", "1 235 522 kr", "0,50 kr", "50 €", "2026-11-22", "2026-11-22 kl. 13.00", "kl. 00.30", "1 234,5"),
        ("en", "SEK 1,235,522", "SEK 0.50", "EUR 50", "22 Nov 2026", "22 Nov 2026, 13:00", "00:30", "1,234.5"),
    ],
)
def test_values_are_written_as_in_the_language(
    language: Language, money: str, small: str, other: str, day: str, time: str, clock: str, number: str
) -> None:
    assert plain(shown_money(Money(123_552_200), language)) == money
    assert plain(shown_money(Money(50), language)) == small
    assert plain(shown_money(Money(5_000, "EUR"), language)) == other
    assert written_day(date(2026, 11, 22), language) == day
    assert plain(written_time(NOON, language)) == time
    assert plain(written_clock(SUMMER, language)) == clock
    assert plain(shown_number(Decimal("1234.5"), language)) == number


def test_an_amount_never_breaks_between_its_figures() -> None:
    assert " " not in shown_money(Money(123_552_200), "sv")


def test_a_program_reads_the_instant_with_its_offset() -> None:
    assert machine_time(SUMMER) == "2026-07-02T00:30+02:00"
    assert machine_time(date(2026, 7, 1)) == "2026-07-01"


@pytest.mark.parametrize(
    ("kept", "language", "written"),
    [
        ("+46701740605", "sv", "070-174 06 05"),
        ("+46701740605", "en", "+46 70 174 06 05"),
        ("+4722123456", "sv", "+47 22 12 34 56"),
    ],
)
def test_a_telephone_number_is_written_as_one_would_ring_it(kept: str, language: Language, written: str) -> None:
    assert written_phone(kept, language) == written
