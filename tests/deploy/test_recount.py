"""What the story counts anew from events: each kind of event counts as it must, and a lost one makes it another."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.demo.figures import Figures
from deploy.demo.recount import Recount
from deploy.demo.watch import SeenMessage

PROJECT, OTHER_PROJECT = "p", "q"
TWO_HOURS = [{"starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T10:00:00Z"}]
ONE_HOUR = [{"starts_at": "2026-12-02T08:00:00Z", "ends_at": "2026-12-02T09:00:00Z"}]


def said(kind: str, **told: Any) -> SeenMessage:  # noqa: ANN401 - any field
    body = json.dumps({"project_id": PROJECT, **told}).encode()
    return SeenMessage("topic", f"{kind}.v1", None, datetime(2026, 11, 23, tzinfo=UTC), body)


def booked(kind: str, booking: str, employer: str, seats: int, *people: str, left: str | None = None) -> SeenMessage:
    recipients = [{"id": person, "part": "participant"} for person in people]
    recipients += [{"id": left, "part": "former_participant"}] if left else []
    run = {"run_id": "r", "meetings": TWO_HOURS}
    return said(kind, booking_id=booking, employer_id=employer, seats=seats, run=run, recipients=recipients)


def attended(kind: str, minutes: int) -> SeenMessage:
    return said(f"attendance.{kind}", attendance_id="t", employer_id="a", minutes=minutes)


EVENTS = (
    said("employer.described", employer_id="a", project_ids=[PROJECT]),
    said("employer.described", employer_id="b", project_ids=[PROJECT]),
    said("employer.described", employer_id="b", project_ids=[OTHER_PROJECT]),
    said("employer.described", employer_id="stranger", project_ids=[PROJECT]),
    said("run.scheduled", run_id="r", run={"meetings": TWO_HOURS}),
    booked("booking.confirmed", "1", "a", 3, "anna", "bo"),
    booked("booking.changed", "1", "a", 2, "cecilia", left="bo"),
    booked("booking.confirmed", "2", "b", 4, "david"),
    booked("booking.cancelled", "2", "b", 4),
    booked("booking.confirmed", "3", "stranger", 5, "erik"),
    said("run.changed", run_id="r", run={"meetings": ONE_HOUR}),
    attended("recorded", 60),
    attended("signed", 60),
    attended("corrected", 45),
    attended("signed", 45),
    said("contract.signed", contract_id="k", value_ore=1000),
    said("contract.signed", contract_id="another", value_ore=5000),
    SeenMessage("topic", "employer.described.v1", None, datetime(2026, 11, 23, tzinfo=UTC)),
)
WHOLE = Figures(
    persons=2,
    employers=1,
    booked_minutes=120,
    seats=2,
    named=2,
    attended_minutes=45,
    signed_minutes=45,
    contracted_ore=1000,
)


def count(events: tuple[SeenMessage, ...]) -> Figures:
    return Recount(frozenset({"a", "b"}), frozenset({"k"})).take(events, PROJECT).figures()


def test_every_event_counts_for_what_it_says() -> None:
    assert count(EVENTS) == WHOLE


@pytest.mark.parametrize("lost", [0, 2, 6, 8, 10, 14, 15])
def test_a_lost_event_makes_the_figures_others(lost: int) -> None:
    assert count(EVENTS[:lost] + EVENTS[lost + 1 :]) != WHOLE
