"""How a value is written in a text: days and times as Swedes write them, lists of meetings, amounts.

Values come as they are kept, in JSON; what cannot be read raises ValueError.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from babel.dates import format_date
from babel.numbers import format_currency

from services.notification.kinds import Form
from shared.kernel.calendar import STOCKHOLM
from shared.kernel.money import Money

LANGUAGES: Final = ("sv", "en")
_LOCALES: Final = {"sv": "sv_SE", "en": "en_GB"}
_MODES: Final = {
    "sv": {"physical": "på plats", "digital": "på distans", "both": "på plats och på distans"},
    "en": {"physical": "on site", "digital": "online", "both": "on site and online"},
}
_CHANGES: Final = {
    "sv": {"times": "nya tider", "place": "ny plats", "mode": "ny form (på plats eller på distans)"},
    "en": {"times": "new times", "place": "a new place", "mode": "a new form (on site or online)"},
}
_DASH: Final = "\N{EN DASH}"
_AND: Final = {"sv": " och ", "en": " and "}


def spoken(language: str) -> str:
    """Return the language that somebody is written to in: her own where there are texts in it, else Swedish."""
    return language if language in LANGUAGES else LANGUAGES[0]


def shown(form: Form, value: object, language: str) -> str:
    """Return the value as it is read in the language. Raises ValueError for a value that is not of the form."""
    try:
        return _WRITERS[form](value, language)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{form} cannot be written") from error


def _text(value: Any, _language: str) -> str:  # noqa: ANN401 - JSON, checked by what is done with it
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: Any, _language: str) -> str:  # noqa: ANN401 - JSON
    if not isinstance(value, int):
        raise TypeError("not a whole number")
    return str(value)


def _day(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    return _written_day(date.fromisoformat(value), language)


def _written_day(day: date, language: str) -> str:
    return day.isoformat() if language == "sv" else format_date(day, "d MMMM y", locale=_LOCALES[language])


def _moment(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    at = datetime.fromisoformat(value).astimezone(STOCKHOLM)
    weekday = format_date(at, "EEEE", locale=_LOCALES[language])
    if language == "sv":
        return f"{weekday} {_written_day(at.date(), language)} kl. {at:%H.%M}"
    return f"{weekday} {_written_day(at.date(), language)} at {at:%H:%M}"


def _meetings(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    if not value:
        return {"sv": "Tiderna är inte bestämda än.", "en": "The times are not set yet."}[language]
    return "\n".join(f"{_DASH} {_meeting(meeting, language)}" for meeting in value)


def _meeting(meeting: Mapping[str, Any], language: str) -> str:
    ends = datetime.fromisoformat(meeting["ends_at"]).astimezone(STOCKHOLM)
    end = f"{ends:%H.%M}" if language == "sv" else f"{ends:%H:%M}"
    where = _mode(meeting["mode"], language)
    place = meeting.get("place")
    return f"{_moment(meeting['starts_at'], language)}{_DASH}{end}, {f'{place} ({where})' if place else where}"


def _mode(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    return _MODES[language].get(value, _text(value, language))


def _changes(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    words = [_CHANGES[language].get(change, _text(change, language)) for change in value]
    return _AND[language].join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _money(value: Any, language: str) -> str:  # noqa: ANN401 - JSON
    amount = Money(int(value["ore"]), value["currency"])
    whole = amount.kronor == amount.kronor.to_integral_value()
    number = "#,##0" if whole else "#,##0.00"
    pattern = f"{number}\N{NO-BREAK SPACE}¤" if language == "sv" else f"¤\N{NO-BREAK SPACE}{number}"
    return format_currency(
        amount.kronor, amount.currency, format=pattern, locale=_LOCALES[language], currency_digits=not whole
    )


_WRITERS: Final[Mapping[Form, Callable[[Any, str], str]]] = {
    Form.TEXT: _text,
    Form.COUNT: _count,
    Form.DAY: _day,
    Form.MOMENT: _moment,
    Form.MEETINGS: _meetings,
    Form.MODE: _mode,
    Form.CHANGES: _changes,
    Form.MONEY: _money,
    Form.PERSONAL_LINK: _text,
    Form.QUEUE_LINK: _text,
    Form.CERTIFICATE_LINK: _text,
    Form.ANSWER_LINK: _text,
    Form.PERSONAL_CODE: _text,
}
