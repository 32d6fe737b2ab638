"""The figures of a project. Persons are counted once; booked hours are promised, attended ones marked and signed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.queries import get_project_row
from shared.kernel.clock import Clock
from shared.web.bodies import View

_MINUTES = 60

# A person whose identity number is in two rows is one person; without a number each row is one.
_BOOKED = text("""
    WITH run_minutes AS (
        SELECT meetings.run_id, sum(extract(epoch FROM meetings.ends_at - meetings.starts_at) / 60)::bigint AS minutes
        FROM meetings JOIN runs ON runs.id = meetings.run_id
        WHERE runs.project_id = :project_id
        GROUP BY meetings.run_id
    )
    SELECT count(*) AS seats,
           count(seats.participant_id) AS named,
           count(DISTINCT coalesce(encode(persons.number_hash, 'hex'), persons.id::text)) AS persons,
           coalesce(sum(run_minutes.minutes), 0)::bigint AS minutes
    FROM bookings
    JOIN seats ON seats.booking_id = bookings.id AND seats.released_at IS NULL
    JOIN run_minutes ON run_minutes.run_id = bookings.run_id
    LEFT JOIN persons ON persons.id = seats.participant_id
    WHERE bookings.project_id = :project_id AND bookings.state = 'confirmed'
""")
# Whole hours are rounded down for each person and unit, as `attendance.rules.reported_minutes` does.
_ATTENDED = text("""
    WITH told AS (
        SELECT attended.participant_id, attended.minutes, attended.signed_at,
               meetings.ends_at, coalesce(encode(persons.number_hash, 'hex'), persons.id::text) AS person,
               CASE CAST(:rounding AS text)
                   WHEN 'per_activity' THEN attended.run_id::text
                   WHEN 'per_month' THEN to_char(meetings.starts_at AT TIME ZONE 'Europe/Stockholm', 'YYYY-MM')
                   ELSE attended.meeting_id::text
               END AS unit
        FROM attendances AS attended
        JOIN meetings ON meetings.id = attended.meeting_id
        JOIN persons ON persons.id = attended.participant_id
        WHERE attended.project_id = :project_id
    ), units AS (
        SELECT sum(minutes) AS minutes, coalesce(sum(minutes) FILTER (WHERE signed_at IS NOT NULL), 0) AS signed
        FROM told GROUP BY participant_id, unit
    ), counted AS (
        SELECT minutes, signed, CASE WHEN CAST(:rounding AS text) = 'exact' THEN 1 ELSE 60 END AS whole FROM units
    )
    SELECT (SELECT count(DISTINCT person) FROM told WHERE minutes > 0) AS persons,
           (SELECT count(*) FROM told WHERE minutes = 0 AND ends_at <= :now) AS no_shows,
           coalesce(sum(minutes), 0)::bigint AS minutes,
           coalesce(sum(minutes / whole * whole), 0)::bigint AS counted_minutes,
           coalesce(sum(signed / whole * whole), 0)::bigint AS signed_minutes,
           (SELECT coalesce(sum(minutes / unit.whole * unit.whole), 0)::bigint
              FROM outside_courses
             CROSS JOIN (SELECT CASE WHEN CAST(:rounding AS text) = 'exact' THEN 1 ELSE 60 END AS whole) AS unit
             WHERE project_id = :project_id AND state = 'accepted') AS outside_minutes
    FROM counted
""")
_JOINED = text("SELECT count(*) FROM employer_projects WHERE project_id = :project_id AND membership = 'joined'")
_CONTRACTED = text("""
    SELECT currency, count(*) AS contracts, sum(value_ore)::bigint AS ore
    FROM project_contracts WHERE project_id = :project_id GROUP BY currency ORDER BY currency
""")
_FUNDED = text("""
    SELECT currency, sum(amount_ore)::bigint AS ore
    FROM project_funders WHERE project_id = :project_id AND amount_ore IS NOT NULL GROUP BY currency ORDER BY currency
""")


class Measure(View):
    """How far a project has come; without a target there is nothing to compare with."""

    reached: int
    target: int | None


class SeatFigures(View):
    """Seats of confirmed bookings, and how many of them have a name."""

    booked: int
    named: int


class AttendedFigures(View):
    """Who was there, and for how long: as marked, by the project's rule of rounding, and of that signed for."""

    persons: int
    no_shows: int
    minutes: int
    counted_minutes: int
    signed_minutes: int
    outside_minutes: int = Field(description="of accepted outside courses, by the project's rule; not in the others")
    rounding: str


class MoneyFigures(View):
    """What is contracted in a currency, in whole öre without VAT, beside what funders have granted."""

    currency: str
    contracts: int
    contracted_ore: int
    granted_ore: int


class FiguresView(View):
    """A project's figures at an instant."""

    project_id: UUID
    as_of: datetime
    persons: Measure
    employers: Measure
    hours: Measure
    booked_minutes: int
    attended: AttendedFigures
    seats: SeatFigures
    money: list[MoneyFigures]


async def get_figures(session: AsyncSession, clock: Clock, project_id: UUID) -> FiguresView:
    """Return what the project has reached against its targets; raises NotFound."""
    project = await get_project_row(session, project_id)
    connection = await session.connection()
    given, now = {"project_id": project_id}, clock.now()
    booked = (await connection.execute(_BOOKED, given)).one()
    marked = {**given, "rounding": project.hour_rounding, "now": now}
    attended = (await connection.execute(_ATTENDED, marked)).mappings().one()
    employers = (await connection.execute(_JOINED, given)).scalar_one()
    contracted = {row.currency: row for row in await connection.execute(_CONTRACTED, given)}
    granted = {row.currency: row.ore for row in await connection.execute(_FUNDED, given)}
    minutes = project.target_minutes
    return FiguresView(
        project_id=project_id,
        as_of=now,
        persons=Measure(reached=booked.persons, target=project.target_persons),
        employers=Measure(reached=employers, target=project.target_employers),
        hours=Measure(reached=booked.minutes // _MINUTES, target=None if minutes is None else minutes // _MINUTES),
        booked_minutes=booked.minutes,
        attended=AttendedFigures.model_validate({**attended, "rounding": project.hour_rounding}),
        seats=SeatFigures(booked=booked.seats, named=booked.named),
        money=[_money(currency, contracted, granted) for currency in sorted({*contracted, *granted})],
    )


def _money(currency: str, contracted: dict[str, Any], granted: dict[str, int]) -> MoneyFigures:
    row = contracted.get(currency)
    return MoneyFigures(
        currency=currency,
        contracts=0 if row is None else row.contracts,
        contracted_ore=0 if row is None else row.ore,
        granted_ore=granted.get(currency, 0),
    )
