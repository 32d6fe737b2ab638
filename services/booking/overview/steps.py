"""The next step for an employer in a project: one thing to do now, and what else waits, the most helpful first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.booking.overview.waiting import Waits
from shared.kernel.texts import N_, Text


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: what, why, and where."""

    title: Text
    why: Text
    address: str
    label: str
    project_id: UUID


@dataclass(frozen=True, slots=True)
class _Rule:
    """A step, and whether it waits. `{count}` in its title is what `waits` counts; `by` may say why and until when."""

    waits: Callable[[Waits], int]
    title: str
    why: str
    label: str
    address: str
    by: Callable[[Waits], tuple[str, datetime] | None] = lambda _: None


_IN_PROJECT: Final = "/booking/projects/{project}/employers/{employer}"
_PLAN: Final = "/booking/training-plans/{plan}"
_NAMES_BY: Final = N_("Names are needed by {until}. Seats that have no name then go to others.")
_RULES: Final = (
    _Rule(
        lambda waits: waits.offers,
        N_("Answer the offer of seats ({count})"),
        N_("The seats are held for you for a while. After that they go to the next in the queue."),
        N_("See the offer"),
        "/booking/queue/{entry}",
    ),
    _Rule(
        lambda waits: waits.names_missing,
        N_("Say who comes (seats without a name: {count})"),
        N_("Those whom you name are called to the course and reminded of it."),
        N_("Name the participants"),
        "/booking/bookings/{booking}",
        by=lambda waits: None if waits.names_due_at is None else (_NAMES_BY, waits.names_due_at),
    ),
    _Rule(
        lambda waits: not waits.people,
        N_("Add the people who will take part"),
        N_("One by one, or a whole list at once from a spreadsheet."),
        N_("Add people"),
        f"{_IN_PROJECT}/people/paste",
    ),
    _Rule(
        lambda waits: waits.plan_id is None,
        N_("Tell what you need to learn"),
        N_("A short survey of the needs is the beginning of your training plan."),
        N_("Write down the needs"),
        f"{_IN_PROJECT}/surveys/new",
    ),
    _Rule(
        lambda waits: waits.plan_id is not None and not waits.has_needs,
        N_("Put the needs into the plan"),
        N_("The survey is written. Add each need with who it is for and how many they are."),
        N_("Add a need"),
        f"{_PLAN}/needs/new",
    ),
    _Rule(
        lambda waits: waits.has_needs and waits.has_plan_to_agree,
        N_("Agree to the training plan"),
        N_("It is a draft until you have read it through and agreed to it."),
        N_("Read the plan"),
        _PLAN,
    ),
    _Rule(
        lambda waits: waits.unmet_needs,
        N_("Find a way for the needs ({count})"),
        N_("Book seats on a course that is offered, or ask for training of your own."),
        N_("Go to the plan"),
        _PLAN,
    ),
)
"""The most pressing first."""
_OTHERWISE: Final = _Rule(
    lambda _: True,
    N_("Nothing waits for you"),
    N_("See which courses are offered, and book seats for your people."),
    N_("Find a course"),
    "/booking/runs?employer={employer}&project={project}",
)


def steps_for(employer_id: UUID, project_id: UUID, waits: Waits) -> list[Step]:
    """Return what waits, the most pressing first. Where nothing does, the way to a course."""
    ids = {
        "project": project_id,
        "employer": employer_id,
        "plan": waits.plan_id,
        "booking": waits.booking_id,
        "entry": waits.entry_id,
    }
    return [
        Step(
            Text(rule.title, {"count": int(rule.waits(waits))} if "{count}" in rule.title else {}),
            _why(rule, waits),
            rule.address.format_map(ids),
            rule.label,
            project_id,
        )
        for rule in [rule for rule in _RULES if rule.waits(waits)] or [_OTHERWISE]
    ]


def _why(rule: _Rule, waits: Waits) -> Text:
    by = rule.by(waits)
    return Text(rule.why) if by is None else Text(by[0], {"until": by[1]})
