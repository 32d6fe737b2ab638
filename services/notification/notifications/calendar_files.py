"""The calendar file of a run: an entry for each meeting, its UID always the same, so that a later one replaces it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from icalendar import Calendar as CalendarObject
from icalendar import Event, vCalAddress, vText

from services.notification.channels.channel import CalendarFile
from services.notification.kinds import Calendar
from shared.contracts.facts import RunSummary

_PRODUCT = "-//Kurslots//notification//SV"


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
    document = CalendarObject()
    document.add("prodid", _PRODUCT)
    document.add("version", "2.0")
    document.add("method", method.value)
    for meeting in run.meetings:
        event = Event()
        event.add("uid", f"{meeting.meeting_id}@kurslots")
        event.add("sequence", kept["sequence"])
        event.add("dtstamp", stamp)
        event.add("dtstart", meeting.starts_at)
        event.add("dtend", meeting.ends_at)
        event.add("summary", run.course_title)
        event.add("description", run.reference)
        event.add("status", "CANCELLED" if method is Calendar.CANCEL else "CONFIRMED")
        event.add("organizer", vCalAddress(f"mailto:{organiser}"))
        address = vCalAddress(f"mailto:{attendee}")
        address.params["RSVP"] = vText("FALSE")
        event.add("attendee", address, encode=False)
        if meeting.place:
            event.add("location", meeting.place)
        document.add_component(event)
    return CalendarFile(method, document.to_ical())
