"""The calendar file of a run: an entry for each meeting, its UID always the same, so that a later one replaces it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from icalendar import vCalAddress, vText

from services.notification.channels.channel import CalendarFile
from services.notification.kinds import Calendar
from shared.contracts.facts import RunSummary
from shared.ical import a_calendar, meeting_event


def calendar_content(run: RunSummary, sequence: int) -> dict[str, Any]:
    """Return what a notification keeps of a run for its calendar file."""
    return {"run": run.model_dump(mode="json"), "sequence": sequence}


def calendar_file(
    kept: Mapping[str, Any], method: Calendar, *, organiser: str, attendee: str, stamp: datetime
) -> CalendarFile | None:
    """Return the file (RFC 5545, 5546); None for a run whose meetings are not set yet."""
    run = RunSummary.model_validate(kept["run"])
    if not run.meetings:
        return None
    document = a_calendar("notification")
    document.add("method", method.value)
    for meeting in run.meetings:
        is_cancelled = method is Calendar.CANCEL
        event = meeting_event(run, meeting, sequence=kept["sequence"], stamp=stamp, is_cancelled=is_cancelled)
        event.add("organizer", vCalAddress(f"mailto:{organiser}"))
        address = vCalAddress(f"mailto:{attendee}")
        address.params["RSVP"] = vText("FALSE")
        event.add("attendee", address, encode=False)
        document.add_component(event)
    return CalendarFile(method, document.to_ical())
