"""Days as Swedish law counts them: in Stockholm, with the days that a time limit moves past (1930:173)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

STOCKHOLM = ZoneInfo("Europe/Stockholm")
_EVES = ((12, 24), (12, 31))  # Christmas Eve, New Year's Eve; Midsummer's Eve moves with its Saturday
_SATURDAY = 5


def legal_day(instant: datetime) -> date:
    """Return the calendar day in Sweden at an aware instant."""
    return instant.astimezone(STOCKHOLM).date()


def at_stockholm(day: date, at: time) -> datetime:
    """Return the instant, in UTC, of a wall-clock time in Sweden."""
    return datetime.combine(day, at, tzinfo=STOCKHOLM).astimezone(UTC)


@cache
def _public_holidays(year: int) -> frozenset[date]:
    # include_sundays=False: the library otherwise lists every Sunday as a holiday
    return frozenset(holidays.country_holidays("SE", years=year, include_sundays=False))


@cache
def _midsummers_eve(year: int) -> date:
    friday = date(year, 6, 19)
    while friday.weekday() != _SATURDAY - 1:
        friday += timedelta(days=1)
    return friday


def is_public_holiday(day: date) -> bool:
    """Whether the day is a public holiday by law (1989:253), Sundays included."""
    return day.weekday() > _SATURDAY or day in _public_holidays(day.year)


def is_working_day(day: date) -> bool:
    """Whether people are at work on the day: not on a Saturday or a public holiday."""
    return day.weekday() < _SATURDAY and not is_public_holiday(day)


def next_working_day(day: date) -> date:
    """Return the day, or the next one on which people are at work."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def is_limit_day(day: date) -> bool:
    """Whether a time limit may end on the day (1930:173): not on a Saturday, public holiday or one of three eves."""
    return is_working_day(day) and (day.month, day.day) not in _EVES and day != _midsummers_eve(day.year)


def moved_to_limit_day(day: date) -> date:
    """Return the day, or the next one on which a time limit may end."""
    while not is_limit_day(day):
        day += timedelta(days=1)
    return day


def standstill_last_day(sent: date, days: int) -> date:
    """Return the last day of a standstill (20 kap. LOU): the day of sending is not counted, and only the last moves."""
    return moved_to_limit_day(sent + timedelta(days=days))
