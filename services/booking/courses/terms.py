"""On which terms a run is booked and held, over plain values: from when to when, and how few are too few.

Nothing is called off by itself: on the day of decision whoever leads the project is asked, and her answer is kept.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from shared.kernel.calendar import at_stockholm, legal_day
from shared.kernel.errors import InvalidInput, KurslotsError, Refused, Several
from shared.kernel.texts import N_

WARNED_DAYS: Final = 7
ASKED_AT: Final = time(10)  # in Sweden


@dataclass(frozen=True, slots=True)
class Terms:
    """How many seats must be booked by which day for the run to be held, and when bookings are taken."""

    minimum: int | None = None
    decide_on: date | None = None
    registration_opens: datetime | None = None
    registration_closes: datetime | None = None


NO_TERMS: Final = Terms()


class Standing(StrEnum):
    """How a run stands to its minimum."""

    NO_MINIMUM = "no_minimum"
    ENOUGH = "enough"
    SHORT = "short"
    TO_DECIDE = "to_decide"
    UPHELD = "upheld"


def check_terms(
    terms: Terms, *, capacity: int, first_starts_at: datetime, now: datetime, before: Terms | None = None
) -> None:
    """Raise Several, each with its field, where terms cannot be kept. A day that stays as it was may have passed."""
    stays = before is not None and before.decide_on == terms.decide_on
    errors = _wrong_with_minimum(terms, capacity, legal_day(first_starts_at), None if stays else legal_day(now))
    opens, closes = terms.registration_opens, terms.registration_closes
    if opens is not None and opens >= (closes or first_starts_at):
        errors.append(
            InvalidInput(
                N_("Registration opens before it closes, and before the run begins. Give an earlier time."),
                code="registration_backwards",
                field="registration_opens",
            )
        )
    if closes is not None and closes > first_starts_at:
        errors.append(
            InvalidInput(
                N_("Registration closes at the latest when the run begins, {starts}. Give an earlier time."),
                code="registration_too_long",
                field="registration_closes",
                starts=first_starts_at,
            )
        )
    if errors:
        raise Several(errors)


def _wrong_with_minimum(terms: Terms, capacity: int, first_day: date, today: date | None) -> list[KurslotsError]:
    minimum, decide_on = terms.minimum, terms.decide_on
    if minimum is None or decide_on is None:
        if minimum is None and decide_on is None:
            return []
        return [
            InvalidInput(
                N_("A minimum has a day on which it is decided whether the run is held. Give both, or neither."),
                code="minimum_incomplete",
                field="minimum" if minimum is None else "decide_on",
            )
        ]
    errors: list[KurslotsError] = []
    if minimum > capacity:
        errors.append(
            InvalidInput(
                N_("{minimum} seats would have to be booked, but the run has {capacity}. Lower the minimum."),
                code="minimum_above_capacity",
                field="minimum",
                minimum=minimum,
                capacity=capacity,
            )
        )
    if decide_on >= first_day:
        errors.append(
            InvalidInput(
                N_("Whether the run is held is decided before its first day, {day}. Give an earlier day."),
                code="decided_too_late",
                field="decide_on",
                day=first_day,
            )
        )
    elif today is not None and decide_on < today:
        errors.append(
            InvalidInput(
                N_("{day} has passed. Give a day on which it can still be decided."),
                code="decision_day_passed",
                field="decide_on",
                day=decide_on,
            )
        )
    return errors


def asked_at(decide_on: date) -> datetime:
    """Return when whoever leads the project is asked: 10:00 in Sweden on the day of decision."""
    return at_stockholm(decide_on, ASKED_AT)


def next_ask(decide_on: date | None, now: datetime) -> datetime | None:
    """Return when to look at the minimum next: to warn a week before, or to ask on the day itself."""
    if decide_on is None:
        return None
    warned_at = at_stockholm(decide_on - timedelta(days=WARNED_DAYS), ASKED_AT)
    return warned_at if warned_at > now else asked_at(decide_on)


def fitting(decide_on: date | None, first_starts_at: datetime) -> date | None:
    """Return the day of decision for a run that was moved: before its first day."""
    return None if decide_on is None else min(decide_on, legal_day(first_starts_at) - timedelta(days=1))


def standing_of(terms: Terms, *, booked: int, upheld: bool, now: datetime) -> Standing:
    """Return how a run with so many booked seats stands to its minimum."""
    if terms.minimum is None or terms.decide_on is None:
        return Standing.NO_MINIMUM
    if booked >= terms.minimum:
        return Standing.ENOUGH
    if upheld:
        return Standing.UPHELD
    return Standing.TO_DECIDE if legal_day(now) >= terms.decide_on else Standing.SHORT


def check_uphold(terms: Terms, *, booked: int, upheld: bool) -> None:
    """Raise Refused where there is nothing to decide: no minimum, enough booked seats, or it is decided already."""
    if terms.minimum is None:
        raise Refused(N_("The run has no minimum, so there is nothing to decide."), code="no_minimum")
    if upheld:
        raise Refused(N_("It is decided already that the run is held."), code="upheld_already")
    if booked >= terms.minimum:
        raise Refused(
            N_("{booked} seats are booked and {minimum} are needed, so the run is held as it is."),
            code="minimum_reached",
            booked=booked,
            minimum=terms.minimum,
        )


def check_registration(opens: datetime | None, closes: datetime | None, now: datetime) -> None:
    """Raise Refused before registration opens and once it has closed. A seat offered before may still be accepted."""
    if opens is not None and now < opens:
        raise Refused(
            N_("Registration opens {opens}. Seats can be booked and queued for from then on."),
            code="registration_not_open",
            opens=opens,
        )
    if closes is not None and now >= closes:
        raise Refused(
            N_("Registration closed {closes}. Choose another run, or speak to the project."),
            code="registration_closed",
            closes=closes,
        )
