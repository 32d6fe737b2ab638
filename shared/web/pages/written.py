"""Values as they are written on a page: in Swedish `2026-11-22 kl. 13.00` and `1 235 522 kr`, and in English.

In running text (`languages.shown`) a month has its name; in lists and facts a day is short, so that days line up.
"""

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_datetime

from shared.kernel.calendar import STOCKHOLM
from shared.kernel.money import Money
from shared.kernel.phone import readable
from shared.web.languages import Language, shown_money, shown_number


def written_day(value: date, language: Language) -> str:
    """Return `2026-11-22`, or `22 Nov 2026`."""
    return value.strftime("%Y-%m-%d") if language == "sv" else format_date(value, "d MMM y", locale="en_GB")


def written_clock(value: datetime, language: Language) -> str:
    """Return `kl. 13.00`, or `13:00`, as the clock shows it in Sweden."""
    local = value.astimezone(STOCKHOLM)
    return f"kl.\N{NO-BREAK SPACE}{local:%H.%M}" if language == "sv" else f"{local:%H:%M}"


def written_time(value: datetime, language: Language) -> str:
    """Return `2026-11-22 kl. 13.00`, or `22 Nov 2026, 13:00`."""
    local = value.astimezone(STOCKHOLM)
    if language == "sv":
        return f"{local:%Y-%m-%d} {written_clock(value, language)}"
    return format_datetime(local, "d MMM y, HH:mm", locale="en_GB")


def written_phone(value: str, language: Language) -> str:
    """Return a telephone number kept as E.164 as readers write it."""
    return readable(value, at_home=language == "sv")


def written_field(value: object, language: Language) -> object:
    """Return a field of a text as its reader writes it; what has no form of its own stays."""
    match value:
        case bool() | str():
            return value
        case Money():
            return shown_money(value, language)
        case int() | float() | Decimal():
            return shown_number(value, language)
        case datetime():
            return written_time(value, language)
        case date():
            return written_day(value, language)
        case _:
            return value


def machine_time(value: date) -> str:
    """Return what a program reads: the day, or the instant with Sweden's offset to the minute."""
    if isinstance(value, datetime):
        return value.astimezone(STOCKHOLM).isoformat(timespec="minutes")
    return value.isoformat()
