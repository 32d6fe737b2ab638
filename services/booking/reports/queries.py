"""The figures of a project. Persons are counted once, hours in full; booked hours are promised, not yet attended."""

from datetime import datetime
from typing import Any
from uuid import UUID

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
    seats: SeatFigures
    money: list[MoneyFigures]


async def get_figures(session: AsyncSession, clock: Clock, project_id: UUID) -> FiguresView:
    """Return what the project has reached against its targets; raises NotFound."""
    project = await get_project_row(session, project_id)
    connection = await session.connection()
    given = {"project_id": project_id}
    booked = (await connection.execute(_BOOKED, given)).one()
    employers = (await connection.execute(_JOINED, given)).scalar_one()
    contracted = {row.currency: row for row in await connection.execute(_CONTRACTED, given)}
    granted = {row.currency: row.ore for row in await connection.execute(_FUNDED, given)}
    minutes = project.target_minutes
    return FiguresView(
        project_id=project_id,
        as_of=clock.now(),
        persons=Measure(reached=booked.persons, target=project.target_persons),
        employers=Measure(reached=employers, target=project.target_employers),
        hours=Measure(reached=booked.minutes // _MINUTES, target=None if minutes is None else minutes // _MINUTES),
        booked_minutes=booked.minutes,
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
