"""Meetings as rows of a form: a day and two times on the clock in Sweden, how, where, and a link."""

from collections.abc import Sequence
from datetime import date, time
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.booking.courses.rules import EARLIEST, LATEST, MeetingPlan, Mode
from services.booking.courses.views import Link, MeetingView
from shared.kernel.calendar import STOCKHOLM, at_stockholm
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line
from shared.web.pages.forms import Form
from shared.web.pages.typed import ClockTime

MOST_ROWS: Final = 40
_FIRST_ROWS: Final = 3
_MORE_ROWS: Final = 5
_BACKWARDS = N_("A meeting ends after it has begun, on the same day.")


class MeetingRow(Body):
    """One meeting as it is typed; `remove` takes one away that the run has."""

    day: Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]
    starts_at: ClockTime
    ends_at: ClockTime
    mode: Mode = Mode.PHYSICAL
    place: Line | None = None
    digital_link: Link | None = None
    meeting_id: UUID | None = None
    remove: bool = False

    @field_validator("ends_at")
    @classmethod
    def _ends_after_it_began(cls, value: time, known: ValidationInfo) -> time:
        begun = known.data.get("starts_at")
        if begun is not None and value <= begun:
            raise PydanticCustomError("told", "{code}", {"code": "meeting_backwards", "text": Text(_BACKWARDS)})
        return value

    def plan(self) -> MeetingPlan:
        """Return it as the rules see it."""
        return MeetingPlan(
            starts_at=at_stockholm(self.day, self.starts_at),
            ends_at=at_stockholm(self.day, self.ends_at),
            mode=self.mode,
            place=self.place,
            digital_link=self.digital_link,
            meeting_id=self.meeting_id,
        )


def plans_of(rows: Sequence[MeetingRow]) -> tuple[MeetingPlan, ...]:
    """Return the meetings that shall be held."""
    return tuple(row.plan() for row in rows if not row.remove)


def begun_with(meetings: Sequence[MeetingView]) -> list[dict[str, str]]:
    """Return what the rows of a form begin with, for the meetings that there are."""
    return [
        {
            "day": meeting.starts_at.astimezone(STOCKHOLM).date().isoformat(),
            "starts_at": f"{meeting.starts_at.astimezone(STOCKHOLM):%H:%M}",
            "ends_at": f"{meeting.ends_at.astimezone(STOCKHOLM):%H:%M}",
            "mode": meeting.mode.value,
            "place": meeting.place or "",
            "digital_link": meeting.digital_link or "",
            "meeting_id": str(meeting.meeting_id),
        }
        for meeting in meetings
    ]


def wants_more_rows(form: Form[Any]) -> bool:
    """Whether the form was sent only to get room for more meetings; then nothing of it is wrong yet."""
    if not form.value("more"):
        return False
    form.errors.clear()
    form.general.clear()
    form.status = 200
    return True


def rows_shown(form: Form[Any], begun: int = 0) -> int:
    """Return how many rows the form shows: those that were typed in, and some more where more are wanted."""
    typed = [int(name.split(".")[1]) + 1 for name in form.typed if name.startswith("meetings.")]
    shown = max([_FIRST_ROWS, begun + 1, *typed])
    return min(shown + (_MORE_ROWS if form.value("more") else 0), MOST_ROWS)
