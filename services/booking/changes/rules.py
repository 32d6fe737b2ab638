"""Asking whether a booking still holds after its run was changed, over plain values.

A later change of the run, or its end, supersedes the open question; the project's rule answers where nobody did.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.booking.projects.rules import Unanswered
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_

_DAY: Final = timedelta(days=1)


class ConfirmationState(StrEnum):
    """How the question was answered, if it was."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    GIVEN_UP = "given_up"
    KEPT = "kept_by_rule"
    RELEASED = "released_by_rule"
    SUPERSEDED = "superseded"


_ANSWERS: Final = set(ConfirmationState) - {ConfirmationState.ASKED}
CONFIRMATION: Final = Moves(
    "confirmation",
    {ConfirmationState.ASKED: _ANSWERS, **{state: set[ConfirmationState]() for state in _ANSWERS}},
)


def due_at(asked_at: datetime, days: int | None, starts_at: datetime) -> datetime | None:
    """Return until when an answer is taken: some days, but to the day before the run begins or half of what is left.

    So there is always time to answer, and time to offer to others what is given back. None where it is not asked: the
    project does not, or the run has begun.
    """
    if days is None or starts_at <= asked_at:
        return None
    left = starts_at - asked_at
    return asked_at + min(timedelta(days=days), max(left - _DAY, left / 2))


def next_check_at(asked_at: datetime, due: datetime) -> datetime:
    """Return when the question is first looked at: half-way for a reminder, or at its end if that is within a day."""
    whole = due - asked_at
    return due if whole < _DAY else asked_at + whole / 2


def by_rule(rule: Unanswered, starts_at: datetime, now: datetime) -> ConfirmationState:
    """Return what the project's rule answers. Once the run has begun nobody else can come, and the seats are kept."""
    releases = rule is Unanswered.RELEASE and now < starts_at
    return ConfirmationState.RELEASED if releases else ConfirmationState.KEPT


def check_in_time(due: datetime, now: datetime) -> None:
    """Raise Refused once an answer is no longer taken."""
    if now >= due:
        raise Refused(
            N_("An answer was taken until {due}. Change or cancel the booking instead, or speak to the project."),
            code="answer_too_late",
            due=due,
        )


def check_some_stay(seats: int, released: int) -> None:
    """Raise InvalidInput where every seat would be given back: that is giving the booking up."""
    if released >= seats:
        raise InvalidInput(
            N_("Somebody must stay ticked. If nobody comes, give the booking up instead."),
            code="nobody_comes",
            field="seats",
        )
