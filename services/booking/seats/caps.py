"""How many open seats one employer, and all employers of one undertaking, may take of a run.

What each employer has taken is counted in `seat_caps`; what an undertaking has is the sum of its employers', as they
belong together when it is asked. Whoever takes open seats holds the row of the open pool, so that the sum stands.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.tables import Run
from services.booking.seats.tables import SeatCap
from shared.db import rows_of
from shared.kernel.errors import Refused
from shared.kernel.texts import N_

# those that have stated a group are one undertaking by its name; any other is one by itself
_KEY: Final = """coalesce(lower(nullif(btrim({0}.group_name), '') COLLATE "und-x-icu"), {0}.id::text)"""
_UNDERTAKINGS: Final = f"""
    SELECT run.id, e.id, {_KEY.format("u")},
           (SELECT coalesce(sum(counted.taken), 0)::int
              FROM seat_caps AS counted
              JOIN employers AS same ON same.id = counted.employer_id
              JOIN undertakings AS own ON own.id = same.undertaking_id
             WHERE counted.run_id = run.id AND {_KEY.format("own")} = {_KEY.format("u")})
      FROM unnest($1::uuid[]) AS run (id)
     CROSS JOIN employers AS e
      JOIN undertakings AS u ON u.id = e.undertaking_id
     WHERE e.id = ANY($2::uuid[])
"""  # noqa: S608 - of our own texts alone


@dataclass(frozen=True, slots=True)
class OfUndertaking:
    """Which undertaking an employer belongs to, and how many open seats of a run all of it has taken."""

    key: str
    taken: int


async def undertakings_of(
    session: AsyncSession, runs: Sequence[Run], employers: Collection[UUID]
) -> Mapping[tuple[UUID, UUID], OfUndertaking]:
    """Return it by run and employer, of the runs that cap undertakings."""
    capped = [run.id for run in runs if run.undertaking_cap is not None]
    if not capped or not employers:
        return {}
    found = await rows_of(session, _UNDERTAKINGS, capped, list(employers))
    return {(run_id, employer_id): OfUndertaking(key, taken) for run_id, employer_id, key, taken in found}


def has_caps(run: Run) -> bool:
    """Whether what each employer takes of the run's open seats is counted."""
    return run.employer_cap is not None or run.undertaking_cap is not None


async def take_of_caps(session: AsyncSession, run: Run, employer_id: UUID, seats: int) -> None:
    """Count open seats, taken from the pool already, against both caps; raises Refused where one has too few left."""
    if not has_caps(run):
        return
    row = upsert(SeatCap).values(run_id=run.id, employer_id=employer_id, cap=run.employer_cap, taken=0)
    await session.exec(row.on_conflict_do_nothing())
    statement = (
        update(SeatCap)
        .where(
            col(SeatCap.run_id) == run.id,
            col(SeatCap.employer_id) == employer_id,
            or_(col(SeatCap.cap).is_(None), col(SeatCap.taken) + seats <= col(SeatCap.cap)),
        )
        .values(taken=col(SeatCap.taken) + seats)
        .execution_options(synchronize_session=False)
    )
    if (await session.exec(statement)).rowcount != 1:
        raise Refused(
            N_("One employer may take at most {cap} of the run's open seats; {asked} more were asked for."),
            code="employer_cap",
            field="seats",
            cap=run.employer_cap,
            asked=seats,
        )
    if run.undertaking_cap is not None and seats:
        await _check_undertaking(session, run, employer_id, seats, run.undertaking_cap)


async def _check_undertaking(session: AsyncSession, run: Run, employer_id: UUID, seats: int, cap: int) -> None:
    taken = (await undertakings_of(session, [run], [employer_id]))[run.id, employer_id].taken
    if taken > cap:
        raise Refused(
            N_(
                "The employers of one undertaking, or group, may together take at most {cap} of the run's open seats. "
                "{left} are left for yours; {asked} were asked for."
            ),
            code="undertaking_cap",
            field="seats",
            cap=cap,
            left=max(0, cap - taken + seats),
            asked=seats,
        )
