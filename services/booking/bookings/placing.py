"""The two statements of a new booking: what it rests on, read at once, and all that it writes, in one go.

Booking is the command that many give at the same moment: each statement less is seats sold per second, and a shorter
hold on the pool.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import make_transient_to_detached
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.tables import Booking, Seat
from services.booking.courses.queries import summary_with
from services.booking.courses.tables import Course, Meeting, Run
from services.booking.employers.rules import Membership
from services.booking.projects.rules import BookingApproval
from services.booking.seats.pools import Taken
from services.booking.seats.tables import SeatPool
from shared.contracts.facts import RunSummary
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.messaging.outbox import Told

_SETTING = """
    SELECT e.name, part.membership, c.title, c.kind, c.area, c.language, m.*, p.*,
           project.name_by_days, project.substitution_lock_days, project.booking_approval,
           ARRAY(SELECT DISTINCT g.person_id
                   FROM role_grants AS g JOIN persons ON persons.id = g.person_id
                  WHERE g.role = $5 AND g.employer_id = $3 AND (g.project_id IS NULL OR g.project_id = $2)
                    AND g.withdrawn_at IS NULL AND persons.erased_at IS NULL
                  ORDER BY g.person_id)
      FROM courses AS c
      JOIN projects AS project ON project.id = c.project_id
      LEFT JOIN employers AS e ON e.id = $3
      LEFT JOIN employer_projects AS part ON part.employer_id = $3 AND part.project_id = $2
     CROSS JOIN LATERAL (SELECT array_agg(id ORDER BY starts_at, id), array_agg(starts_at ORDER BY starts_at, id),
                                array_agg(ends_at ORDER BY starts_at, id), array_agg(mode ORDER BY starts_at, id),
                                array_agg(place ORDER BY starts_at, id), array_agg(digital_link ORDER BY starts_at, id)
                           FROM meetings WHERE run_id = $1) AS m
     CROSS JOIN LATERAL (SELECT array_agg(id ORDER BY id), array_agg(holder_id ORDER BY id),
                                array_agg(capacity ORDER BY id), array_agg(taken ORDER BY id),
                                array_agg(waiting ORDER BY id)
                           FROM seat_pools WHERE run_id = $1) AS p
     WHERE c.id = $4
"""

_PLACE = """
    WITH booking AS (
        INSERT INTO bookings (id, reference, project_id, employer_id, run_id, state, seats, version, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ), placed AS (
        INSERT INTO seats (id, booking_id, run_id, pool_id, number, kept, participant_id)
        SELECT each.id, $1::uuid, $5::uuid, each.pool_id, each.number, each.kept, each.participant_id
          FROM unnest($10::uuid[], $11::uuid[], $12::int[], $13::boolean[], $14::uuid[])
               AS each (id, pool_id, number, kept, participant_id)
    ), times AS (
        INSERT INTO seat_meetings (seat_id, meeting_id, participant_id, during, moved_onto)
        SELECT each.id, meeting.id, each.participant_id, tstzrange(meeting.starts_at, meeting.ends_at), false
          FROM unnest($10::uuid[], $14::uuid[]) AS each (id, participant_id)
          JOIN meetings AS meeting ON meeting.run_id = $5 AND each.participant_id IS NOT NULL
         ORDER BY each.participant_id, meeting.starts_at
        ON CONFLICT DO NOTHING
        RETURNING participant_id
    ), history AS (
        INSERT INTO booking_history
               (booking_id, at, actor_id, change, after, seats_before, seats_after, joined, left_out)
        VALUES ($1, $9, $15, $6, $6, 0, $7, $16, '{}')
    )
    INSERT INTO outbox (event_id, topic, key, slot, type, version, at, traceparent, payload)
    VALUES ($17, $18, $1, $19, $20, $8, $9, $21, $22)
    RETURNING ARRAY(SELECT DISTINCT refused.id FROM unnest($14::uuid[]) AS refused (id)
                     WHERE refused.id IS NOT NULL
                       AND $23 <> (SELECT count(*) FROM times WHERE times.participant_id = refused.id))
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a booking rests on besides its run: read once, after the run is locked."""

    employer_name: str
    course: Course
    meetings: Sequence[Meeting]
    pools: Sequence[SeatPool]
    contacts: Sequence[UUID]
    name_by_days: int | None
    substitution_lock_days: int | None
    approval: BookingApproval

    def summary(self, run: Run) -> RunSummary:
        """Return what a recipient needs to know of the run."""
        return summary_with(run, self.course, self.meetings)

    def kept_pool(self, employer_id: UUID) -> SeatPool | None:
        """Return the employer's own pool."""
        return next((pool for pool in self.pools if pool.holder_id == employer_id), None)

    def open_pool(self) -> SeatPool:
        """Return the pool that is open to all; raises NotFound where there are none."""
        for pool in self.pools:
            if pool.holder_id is None:
                return pool
        raise NotFound(N_("There is no such run."), code="run_not_found")


@dataclass(frozen=True, slots=True)
class Placed:
    """A booking just made, with what is to be shown of it; `taken` is what the setting does not know of yet."""

    booking: Booking
    run: Run
    setting: Setting
    seats: Sequence[Seat]
    taken: Sequence[Taken]


async def setting_of(session: AsyncSession, run: Run, *, project_id: UUID, employer_id: UUID) -> Setting:
    """Return what a booking of the employer rests on; raises NotFound unless it has a part in the project now."""
    found = await rows_of(session, _SETTING, run.id, project_id, employer_id, run.course_id, Role.CONTACT.value)
    name, membership, title, kind, area, language, *rest, name_by_days, lock_days, approval, contacts = found[0]
    if membership != Membership.JOINED.value:
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")
    meetings = [
        Meeting(id=id_, run_id=run.id, starts_at=starts, ends_at=ends, mode=mode, place=place, digital_link=link)
        for id_, starts, ends, mode, place, link in _together(rest[:6])
    ]
    pools = [
        SeatPool(id=id_, run_id=run.id, holder_id=holder, capacity=capacity, taken=taken, waiting=waiting)
        for id_, holder, capacity, taken, waiting in _together(rest[6:])
    ]
    course = Course(
        id=run.course_id,
        project_id=project_id,
        title=title,
        description="",
        area=area,
        language=language,
        kind=kind,
        created_at=run.created_at,
    )
    return Setting(name, course, meetings, pools, contacts, name_by_days, lock_days, BookingApproval(approval))


def _together(columns: Sequence[Sequence[Any] | None]) -> Sequence[tuple[Any, ...]]:
    return list(zip(*(column or () for column in columns), strict=True))


def seats_for(
    run: Run, booking_id: UUID, taken: Sequence[Taken], participants: Sequence[UUID], asked: int
) -> list[Seat]:
    """Return the seats, the employer's kept ones first: names first, then placeholders."""
    names = [*participants, *([None] * (asked - len(participants)))]
    origins = [(part.pool_id, part.kept) for part in taken for _ in range(part.seats)]
    return [
        Seat(
            id=new_id(),
            booking_id=booking_id,
            run_id=run.id,
            pool_id=pool_id,
            number=number,
            kept=kept,
            participant_id=name,
        )
        for number, ((pool_id, kept), name) in enumerate(zip(origins, names, strict=True), 1)
    ]


async def place(
    session: AsyncSession,
    booking: Booking,
    seats: Sequence[Seat],
    told: Told,
    *,
    now: datetime,
    by: UUID | None,
    joined: Sequence[UUID],
    meetings: int,
) -> Sequence[UUID]:
    """Write a booking whose seats are taken, when its participants have their meetings, and what is told of it.

    Returns whom the database refused because they have another meeting then: the caller must give up.
    """
    (found,) = await rows_of(
        session,
        _PLACE,
        booking.id,
        booking.reference,
        booking.project_id,
        booking.employer_id,
        booking.run_id,
        booking.state,
        booking.seats,
        booking.version,
        now,
        [seat.id for seat in seats],
        [seat.pool_id for seat in seats],
        [seat.number for seat in seats],
        [seat.kept for seat in seats],
        [seat.participant_id for seat in seats],
        by,
        list(joined),
        told.event_id,
        told.topic,
        told.slot,
        told.type,
        told.traceparent,
        told.payload,
        meetings,
    )
    make_transient_to_detached(booking)
    session.add(booking)
    refused: Sequence[UUID] = found[0]
    return refused
