"""The languages of what people read: Swedish first, English whole. Messages are English; catalogues hold the Swedish.

Values in a message are written the reader's way here, so a message never formats its own fields.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Final, Literal

from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from shared.kernel.calendar import STOCKHOLM
from shared.kernel.money import Money
from shared.kernel.texts import Text

Language = Literal["sv", "en"]
DEFAULT_LANGUAGE: Final[Language] = "sv"
SHARED_CATALOGUES = Path(__file__).parent / "translations"

_LOCALES: Mapping[Language, str] = {"sv": "sv_SE", "en": "en_GB"}
_SHOWN_LENGTH = 200
_ACCEPT_LENGTH = 500


def accepted_language(header: str | None) -> Language:
    """Return the language that an Accept-Language header prefers (RFC 9110 §12.5.4), Swedish where it says nothing."""
    best: Language = DEFAULT_LANGUAGE
    best_weight = 0.0
    for item in (header or "")[:_ACCEPT_LENGTH].split(","):
        tag, _, parameter = item.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        language: Language | None = "sv" if primary == "sv" else "en" if primary == "en" else None
        weight = _weight(parameter)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def shortened(value: str, length: int = _SHOWN_LENGTH) -> str:
    """Return the value, cut to `length` with a mark that says so."""
    return value if len(value) <= length else f"{value[: length - 1]}…"


def shown_number(value: Decimal | float, language: Language) -> str:
    """Return a number as it is written in the language: 1 234,5 or 1,234.5."""
    return format_decimal(value, locale=_LOCALES[language])


def shown_money(value: Money, language: Language) -> str:
    """Return an amount as it is written in the language; öre are told only where there are any."""
    number = "#,##0" if value.ore % 100 == 0 else "#,##0.00"
    pattern = f"{number}\N{NO-BREAK SPACE}¤" if language == "sv" else f"¤¤\N{NO-BREAK SPACE}{number}"
    return format_currency(
        value.kronor, value.currency, format=pattern, locale=_LOCALES[language], currency_digits=False
    )


def shown_time(value: datetime, language: Language) -> str:
    """Return an instant as the clock shows it in Sweden."""
    return format_datetime(value.astimezone(STOCKHOLM), "d MMMM y HH:mm", locale=_LOCALES[language])


def shown_day(value: date, language: Language) -> str:
    """Return a day with the month's name."""
    return format_date(value, "d MMMM y", locale=_LOCALES[language])


class Catalogues:
    """The translations of one process, read once at its start."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Read `sv.po` of each folder; of two that translate a message the earlier folder's stands."""
        self._swedish: dict[str, str] = {}
        for folder in folders:
            for message, translation in catalogue_of(folder / "sv.po").items():
                self._swedish.setdefault(message, translation)

    def message(self, message: str, language: Language) -> str:
        """Return the message in the language, its fields not yet filled; English where no translation is known."""
        return self._swedish.get(message, message) if language == "sv" else message

    def translate(self, text: Text, language: Language) -> str:
        """Return the text in the language with its fields filled."""
        message = self.message(text.message, language)
        if not text.fields:
            return message
        return message.format(**{name: self.shown(value, language) for name, value in text.fields.items()})

    def shown(self, value: object, language: Language) -> str:  # noqa: PLR0911 - one line for each kind of value
        """Return a value as a person reads it."""
        match value:
            case Text():
                return self.translate(value, language)
            case Money():
                return shown_money(value, language)
            case Decimal() | float():
                return shown_number(value, language)
            case datetime():
                return shown_time(value, language)
            case date():
                return shown_day(value, language)
            case Enum():
                return self.shown(value.value, language)
            case str():
                return shortened(self.message(value, language))
            case Sequence() | AbstractSet():
                return ", ".join(self.shown(item, language) for item in value)
            case _:
                return shortened(str(value))


def catalogue_of(path: Path) -> dict[str, str]:
    """Return message → translation of a .po file; what is fuzzy or empty is left out."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale="sv", abort_invalid=True)
    return {
        entry.id: entry.string
        for entry in catalogue
        if isinstance(entry.id, str) and entry.id and isinstance(entry.string, str) and entry.string and not entry.fuzzy
    }
