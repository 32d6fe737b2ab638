"""The story's figures counted anew, from the events alone: nothing of any service's store, or of its code, is asked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.demo.figures import Figures
from deploy.demo.watch import SeenMessage


@dataclass
class _Booking:
    run_id: str
    seats: int
    people: set[str]


@dataclass
class Recount:
    """What is known of some employers and contracts from the events so far, in the order of each key."""

    employers: frozenset[str]
    contracts: frozenset[str]
    _joined: set[str] = field(default_factory=set)
    _minutes_of_run: dict[str, int] = field(default_factory=dict)
    _bookings: dict[str, _Booking] = field(default_factory=dict)
    _attended: dict[str, tuple[int, bool]] = field(default_factory=dict)
    _contracted: dict[str, int] = field(default_factory=dict)

    def take(self, messages: Iterable[SeenMessage], project_id: str) -> "Recount":
        """Take in what the messages say of the project."""
        for message in messages:
            if message.body is None:
                continue
            told = json.loads(message.body)
            match message.type:
                case "employer.described.v1" if told["employer_id"] in self.employers:
                    self._joined.discard(told["employer_id"])
                    if project_id in told["project_ids"]:
                        self._joined.add(told["employer_id"])
                case "contract.signed.v1" if told["contract_id"] in self.contracts:
                    self._contracted[told["contract_id"]] = told["value_ore"]
                case _ if told.get("project_id") == project_id:
                    self._take_of_project(message.type, told)
        return self

    def _take_of_project(self, kind: str, told: dict[str, Any]) -> None:
        if kind in {"run.scheduled.v1", "run.changed.v1"}:
            self._minutes_of_run[told["run_id"]] = sum(_minutes(meeting) for meeting in told["run"]["meetings"])
        if told.get("employer_id") not in self.employers:
            return
        if kind in {"booking.confirmed.v1", "booking.changed.v1"}:
            before = self._bookings.get(told["booking_id"])
            people = (before.people if before else set()) - _people(told, "former_participant")
            people |= _people(told, "participant")
            self._bookings[told["booking_id"]] = _Booking(told["run"]["run_id"], told["seats"], people)
        elif kind == "booking.cancelled.v1":
            self._bookings.pop(told["booking_id"], None)
        elif kind in {"attendance.recorded.v1", "attendance.corrected.v1"}:
            self._attended[told["attendance_id"]] = told["minutes"], False
        elif kind == "attendance.signed.v1":
            self._attended[told["attendance_id"]] = told["minutes"], True

    def figures(self) -> Figures:
        """Return the figures, as a project's lead would read them."""
        bookings = self._bookings.values()
        return Figures(
            persons=len({person for booking in bookings for person in booking.people}),
            employers=len(self._joined),
            booked_minutes=sum(booking.seats * self._minutes_of_run[booking.run_id] for booking in bookings),
            seats=sum(booking.seats for booking in bookings),
            named=sum(len(booking.people) for booking in bookings),
            attended_minutes=sum(minutes for minutes, _ in self._attended.values()),
            signed_minutes=sum(minutes for minutes, is_signed in self._attended.values() if is_signed),
            contracted_ore=sum(self._contracted.values()),
        )


def _people(told: dict[str, Any], part: str) -> set[str]:
    return {recipient["id"] for recipient in told["recipients"] if recipient["part"] == part}


def _minutes(meeting: dict[str, Any]) -> int:
    length = datetime.fromisoformat(meeting["ends_at"]) - datetime.fromisoformat(meeting["starts_at"])
    return int(length.total_seconds() // 60)
