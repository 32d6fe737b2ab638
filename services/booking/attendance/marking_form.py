"""The form in which a whole meeting is marked: a row for everybody who can be, each with what the page showed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.booking.attendance.marking import Mark
from services.booking.attendance.rules import MOST_MINUTES
from services.booking.attendance.views import Minutes
from shared.kernel.errors import InvalidInput, Several
from shared.kernel.texts import N_
from shared.web.bodies import Body


class Presence(StrEnum):
    """How somebody was there."""

    ALL = "all"
    PART = "part"
    NONE = "none"


class MarkRow(Body):
    """Somebody; `seen` are the minutes that the page showed of her, so that what nobody touched stays as it is."""

    person_id: UUID
    presence: Presence | None = None
    minutes: Minutes | None = None
    seen: Annotated[int, Field(ge=0, le=MOST_MINUTES)] | None = None


class MarkForm(Body):
    """The whole meeting; `all_here` marks everybody of whom nothing is said."""

    marks: list[MarkRow] = Field(default_factory=list, max_length=1000)
    all_here: bool = False


def marks_of(form: MarkForm, length: int) -> Sequence[Mark]:
    """Return what is to be marked otherwise than the page showed. Raises Several for a part without its minutes."""
    marks, missing = [], []
    for number, row in enumerate(form.marks):
        field = f"marks.{number}.minutes"
        minutes: int | None
        if row.presence is None:
            minutes = length if form.all_here and row.seen is None else None
        elif row.presence is Presence.PART:
            minutes = row.minutes
            if minutes is None:
                missing.append(
                    InvalidInput(N_("Say how many minutes she was there."), code="minutes_missing", field=field)
                )
        else:
            minutes = length if row.presence is Presence.ALL else 0
        if minutes is not None and minutes != row.seen:
            marks.append(Mark(row.person_id, minutes, field))
    if missing:
        raise Several(missing)
    return marks
