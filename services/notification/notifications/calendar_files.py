"""The calendar files of a run: an entry for each meeting, its UID always the same, so that a later one replaces it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from icalendar import vCalAddress, vText

from services.notification.channels.channel import CalendarFile
from services.notification.kinds import Calendar
from shared.contracts.facts import Meeting, RunSummary
from shared.ical import a_calendar, meeting_event


def calendar_content(run: RunSummary, sequence: int, removed: Sequence[Meeting] = ()) -> dict[str, Any]:
    """Return what a notification keeps of a run for its calendar files."""
    kept = {"run": run.model_dump(mode="json"), "sequence": sequence}
    if removed:
        kept["removed"] = [meeting.model_dump(mode="json") for meeting in removed]
    return kept


def calendar_files(
    kept: Mapping[str, Any], method: Calendar, *, organiser: str, attendee: str, stamp: datetime
) -> tuple[CalendarFile, ...]:
    """Return the files (RFC 5545, 5546): one that asks what `method` says, one that cancels what is held no more.

    None for a run whose meetings are not set yet.
    """
    run = RunSummary.model_validate(kept["run"])
    removed = [Meeting.model_validate(meeting) for meeting in kept.get("removed", ())]
    wanted = ((method, run.meetings), (Calendar.CANCEL, removed))
    return tuple(
        _file(run, meetings, each, sequence=kept["sequence"], organiser=organiser, attendee=attendee, stamp=stamp)
        for each, meetings in wanted
        if meetings
    )


def _file(
    run: RunSummary,
    meetings: Sequence[Meeting],
    method: Calendar,
    *,
    sequence: int,
    organiser: str,
    attendee: str,
    stamp: datetime,
) -> CalendarFile:
    document = a_calendar("notification")
    document.add("method", method.value)
    for meeting in meetings:
        is_cancelled = method is Calendar.CANCEL
        event = meeting_event(run, meeting, sequence=sequence, stamp=stamp, is_cancelled=is_cancelled)
        event.add("organizer", vCalAddress(f"mailto:{organiser}"))
        address = vCalAddress(f"mailto:{attendee}")
        address.params["RSVP"] = vText("FALSE")
        event.add("attendee", address, encode=False)
        document.add_component(event)
    return CalendarFile(method, document.to_ical())
