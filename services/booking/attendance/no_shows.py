"""How often somebody who had a seat did not come, and how many seats were given back late: of booking, run, employer.

A participant who is marked with no minutes at a meeting counts once for that meeting; who is not marked counts not yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import rows_of

_OF_BOOKING: Final = """
    SELECT count(*) FILTER (WHERE marked.minutes = 0), count(marked.id), max(booking.late_seats)
      FROM bookings AS booking LEFT JOIN attendances AS marked ON marked.booking_id = booking.id
     WHERE booking.id = $1
"""
_OF_RUN: Final = """
    SELECT (SELECT count(*) FILTER (WHERE marked.minutes = 0)
              FROM meetings AS meeting JOIN attendances AS marked ON marked.meeting_id = meeting.id
             WHERE meeting.run_id = $1),
           (SELECT count(*) FROM meetings AS meeting JOIN attendances AS marked ON marked.meeting_id = meeting.id
             WHERE meeting.run_id = $1),
           (SELECT coalesce(sum(late_seats), 0)::bigint FROM bookings WHERE run_id = $1)
"""
_OF_PARTS: Final = """
    SELECT part.employer_id, part.project_id,
           (SELECT count(*) FILTER (WHERE marked.minutes = 0)
              FROM bookings AS booking JOIN attendances AS marked ON marked.booking_id = booking.id
             WHERE booking.project_id = part.project_id AND booking.employer_id = part.employer_id),
           (SELECT count(*)
              FROM bookings AS booking JOIN attendances AS marked ON marked.booking_id = booking.id
             WHERE booking.project_id = part.project_id AND booking.employer_id = part.employer_id),
           (SELECT coalesce(sum(late_seats), 0)::bigint FROM bookings AS booking
             WHERE booking.project_id = part.project_id AND booking.employer_id = part.employer_id)
      FROM unnest($1::uuid[], $2::uuid[]) AS part (employer_id, project_id)
"""


@dataclass(frozen=True, slots=True)
class NoShows:
    """How many did not come, of so many who are marked at meetings, and how many seats were given back late."""

    no_shows: int = 0
    marked: int = 0
    late_seats: int = 0


async def no_shows_of_booking(session: AsyncSession, booking_id: UUID) -> NoShows:
    """Return the figures of a booking."""
    return NoShows(*(await rows_of(session, _OF_BOOKING, booking_id))[0])


async def no_shows_of_run(session: AsyncSession, run_id: UUID) -> NoShows:
    """Return the figures of a run."""
    return NoShows(*(await rows_of(session, _OF_RUN, run_id))[0])


async def no_shows_of_parts(
    session: AsyncSession, parts: Sequence[tuple[UUID, UUID]]
) -> Mapping[tuple[UUID, UUID], NoShows]:
    """Return the figures of each part, of employer and project."""
    if not parts:
        return {}
    rows = await rows_of(session, _OF_PARTS, [one for one, _ in parts], [project for _, project in parts])
    return {(row[0], row[1]): NoShows(*row[2:]) for row in rows}
