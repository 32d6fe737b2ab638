"""Runs like one that there is, on other days, over plain values: the clock in Sweden shows the same times on each."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from services.booking.courses.rules import MeetingPlan, RunPlan
from services.booking.courses.terms import Terms
from shared.kernel.calendar import STOCKHOLM, at_stockholm, is_limit_day, is_public_holiday, is_working_day, legal_day
from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_

MOST_COPIES: Final = 52
MOST_WEEKS_BETWEEN: Final = 26


@dataclass(frozen=True, slots=True)
class Series:
    """Copies of a run: the first begins on `first_day`, each other so many weeks after the one before."""

    first_day: date
    count: int = 1
    every_weeks: int = 1

    def first_days(self) -> tuple[date, ...]:
        """Return on which day each of them begins."""
        return tuple(self.first_day + timedelta(weeks=number * self.every_weeks) for number in range(self.count))


def check_series(series: Series, now: datetime) -> None:
    """Raise InvalidInput where the first day has passed."""
    if series.first_day < legal_day(now):
        raise InvalidInput(
            N_("{day} has passed. Give a day to come, on which the first copy begins."),
            code="first_day_passed",
            field="first_day",
            day=series.first_day,
        )


def moved(instant: datetime, days: timedelta) -> datetime:
    """Return the instant so many days on at which the clock in Sweden shows the same time."""
    there = instant.astimezone(STOCKHOLM)
    return at_stockholm(there.date() + days, there.time())


def copied(plan: RunPlan, first_day: date, now: datetime) -> RunPlan:
    """Return the plan of a run that begins on the day, with everything as many days on.

    What could not be kept any more on that day is left out: a day of decision before today is today, and none where the
    run begins then; registration that would have closed already is open until the run begins.
    """
    first = min(meeting.starts_at for meeting in plan.meetings)
    days = first_day - legal_day(first)
    return replace(
        plan,
        meetings=tuple(_moved_meeting(meeting, days) for meeting in plan.meetings),
        employer_cap=None if plan.employer_cap is None else min(plan.employer_cap, plan.capacity),
        undertaking_cap=None if plan.undertaking_cap is None else min(plan.undertaking_cap, plan.capacity),
        terms=_moved_terms(plan, first_day, days, now),
    )


def _moved_meeting(meeting: MeetingPlan, days: timedelta) -> MeetingPlan:
    starts_at, ends_at = moved(meeting.starts_at, days), moved(meeting.ends_at, days)
    return replace(meeting, starts_at=starts_at, ends_at=ends_at, meeting_id=None, keeps_link=False)


def _moved_terms(plan: RunPlan, first_day: date, days: timedelta, now: datetime) -> Terms:
    terms = plan.terms
    decide_on = None if terms.decide_on is None else max(terms.decide_on + days, legal_day(now))
    if decide_on is not None and decide_on >= first_day:
        decide_on = None
    opens = None if terms.registration_opens is None else moved(terms.registration_opens, days)
    closes = None if terms.registration_closes is None else moved(terms.registration_closes, days)
    minimum = None if decide_on is None or terms.minimum is None else min(terms.minimum, plan.capacity)
    return Terms(minimum, decide_on, opens, closes if closes is not None and closes > now else None)


def unusual_day(day: date) -> str | None:
    """Return what is unusual about holding a meeting on the day, as a message; None on an ordinary working day."""
    if is_public_holiday(day):
        return N_("a Sunday or a public holiday")
    if not is_working_day(day):
        return N_("a Saturday")
    return None if is_limit_day(day) else N_("the eve of a holiday")
