"""What everyone may know of runs, for machines: the open list, and schema.org's words for what a page shows.

Of seats it tells how many are free and how many there are; never for whom any are kept, nor who has one.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.booking.courses.rules import CourseKind, FeePayer, Mode, RunState
from services.booking.courses.views import RunView
from services.booking.seats.run_search import ListedRun
from shared.web.bodies import View

_SCHEMA: Final = "https://schema.org"
_STATUSES: Final[Mapping[RunState, str]] = {
    RunState.SCHEDULED: "EventScheduled",
    RunState.POSTPONED: "EventPostponed",
    RunState.CANCELLED: "EventCancelled",
}
_MODES: Final[Mapping[Mode, str]] = {Mode.PHYSICAL: "Onsite", Mode.DIGITAL: "Online", Mode.BOTH: "Blended"}
_ATTENDANCE: Final[Mapping[Mode, str]] = {Mode.PHYSICAL: "Offline", Mode.DIGITAL: "Online", Mode.BOTH: "Mixed"}
_MINUTE: Final = timedelta(minutes=1)


class OpenMeeting(View):
    """When and where one meeting is held."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: Mode
    place: str | None


class OpenRun(View):
    """A run as everyone may know it. A price is for one seat, in whole öre without VAT."""

    run_id: UUID
    address: str = Field(description="Its page, where seats are booked")
    reference: str
    course_id: UUID
    course_title: str
    course_kind: CourseKind
    description: str
    area: str | None
    language: str = Field(description="ISO 639-1")
    project_id: UUID
    project_name: str
    organiser: str
    mode: Mode
    municipality: str | None = Field(description="Municipality code")
    municipality_name: str | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    meetings: list[OpenMeeting]
    capacity: int
    free_seats: int = Field(description="Open to all and free just now")
    registration_opens: AwareDatetime | None = Field(description="Absent: seats can be booked already")
    registration_closes: AwareDatetime | None = Field(description="Absent: until the run begins")
    price_ore: int | None
    currency: str
    fee_payer: FeePayer | None

    @classmethod
    def of(cls, run: ListedRun, origin: str) -> "OpenRun":
        """Return the view of a run in the catalogue."""
        view = run.view
        taken = {name: getattr(view, name) for name in cls.model_fields if hasattr(view, name) and name != "meetings"}
        return cls(
            **{**taken, "free_seats": _to_book(view)},
            address=address_of(run, origin),
            description=run.description,
            project_name=run.project_name,
            organiser=run.organiser,
            municipality_name=run.municipality,
            meetings=[OpenMeeting.model_validate(meeting) for meeting in view.meetings],
        )


def address_of(run: ListedRun, origin: str) -> str:
    """Return the address of the run's page."""
    return f"{origin}/booking/runs/{run.view.run_id}"


def courses_data(runs: Sequence[ListedRun], origin: str, *, in_full: bool = False) -> Mapping[str, Any] | None:
    """Return the runs, each with its course, as schema.org's Course and CourseInstance; None where there are none.

    `in_full` tells each meeting too, as a run's own page does.
    """
    courses: dict[UUID, dict[str, Any]] = {}
    for run in runs:
        course = courses.setdefault(run.view.course_id, _course(run))
        course["hasCourseInstance"].append({**_instance(run, origin), **(_meetings(run) if in_full else {})})
    return {"@context": _SCHEMA, "@graph": list(courses.values())} if courses else None


def _course(run: ListedRun) -> dict[str, Any]:
    view = run.view
    return _told(
        {
            "@type": "Course",
            "@id": f"urn:uuid:{view.course_id}",
            "name": view.course_title,
            "description": run.description,
            "about": view.area,
            "inLanguage": view.language,
            "provider": {"@type": "Organization", "name": run.organiser},
            "hasCourseInstance": [],
        }
    )


def _instance(run: ListedRun, origin: str) -> dict[str, Any]:
    view, address = run.view, address_of(run, origin)
    held = _STATUSES[view.state]
    minutes = sum((meeting.ends_at - meeting.starts_at) // _MINUTE for meeting in view.meetings)
    return _told(
        {
            "@type": "CourseInstance",
            "@id": address,
            "url": address,
            "identifier": view.reference,
            "courseMode": _MODES[view.mode],
            "courseWorkload": f"PT{minutes}M",
            "startDate": view.starts_at.isoformat(),
            "endDate": view.ends_at.isoformat(),
            "eventStatus": f"{_SCHEMA}/{held}",
            "eventAttendanceMode": f"{_SCHEMA}/{_ATTENDANCE[view.mode]}EventAttendanceMode",
            "location": _locations(run, address),
            "maximumAttendeeCapacity": view.capacity,
            "remainingAttendeeCapacity": _to_book(view),
            "offers": _offer(run),
        }
    )


def _to_book(view: RunView) -> int:
    """Return how many seats anybody may book now: none while a group waits for them."""
    return 0 if view.waiting else view.free_seats


def _meetings(run: ListedRun) -> dict[str, Any]:
    return {
        "name": run.view.course_title,
        "organizer": {"@type": "Organization", "name": run.organiser},
        "subEvent": [
            _told(
                {
                    "@type": "Event",
                    "name": run.view.course_title,
                    "startDate": meeting.starts_at.isoformat(),
                    "endDate": meeting.ends_at.isoformat(),
                    "location": _place(meeting.place, run.municipality),
                }
            )
            for meeting in run.view.meetings
        ],
    }


def _locations(run: ListedRun, address: str) -> list[dict[str, Any]]:
    virtual = {"@type": "VirtualLocation", "url": address}
    if run.view.mode is Mode.DIGITAL:
        return [virtual]
    places = [_place(place, run.municipality) for place in run.places or (None,)]
    return [place for place in places if place] + ([virtual] if run.view.mode is Mode.BOTH else [])


def _place(name: str | None, municipality: str | None) -> dict[str, Any] | None:
    shown = name or municipality
    if shown is None:
        return None
    address = _told({"@type": "PostalAddress", "addressLocality": municipality, "addressCountry": "SE"})
    return {"@type": "Place", "name": shown, "address": address}


def _offer(run: ListedRun) -> dict[str, Any]:
    view, ore = run.view, run.view.price_ore or 0
    opens, closes = view.registration_opens, view.registration_closes
    return _told(
        {
            "@type": "Offer",
            "category": "Paid" if ore else "Free",
            "price": f"{ore // 100}.{ore % 100:02}",
            "priceCurrency": view.currency,
            "availability": f"{_SCHEMA}/{'InStock' if _to_book(view) else 'SoldOut'}",
            "availabilityStarts": None if opens is None else opens.isoformat(),
            "availabilityEnds": None if closes is None else closes.isoformat(),
        }
    )


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say something; a list that is still empty is kept."""
    return {name: value for name, value in fields.items() if value is not None}
