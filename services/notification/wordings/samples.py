"""Made-up values for every field of every wording, so that a text can be read as its recipient will."""

from typing import Any, Final

from services.notification.kinds import Kind

_MEETINGS: Final = [
    {"starts_at": "2027-03-09T08:00:00Z", "ends_at": "2027-03-09T15:00:00Z", "mode": "physical", "place": "Falun"},
    {"starts_at": "2027-03-16T08:00:00Z", "ends_at": "2027-03-16T11:00:00Z", "mode": "digital", "place": None},
]
UNIVERSAL_SAMPLE: Final = {"recipient_name": "Eva", "project_name": "Lyftkraft Dalarna"}
_SAMPLE: Final[dict[str, Any]] = {
    "course_title": "Svetsning, grundkurs",
    "run_reference": "K-7K3M9X",
    "meetings": _MEETINGS,
    "first_meeting": "2027-03-09T08:00:00Z",
    "at_once": "Truckförarutbildning (K-4M8P2Q)",
    "reference": "B-7K3M9X",
    "title": "Svetsning för åtta personer",
    "reason": "Läraren är sjuk.",
    "registration_number": "DK 2027/12",
    "buyer_name": "Dalabygden",
    "seats": 8,
    "named": 5,
    "booked": 5,
    "minimum": 8,
    "decide_on": "2027-02-23",
    "run_id": "0198f3a2-7c1b-7d3e-9f00-000000000002",
    "project_id": "0198f3a2-7c1b-7d3e-9f00-000000000003",
    "unnamed": 3,
    "booking_id": "0198f3a2-7c1b-7d3e-9f00-000000000002",
    "seats_before": 6,
    "changes": ["times", "place"],
    "starts_at": "2027-03-09T08:00:00Z",
    "mode": "physical",
    "place": "Verkstadsgatan 1, Falun",
    "starts_on": "2027-03-01",
    "ends_on": "2027-12-31",
    "queue_place": 3,
    "entry_id": "0198f3a2-7c1b-7d3e-9f00-000000000001",
    "leave_link": "https://kurslots.example/booking/queue/leave/AbC…",
    "answer_link": "https://kurslots.example/booking/answer/AbC…",
    "released_unanswered": "B-7K3M9X",
    "until": "2027-03-03T12:00:00Z",
    "deadline": "2027-01-29T12:00:00Z",
    "decided_on": "2027-02-10",
    "points": "86.5",
    "standstill_until": "2027-02-22",
    "winner_name": "Svetsskolan AB",
    "winner_points": "91",
    "winner_reason": "Bäst övningar till ett bra pris.",
    "rank": 2,
    "minutes": 180,
    "personal_link": "https://kurslots.example/booking/mine/AbC…",
    "code": "0417",
    "provider_name": "Högskolan Dalarna",
    "outside_course_id": "0192…",
    "certificate_link": "https://kurslots.example/booking/mine/certificates/AbC…",
    "value": {"ore": 24_000_000, "currency": "SEK"},
}


def sample_of(kind: Kind) -> dict[str, Any]:
    """Return a value for each field of a kind; raises KeyError for a field that has none here."""
    return {field.name: _SAMPLE[field.name] for field in kind.fields}
