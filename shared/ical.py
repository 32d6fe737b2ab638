"""A meeting as an entry of a calendar: one rule for the files that are mailed and the feeds that calendars follow.

The UID is the meeting's for ever and SEQUENCE is the run's, so that a file and a feed are about the same entry.
"""

from collections.abc import Sequence
from datetime import datetime

from icalendar import Calendar, Event

from shared.contracts.facts import Meeting, RunSummary


def a_calendar(product: str) -> Calendar:
    """Return an empty calendar made by `product`, a service of ours."""
    document = Calendar()
    document.add("prodid", f"-//Kurslots//{product}//SV")
    document.add("version", "2.0")
    return document


def meeting_event(
    run: RunSummary,
    meeting: Meeting,
    *,
    sequence: int,
    stamp: datetime,
    is_cancelled: bool,
    details: Sequence[str] = (),
) -> Event:
    """Return the entry (RFC 5545). Its times are in UTC: instants, which every calendar shows by its own clock."""
    event = Event()
    event.add("uid", f"{meeting.meeting_id}@kurslots")
    event.add("sequence", sequence)
    event.add("dtstamp", stamp)
    event.add("dtstart", meeting.starts_at)
    event.add("dtend", meeting.ends_at)
    event.add("summary", run.course_title)
    event.add("description", "\n".join([run.reference, *details]))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    if meeting.place:
        event.add("location", meeting.place)
    return event
