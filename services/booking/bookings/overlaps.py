"""When participants have their meetings: nobody is in two places at once, and the database holds it.

Each named seat has a row for each meeting of its run, and PostgreSQL refuses two of one person that overlap. A lead may
still move a run onto another of somebody's: such rows are marked, stand outside the rule, and are told of
(docs/decisions/0011-a-run-may-be-moved-onto-another.md).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.recipients import contacts_of
from shared.contracts.booking import MeetingsAtOnce
from shared.db import rows_of
from shared.kernel.errors import InvalidInput, KurslotsError
from shared.kernel.texts import N_
from shared.web.bodies import View

Times = Sequence[tuple[datetime, datetime]]

_OVERLAPS: Final = """
    SELECT held.participant_id, person.protected, booking.employer_id, run.id, run.reference, course.title,
           min(lower(held.during))
      FROM seat_meetings AS held
      JOIN unnest($3::timestamptz[], $4::timestamptz[]) AS asked (starts_at, ends_at)
        ON held.during && tstzrange(asked.starts_at, asked.ends_at)
      JOIN seats AS seat ON seat.id = held.seat_id
      JOIN bookings AS booking ON booking.id = seat.booking_id
      JOIN runs AS run ON run.id = seat.run_id
      JOIN courses AS course ON course.id = run.course_id
      JOIN persons AS person ON person.id = held.participant_id
     WHERE held.participant_id = ANY($1) AND seat.run_id <> $2
     GROUP BY held.participant_id, person.protected, booking.employer_id, run.id, course.id
     ORDER BY 7, run.id
"""
_FORGET: Final = "DELETE FROM seat_meetings WHERE seat_id = ANY($1)"
# what would break the rule is left out: another transaction that is about to write it is waited for
_WRITE: Final = """
    INSERT INTO seat_meetings (seat_id, meeting_id, participant_id, during, moved_onto)
    SELECT seat.id, meeting.id, seat.participant_id, tstzrange(meeting.starts_at, meeting.ends_at), $2
      FROM seats AS seat
      JOIN meetings AS meeting ON meeting.run_id = seat.run_id
     WHERE seat.id = ANY($1) AND seat.released_at IS NULL AND seat.participant_id IS NOT NULL
     ORDER BY seat.participant_id, meeting.starts_at
    ON CONFLICT DO NOTHING
"""
_MISSING: Final = """
    SELECT DISTINCT seat.participant_id
      FROM seats AS seat
      JOIN meetings AS meeting ON meeting.run_id = seat.run_id
      LEFT JOIN seat_meetings AS held ON held.seat_id = seat.id AND held.meeting_id = meeting.id
     WHERE seat.id = ANY($1) AND seat.released_at IS NULL AND seat.participant_id IS NOT NULL AND held.seat_id IS NULL
"""
_SETTLE: Final = """
    UPDATE seat_meetings AS held SET moved_onto = false
     WHERE held.moved_onto AND held.participant_id = ANY($1)
       AND NOT EXISTS (SELECT FROM seat_meetings AS other
                        WHERE other.participant_id = held.participant_id AND other.seat_id <> held.seat_id
                          AND other.during && held.during)
"""
_SEATS_OF_RUN: Final = """
    SELECT id, participant_id FROM seats
     WHERE run_id = $1 AND released_at IS NULL AND participant_id IS NOT NULL ORDER BY id
"""


_NAMED: Final = """
    SELECT seat.participant_id, booking.project_id, booking.employer_id
      FROM seats AS seat JOIN bookings AS booking ON booking.id = seat.booking_id
     WHERE seat.run_id = $1 AND seat.released_at IS NULL AND seat.participant_id IS NOT NULL
"""
_OVERLAPPING: Final = """
    SELECT person.id,
           CASE WHEN NOT person.protected AND person.erased_at IS NULL
                THEN person.given_name || ' ' || person.family_name END,
           employer.id, employer.name, run.id, run.reference, course.title, min(lower(here.during * there.during))
      FROM seats AS seat
      JOIN seat_meetings AS here ON here.seat_id = seat.id
      JOIN seat_meetings AS there ON there.participant_id = here.participant_id
                                 AND there.seat_id <> here.seat_id AND there.during && here.during
      JOIN seats AS elsewhere ON elsewhere.id = there.seat_id
      JOIN runs AS run ON run.id = elsewhere.run_id
      JOIN courses AS course ON course.id = run.course_id
      JOIN bookings AS booking ON booking.id = seat.booking_id
      JOIN employers AS employer ON employer.id = booking.employer_id
      JOIN persons AS person ON person.id = here.participant_id
     WHERE seat.run_id = $1
     GROUP BY person.id, employer.id, run.id, course.id
     ORDER BY 8, person.id, run.id
"""


class OverlapView(View):
    """Somebody on a run who has a meeting of another at the same time; of a protected person neither name nor where."""

    person_id: UUID
    name: str | None
    employer_id: UUID
    employer_name: str
    starts_at: AwareDatetime
    other_run_id: UUID | None
    other_reference: str | None
    other_course_title: str | None


class RunOverlaps(View):
    """Everybody on a run who has a meeting of another at the same time."""

    items: list[OverlapView]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A run that a participant is on at the same time, booked by the employer; the first meeting that overlaps."""

    participant_id: UUID
    is_protected: bool
    employer_id: UUID
    run_id: UUID
    reference: str
    course_title: str
    starts_at: datetime


async def overlaps_of(
    session: AsyncSession, people: Collection[UUID], *, run_id: UUID, times: Times
) -> Sequence[Overlap]:
    """Return what the people have on other runs than this one at these times, the earliest first."""
    if not people or not times:
        return []
    starts, ends = [starts for starts, _ in times], [ends for _, ends in times]
    return [Overlap(*row) for row in await rows_of(session, _OVERLAPS, sorted(people), run_id, starts, ends)]


def wrong_with(overlap: Overlap, field: str) -> KurslotsError:
    """Return what is told of somebody who cannot be named for it; where a protected person is, nobody is told."""
    if overlap.is_protected:
        return InvalidInput(
            N_("This person has another course at the same time. Name a colleague, or leave the seat without a name."),
            code="meetings_at_once",
            field=field,
        )
    return InvalidInput(
        N_(
            "This person has a seat on {course} ({reference}) at the same time, {starts}. Name a colleague, give that "
            "seat to somebody else first, or leave this one without a name."
        ),
        code="meetings_at_once",
        field=field,
        course=overlap.course_title,
        reference=overlap.reference,
        starts=overlap.starts_at,
    )


async def follow_seats(session: AsyncSession, seat_ids: Collection[UUID], left: Iterable[UUID]) -> Collection[UUID]:
    """Write when those who are named on the seats now have their meetings; `left` are those who were.

    Returns whom the database refused. The seats have been flushed.
    """
    ids = sorted(seat_ids)
    if not ids:
        return set()
    await _run(session, _FORGET, ids)
    await _run(session, _WRITE, ids, False)  # noqa: FBT003 - a value of the statement
    await _settle(session, left)
    return {row[0] for row in await rows_of(session, _MISSING, ids)}


async def told_of_moving(session: AsyncSession, run_id: UUID, times: Times) -> tuple[MeetingsAtOnce, ...]:
    """Return what each recipient is told where the run, held at these times, overlaps another of a participant.

    The participant herself; and the employer's contacts, where it booked both and her identity is not protected.
    """
    named = {
        participant: (project_id, employer_id)
        for participant, project_id, employer_id in await rows_of(session, _NAMED, run_id)
    }
    told: dict[tuple[UUID, UUID], MeetingsAtOnce] = {}
    for overlap in await overlaps_of(session, named.keys(), run_id=run_id, times=times):
        project_id, employer_id = named[overlap.participant_id]
        recipients = [overlap.participant_id]
        if not overlap.is_protected and overlap.employer_id == employer_id:
            recipients += await contacts_of(session, project_id=project_id, employer_id=employer_id)
        for recipient in recipients:
            told[recipient, overlap.run_id] = MeetingsAtOnce(
                recipient_id=recipient, course_title=overlap.course_title, run_reference=overlap.reference
            )
    return tuple(told.values())


async def list_overlaps(session: AsyncSession, run_id: UUID) -> list[OverlapView]:
    """Return who on the run has another meeting at the same time, the earliest first."""
    return [
        OverlapView(
            person_id=person_id,
            name=name,
            employer_id=employer_id,
            employer_name=employer_name,
            starts_at=starts_at,
            # of a protected person nobody learns where else she is
            other_run_id=other_id if name else None,
            other_reference=reference if name else None,
            other_course_title=title if name else None,
        )
        for person_id, name, employer_id, employer_name, other_id, reference, title, starts_at in await rows_of(
            session, _OVERLAPPING, run_id
        )
    ]


async def follow_run(session: AsyncSession, run_id: UUID) -> None:
    """Write it anew for everybody on a (locked) run whose meetings are others now; what overlaps is marked."""
    rows = await rows_of(session, _SEATS_OF_RUN, run_id)
    ids = [seat_id for seat_id, _ in rows]
    await _run(session, _FORGET, ids)
    for moved_onto in (False, True):
        await _run(session, _WRITE, ids, moved_onto)
    await _settle(session, {participant for _, participant in rows})


async def _settle(session: AsyncSession, people: Iterable[UUID]) -> None:
    """Take away the mark of what overlaps nothing any more."""
    if ids := sorted(set(people)):
        await _run(session, _SETTLE, ids)


async def _run(session: AsyncSession, statement: str, *values: object) -> None:
    await rows_of(session, f"{statement} RETURNING 1", *values)
