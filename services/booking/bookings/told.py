"""How many a change of a run concerns, counted before it is made; who they are is decided when it is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_CONCERNED = text("""
    WITH active AS (
        SELECT id, employer_id, project_id, seats, state, answer_due_at FROM bookings
         WHERE run_id = :run_id AND state IN ('asked', 'confirmed')
    ), queue AS (
        SELECT employer_id, project_id
          FROM waiting_entries WHERE run_id = :run_id AND state IN ('waiting', 'offered')
    )
    SELECT (SELECT count(*) FROM active) AS bookings,
           (SELECT count(answer_due_at) FROM active) AS unanswered,
           (SELECT coalesce(sum(seats), 0) FROM active)::bigint AS seats,
           (SELECT count(DISTINCT held.person_id)
              FROM role_grants AS held
              JOIN active ON active.employer_id = held.employer_id
                         AND (held.project_id IS NULL OR held.project_id = active.project_id)
              JOIN persons ON persons.id = held.person_id AND persons.erased_at IS NULL
             WHERE held.role = 'contact' AND held.withdrawn_at IS NULL) AS contacts,
           (SELECT count(DISTINCT seats.participant_id)
              FROM seats JOIN active ON active.id = seats.booking_id AND active.state = 'confirmed'
             WHERE seats.released_at IS NULL) AS participants,
           (SELECT count(*) FROM queue) AS waiting,
           (SELECT count(DISTINCT held.person_id)
              FROM role_grants AS held
              JOIN queue ON queue.employer_id = held.employer_id
                        AND (held.project_id IS NULL OR held.project_id = queue.project_id)
              JOIN persons ON persons.id = held.person_id AND persons.erased_at IS NULL
             WHERE held.role = 'contact' AND held.withdrawn_at IS NULL) AS waiting_contacts
""")


@dataclass(frozen=True, slots=True)
class Concerned:
    """The bookings of a run, those to be approved too, their seats, and who is told when something happens to it.

    `unanswered` are the bookings of which it is asked whether they still hold after a change; `waiting` the groups that
    wait for seats, and `waiting_contacts` their contacts, some of whom may have booked too.
    """

    bookings: int
    seats: int
    contacts: int
    participants: int
    unanswered: int
    waiting: int
    waiting_contacts: int


async def concerned_by(session: AsyncSession, run_id: UUID) -> Concerned:
    """Return how many a change of the run concerns, in one statement."""
    row = (await (await session.connection()).execute(_CONCERNED, {"run_id": run_id})).one()
    return Concerned(
        row.bookings, row.seats, row.contacts, row.participants, row.unanswered, row.waiting, row.waiting_contacts
    )
