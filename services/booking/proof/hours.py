"""Hours of a project by month and municipality: attended to the minute, counted by the project's rule, signed, outside.

One statement for any project. Minutes stand in the month of their meeting; what counts stands where its unit
begins: a meeting, or somebody's activity or month, of which whole hours are rounded down as `reported_minutes` does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.rules import HourRounding

_EACH: Final = "SELECT participant_id, employer_id, month, minutes, signed FROM told"
_TOGETHER: Final = """
    SELECT participant_id, (array_agg(employer_id ORDER BY starts_at, id))[1] AS employer_id, min(month) AS month,
           sum(minutes) AS minutes, sum(signed) AS signed
    FROM told GROUP BY participant_id, {unit}
"""
_UNITS: Final = {
    HourRounding.EXACT: _EACH,
    HourRounding.PER_MEETING: _EACH,
    HourRounding.PER_ACTIVITY: _TOGETHER.format(unit="run_id"),
    HourRounding.PER_MONTH: _TOGETHER.format(unit="month"),
}
# Where a person works: her employment that lasts, or else the last, at the employer by whose seat she came; where she
# has none there, the workplace by which that employer was first let in.
_HOURS: Final = """
    WITH told AS (
        SELECT attended.id, attended.participant_id, attended.employer_id, attended.run_id, meetings.starts_at,
               date_trunc('month', meetings.starts_at AT TIME ZONE 'Europe/Stockholm')::date AS month,
               attended.minutes, CASE WHEN attended.signed_at IS NULL THEN 0 ELSE attended.minutes END AS signed
        FROM attendances AS attended JOIN meetings ON meetings.id = attended.meeting_id
        WHERE attended.project_id = :project_id AND attended.minutes > 0
    ), units AS ({units}), amounts AS (
        SELECT participant_id, employer_id, month, minutes, 0 AS counted, 0 AS signed, 0 AS outside FROM told
        UNION ALL
        SELECT participant_id, employer_id, month, 0, minutes / {whole} * {whole}, signed / {whole} * {whole}, 0
        FROM units
        UNION ALL
        SELECT participant_id, employer_id, date_trunc('month', ends_on)::date, 0, 0, 0, minutes / {whole} * {whole}
        FROM outside_courses WHERE project_id = :project_id AND state = 'accepted'
    ), work AS (
        SELECT DISTINCT ON (employments.person_id, workplaces.employer_id)
               employments.person_id, workplaces.employer_id, workplaces.municipality
        FROM employments JOIN workplaces ON workplaces.id = employments.workplace_id
        WHERE employments.person_id IN (SELECT participant_id FROM amounts)
        ORDER BY employments.person_id, workplaces.employer_id,
                 employments.ends_on DESC NULLS FIRST, employments.starts_on DESC, employments.id
    ), home AS (
        SELECT DISTINCT ON (placed.employer_id) placed.employer_id, workplaces.municipality
        FROM project_workplaces AS placed JOIN workplaces ON workplaces.id = placed.workplace_id
        WHERE placed.project_id = :project_id
        ORDER BY placed.employer_id, placed.decided_on, placed.workplace_id
    )
    SELECT amounts.month, coalesce(work.municipality, home.municipality) AS municipality,
           sum(amounts.minutes)::bigint AS minutes, sum(amounts.counted)::bigint AS counted,
           sum(amounts.signed)::bigint AS signed, sum(amounts.outside)::bigint AS outside
    FROM amounts
    LEFT JOIN work ON work.person_id = amounts.participant_id AND work.employer_id = amounts.employer_id
    LEFT JOIN home ON home.employer_id = amounts.employer_id
    GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class HoursOf:
    """Minutes: attended, counted by the project's rule, of these signed for, and of accepted outside courses."""

    minutes: int = 0
    counted: int = 0
    signed: int = 0
    outside: int = 0

    @property
    def in_all(self) -> int:
        """What counts in the project: attended and outside."""
        return self.counted + self.outside

    def __add__(self, other: "HoursOf") -> "HoursOf":
        """Return both together."""
        return HoursOf(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class HoursCell:
    """The hours of a month, by its first day, and a municipality, by its code; none where it is not known."""

    month: date
    municipality: str | None
    hours: HoursOf


Key = TypeVar("Key")


async def attended_hours(session: AsyncSession, project_id: UUID, rounding: HourRounding) -> Sequence[HoursCell]:
    """Return the project's hours by month and municipality, the first month first."""
    whole = 1 if rounding is HourRounding.EXACT else 60
    statement = text(_HOURS.format(units=_UNITS[rounding], whole=whole))
    found = await (await session.connection()).execute(statement, {"project_id": project_id})
    return [
        HoursCell(row.month, row.municipality, HoursOf(row.minutes, row.counted, row.signed, row.outside))
        for row in found
    ]


def hours_by(cells: Iterable[HoursCell], key: Callable[[HoursCell], Key]) -> dict[Key, HoursOf]:
    """Return the hours summed by what `key` gives, in the order in which it comes."""
    summed: dict[Key, HoursOf] = defaultdict(HoursOf)
    for cell in cells:
        summed[key(cell)] += cell.hours
    return dict(summed)


def sum_of(cells: Iterable[HoursCell]) -> HoursOf:
    """Return all hours together."""
    return sum((cell.hours for cell in cells), HoursOf())
