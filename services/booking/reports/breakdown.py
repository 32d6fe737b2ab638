"""What a project has reached by month and by municipality, and a mark by which a page knows that something changed.

Each is one statement whatever the project's size. Months are those of Sweden's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_MONTHS_OF_A_YEAR = 12
MOST_MONTHS = 60

# A person counts in the month of the first run that she has a seat on, an hour in the month of its meeting.
_BY_MONTH = text("""
    WITH booked AS (
        SELECT bookings.run_id, seats.participant_id, runs.starts_at
        FROM bookings
        JOIN seats ON seats.booking_id = bookings.id AND seats.released_at IS NULL
        JOIN runs ON runs.id = bookings.run_id
        WHERE bookings.project_id = :project_id AND bookings.state = 'confirmed'
    ), on_run AS (
        SELECT run_id, count(*) AS seats FROM booked GROUP BY run_id
    ), begun AS (
        SELECT min(booked.starts_at) AS at
        FROM booked JOIN persons ON persons.id = booked.participant_id
        GROUP BY coalesce(encode(persons.number_hash, 'hex'), persons.id::text)
    ), told AS (
        SELECT 'persons' AS measure, (at AT TIME ZONE 'Europe/Stockholm')::date AS day, 1 AS amount FROM begun
        UNION ALL
        SELECT 'seats', (starts_at AT TIME ZONE 'Europe/Stockholm')::date, 1 FROM booked
        UNION ALL
        SELECT 'employers', joined_on, 1 FROM employer_projects
        WHERE project_id = :project_id AND membership = 'joined'
        UNION ALL
        SELECT 'minutes', (meetings.starts_at AT TIME ZONE 'Europe/Stockholm')::date,
               on_run.seats * extract(epoch FROM meetings.ends_at - meetings.starts_at) / 60
        FROM meetings JOIN on_run ON on_run.run_id = meetings.run_id
    )
    SELECT measure, date_trunc('month', day)::date AS month, sum(amount)::bigint AS amount
    FROM told GROUP BY 1, 2
""")

# Where a person works: her employment that lasts, or else the last, at the employer that booked for her.
_BY_MUNICIPALITY = text("""
    WITH run_minutes AS (
        SELECT meetings.run_id, sum(extract(epoch FROM meetings.ends_at - meetings.starts_at) / 60)::bigint AS minutes
        FROM meetings JOIN runs ON runs.id = meetings.run_id
        WHERE runs.project_id = :project_id
        GROUP BY meetings.run_id
    ), booked AS (
        SELECT bookings.employer_id, bookings.run_id, persons.id AS person_id,
               coalesce(encode(persons.number_hash, 'hex'), persons.id::text) AS person
        FROM bookings
        JOIN seats ON seats.booking_id = bookings.id AND seats.released_at IS NULL
        JOIN persons ON persons.id = seats.participant_id
        WHERE bookings.project_id = :project_id AND bookings.state = 'confirmed'
    ), work AS (
        SELECT DISTINCT ON (employments.person_id, workplaces.employer_id)
               employments.person_id, workplaces.employer_id, workplaces.municipality
        FROM employments
        JOIN workplaces ON workplaces.id = employments.workplace_id
        WHERE employments.person_id IN (SELECT person_id FROM booked)
        ORDER BY employments.person_id, workplaces.employer_id,
                 employments.ends_on DESC NULLS FIRST, employments.starts_on DESC, employments.id
    )
    SELECT 'employers' AS measure, workplaces.municipality, count(DISTINCT placed.employer_id)::bigint AS amount
    FROM project_workplaces AS placed
    JOIN workplaces ON workplaces.id = placed.workplace_id
    JOIN employer_projects AS part ON part.employer_id = placed.employer_id AND part.project_id = placed.project_id
    WHERE placed.project_id = :project_id AND part.membership = 'joined'
    GROUP BY workplaces.municipality
    UNION ALL
    SELECT 'persons', work.municipality, count(DISTINCT booked.person)::bigint
    FROM booked LEFT JOIN work ON work.person_id = booked.person_id AND work.employer_id = booked.employer_id
    GROUP BY work.municipality
    UNION ALL
    SELECT 'minutes', work.municipality, sum(run_minutes.minutes)::bigint
    FROM booked
    JOIN run_minutes ON run_minutes.run_id = booked.run_id
    LEFT JOIN work ON work.person_id = booked.person_id AND work.employer_id = booked.employer_id
    GROUP BY work.municipality
""")

# What is booked, planned, joined, signed or aimed at changes a count, a sum or a version here; where people work
# does not.
_MARK = text("""
    SELECT (SELECT version FROM projects WHERE id = :project_id),
           (SELECT (count(*), sum(version), sum(seats)) FROM bookings WHERE project_id = :project_id)::text,
           (SELECT (count(*), sum(version)) FROM runs WHERE project_id = :project_id)::text,
           (SELECT (count(*), count(left_on)) FROM employer_projects WHERE project_id = :project_id)::text,
           (SELECT (count(*), sum(version)) FROM attendances WHERE project_id = :project_id)::text,
           (SELECT (count(*), sum(version)) FROM outside_courses WHERE project_id = :project_id)::text,
           (SELECT (count(*), sum(value_ore)) FROM project_contracts WHERE project_id = :project_id)::text
""")


@dataclass
class Amounts:
    """What was reached in one month or one municipality."""

    persons: int = 0
    employers: int = 0
    seats: int = 0
    minutes: int = 0

    @property
    def hours(self) -> int:
        """Whole hours, rounded down."""
        return self.minutes // 60


@dataclass(frozen=True)
class Month:
    """A month, by its first day, and what was reached in it."""

    first_day: date
    amounts: Amounts = field(default_factory=Amounts)


async def by_month(session: AsyncSession, project_id: UUID, *, today: date) -> Sequence[Month]:
    """Return every month from the first with anything to the last, this one among them; the latest `MOST_MONTHS`."""
    connection = await session.connection()
    found: dict[date, Month] = {}
    for row in await connection.execute(_BY_MONTH, {"project_id": project_id}):
        month = found.setdefault(row.month, Month(row.month))
        setattr(month.amounts, row.measure, row.amount)
    this = today.replace(day=1)
    at, last = min([this, *found]), max([this, *found])
    months = []
    while at <= last:
        months.append(found.get(at) or Month(at))
        at = _next_month(at)
    return months[-MOST_MONTHS:]


async def by_municipality(session: AsyncSession, project_id: UUID) -> Mapping[str | None, Amounts]:
    """Return what was reached by municipality code; None holds those without a workplace."""
    connection = await session.connection()
    found: dict[str | None, Amounts] = {}
    for row in await connection.execute(_BY_MUNICIPALITY, {"project_id": project_id}):
        setattr(found.setdefault(row.municipality, Amounts()), row.measure, row.amount)
    return found


async def mark_of_figures(session: AsyncSession, project_id: UUID) -> str:
    """Return what is another text as soon as a total of the project may be another: one cheap statement."""
    row = (await (await session.connection()).execute(_MARK, {"project_id": project_id})).one()
    return "/".join(map(str, row))


def _next_month(first_day: date) -> date:
    if first_day.month == _MONTHS_OF_A_YEAR:
        return first_day.replace(year=first_day.year + 1, month=1)
    return first_day.replace(month=first_day.month + 1)
