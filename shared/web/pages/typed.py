"""Values as people type them into a form: an amount in kronor, a day and a time on the clock in Sweden."""

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from shared.kernel.calendar import STOCKHOLM
from shared.kernel.texts import N_, Text
from shared.web.bodies import LARGEST_ORE
from shared.web.languages import shown_number

_SPACES: Final = re.compile(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]")
_AMOUNT: Final = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,2})?")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
_NO_AMOUNT = N_("It is not an amount in kronor. Write it as 240 000 or 240 000,50.")
_NO_TIME = N_("It is not a day and a time. Write it as 2026-09-01 10:00.")
_NO_CLOCK = N_("It is not a time of day. Write it as 09:30.")


def _told(message: str, code: str) -> PydanticCustomError:
    return PydanticCustomError("told", "{code}", {"code": code, "text": Text(message)})


def _ore(value: object) -> object:
    if not isinstance(value, str):
        return value
    plain = _SPACES.sub("", value).removesuffix("kr").replace(",", ".")
    if not _AMOUNT.fullmatch(plain) or (ore := int(Decimal(plain) * 100)) > LARGEST_ORE:
        raise _told(_NO_AMOUNT, "not_an_amount")
    return ore


def _instant(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise _told(_NO_TIME, "not_a_time") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=STOCKHOLM)).astimezone(UTC)


def _clock(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _CLOCK.fullmatch(value.strip())
    if found is None:
        raise _told(_NO_CLOCK, "not_a_clock")
    return time(int(found[1]), int(found[2]))


Kronor = Annotated[int, BeforeValidator(_ore)]
"""An amount in öre, typed in kronor."""
LocalTime = Annotated[datetime, BeforeValidator(_instant)]
"""An instant, typed as the clock shows it in Sweden (as `datetime-local` sends it)."""
ClockTime = Annotated[time, BeforeValidator(_clock)]
"""A time of day, as `time` sends it or as `9.30`."""


def kronor_typed(ore: int) -> str:
    """Return an amount as it is typed: `240 000`, with öre only where there are any."""
    kronor = Decimal(ore) / 100
    return shown_number(kronor if ore % 100 else int(kronor), "sv")


def local_time_typed(instant: datetime) -> str:
    """Return an instant as a field for a day and a time begins with it."""
    return instant.astimezone(STOCKHOLM).strftime("%Y-%m-%dT%H:%M")
