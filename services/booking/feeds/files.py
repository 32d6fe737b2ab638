"""What a feed follows as a calendar (RFC 5545, with the name and pace of RFC 7986)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.booking.feeds.queries import Followed
from services.booking.feeds.rules import FeedKind
from shared.ical import a_calendar, meeting_event
from shared.kernel.texts import N_, Text
from shared.web.languages import Catalogues, Language

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
ASK_EVERY: Final = timedelta(hours=1)
_NAMES: Final[Mapping[FeedKind, str]] = {
    FeedKind.OWN: N_("My courses"),
    FeedKind.TRAINER: N_("Courses that I hold"),
    FeedKind.EMPLOYER: N_("Courses of {name}"),
    FeedKind.RUN: N_("Course: {name}"),
}
_SEATS: Final = N_("Seats booked: {seats}")


def calendar_of(followed: Followed, catalogues: Catalogues, language: Language, *, origin: str) -> bytes:
    """Return the calendar as it travels; the same as long as nothing of it changes."""
    document = a_calendar("booking")
    name = catalogues.translate(Text(_NAMES[followed.kind], {"name": followed.name}), language)
    document.add("name", name)
    document.add("x-wr-calname", name)
    document.add("refresh-interval", ASK_EVERY, parameters={"VALUE": "DURATION"})
    document.add("x-published-ttl", f"PT{int(ASK_EVERY.total_seconds() // 60)}M")
    for each in followed.runs:
        seats = Text(_SEATS, {"seats": each.seats})
        details = [] if each.seats is None else [catalogues.translate(seats, language)]
        for meeting in each.run.meetings:
            event = meeting_event(
                each.run,
                meeting,
                sequence=each.sequence,
                stamp=each.changed_at,
                is_cancelled=each.is_gone,
                details=details,
            )
            event.add("last-modified", each.changed_at)
            event.add("url", f"{origin}/booking/runs/{each.run.run_id}")
            document.add_component(event)
    content: bytes = document.to_ical()
    return content
