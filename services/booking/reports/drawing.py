"""How figures are drawn and set in tables: shares, months and places as charts and their tables show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date

from services.booking.reports.breakdown import Amounts, Month
from services.booking.reports.queries import Measure
from shared.kernel.money import Money
from shared.kernel.municipalities import municipality_name
from shared.web.languages import Language, shown_number
from shared.web.pages.charts import Bar, Tick, nice_ceiling, ticks_to

MOST_PLACES_DRAWN: Final = 10
_LOCALES: Final[Mapping[Language, str]] = {"sv": "sv_SE", "en": "en_GB"}
_SHORT_NAME: Final = 4


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month as it is shown: its name in a table and in a chart, and whether it is still to come."""

    name: str
    short_name: str
    is_to_come: bool
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A municipality as it is shown; without a name for those whose workplace is not known."""

    name: str | None
    amounts: Amounts


def share_of(measure: Measure) -> float | None:
    """Return how much of the target is reached, 1 for all of it; None where there is no target."""
    return None if not measure.target else measure.reached / measure.target


def percent(share: float) -> int:
    """Return a share in whole per cent, rounded down: nothing is said to be reached that is not."""
    return int(share * 100)


def elapsed_share(starts_on: date, ends_on: date | None, today: date) -> float | None:
    """Return how much of the project's time has passed, from 0 to 1; None where its end is not set."""
    if ends_on is None:
        return None
    whole = (ends_on - starts_on).days + 1
    return min(max(((today - starts_on).days + 1) / whole, 0), 1)


def monthly(months: Sequence[Month], today: date, language: Language) -> list[MonthRow]:
    """Return the months as they are shown."""
    return [_month_row(month, today, language) for month in months]


def _month_row(month: Month, today: date, language: Language) -> MonthRow:
    day, locale = month.first_day, _LOCALES[language]
    name = f"{day:%Y-%m}" if language == "sv" else format_date(day, "MMM y", locale=locale)
    short = format_date(day, "MMM", locale=locale).rstrip(".")[:_SHORT_NAME]
    return MonthRow(name, f"{short} {day:%y}" if day.month == 1 else short, day > today, month.amounts)


def by_place(places: Mapping[str | None, Amounts]) -> list[PlaceRow]:
    """Return the municipalities, those with most persons first, and last those who work nowhere that is known."""
    known = [PlaceRow(municipality_name(code), amounts) for code, amounts in places.items() if code is not None]
    known.sort(key=lambda row: (-row.amounts.persons, -row.amounts.employers, row.name or ""))
    return [*known, *(PlaceRow(None, amounts) for code, amounts in places.items() if code is None)]


def month_bars(rows: Sequence[MonthRow], measure: str, language: Language) -> list[Bar]:
    """Return a chart's bars of one measure, by its name in `Amounts`, by month."""
    values = [getattr(row.amounts, measure) for row in rows]
    return [
        Bar(row.short_name, value, shown_number(value, language), row.is_to_come)
        for row, value in zip(rows, values, strict=True)
    ]


def ticks(bars: Sequence[Bar], language: Language) -> list[Tick]:
    """Return the lines across a chart of these bars."""
    ceiling = nice_ceiling(max((bar.value for bar in bars), default=0))
    return [Tick(value, shown_number(value, language)) for value in ticks_to(ceiling)]


def place_bars(rows: Sequence[PlaceRow], unknown: str, language: Language) -> list[Bar]:
    """Return a chart's bars of persons by municipality, the first of many."""
    return [
        Bar(row.name or unknown, row.amounts.persons, shown_number(row.amounts.persons, language))
        for row in rows[:MOST_PLACES_DRAWN]
    ]


def money(ore: int, currency: str) -> Money:
    """Return an amount to be written."""
    return Money(ore, currency)


def number(value: int, language: Language) -> str:
    """Return a count as it is written."""
    return shown_number(value, language)


def hours(minutes: int, language: Language) -> str:
    """Return hours and minutes as they are written, exactly: 12:30."""
    return f"{shown_number(minutes // 60, language)}:{minutes % 60:02d}"


def group_bars(bars: Sequence[tuple[str, int, str]], most: int | None = None) -> list[Bar]:
    """Return a chart's bars of groups: those of most where only so many are drawn, else all in their order."""
    drawn = bars if most is None else sorted(bars, key=lambda bar: -bar[1])[:most]
    return [Bar(name, value, shown) for name, value, shown in drawn]
