"""A training request as it is typed: its length in hours, as people say it."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from services.booking.courses.rules import EARLIEST, LATEST, Mode
from services.booking.courses.views import LanguageCode, Municipality
from services.booking.needs.rules import WishedTime
from services.booking.requests.rules import RequestWish
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, LongText, Version
from shared.web.languages import shown_number

MOST_HOURS: Final = 10_000
_HOURS: Final = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?")
_NOT_HOURS: Final = N_("Write the number of hours as 16 or 7,5; 10 000 is the most.")
Day = Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]


def _minutes(value: object) -> object:
    if not isinstance(value, str):
        return value
    typed = re.sub(r"\s", "", value)
    hours = Decimal(typed.replace(",", ".")) if _HOURS.fullmatch(typed) else Decimal(0)
    minutes = int((hours * 60).to_integral_value(ROUND_HALF_UP))
    if not 0 < minutes <= MOST_HOURS * 60:
        raise PydanticCustomError("told", "{code}", {"code": "not_hours", "text": Text(_NOT_HOURS)})
    return minutes


Hours = Annotated[int, BeforeValidator(_minutes)]
"""A length in minutes, typed in hours."""


def hours_typed(minutes: int) -> str:
    """Return a length as it is typed: `16`, `7,5`."""
    return shown_number((Decimal(minutes) / 60).quantize(Decimal("0.01")).normalize(), "sv")


class RequestForm(Body):
    """What is asked for. `project_id` is given with a new one, `version` with one that is edited."""

    title: Line
    description: LongText
    persons: int = Field(ge=1, le=10_000)
    hours: Hours
    mode: Mode
    municipality: Municipality
    language: LanguageCode = "sv"
    wished_from: Day | None = None
    wished_to: Day | None = None
    wished_time: WishedTime = WishedTime.ANY
    need_id: UUID | None = None
    buyer_id: UUID | None = None
    project_id: UUID | None = None
    version: Version | None = None

    def wish(self) -> RequestWish:
        """Return it as the rules see it."""
        return RequestWish(
            title=self.title,
            description=self.description,
            persons=self.persons,
            minutes=self.hours,
            mode=self.mode.value,
            municipality=self.municipality,
            language=self.language,
            wished_from=self.wished_from,
            wished_to=self.wished_to,
            wished_time=self.wished_time.value,
            need_id=self.need_id,
        )
