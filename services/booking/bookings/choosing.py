"""What the forms of a booking let one choose among: employers to act for, people to name, needs to meet.

Of a person with protected identity no name is told here; the workplace is all there is to tell several apart by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.views import SeatView
from services.booking.courses.tables import Run
from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject
from services.booking.needs.rules import MetBy
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.seats.caps import undertakings_of
from services.booking.seats.tables import SeatCap, SeatPool
from shared.db import rows_of
from shared.kernel.calendar import legal_day
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

ACTING_ROLES: Final = (Role.CONTACT, Role.COACH, Role.PROJECT_LEAD)
MOST_PEOPLE: Final = 200
MOST_NEEDS: Final = 100

# As `members.check_participants` lets in; with the booking by which somebody has a seat on the run already.
_PEOPLE: Final = """
    SELECT p.id, CASE WHEN p.protected THEN NULL ELSE p.given_name || ' ' || p.family_name END, min(w.name),
           (SELECT s.booking_id FROM seats AS s
             WHERE s.run_id = $3 AND s.participant_id = p.id AND s.released_at IS NULL)
      FROM employments AS e
      JOIN workplaces AS w ON w.id = e.workplace_id
      JOIN project_workplaces AS pw ON pw.workplace_id = w.id AND pw.project_id = $1
      JOIN participations AS t ON t.person_id = e.person_id AND t.project_id = $1
      JOIN persons AS p ON p.id = e.person_id
     WHERE w.employer_id = $2
       AND (e.ends_on IS NULL OR e.ends_on >= $4) AND (t.ends_on IS NULL OR t.ends_on >= $4)
       AND p.erased_at IS NULL
       AND ($5 = '' OR (NOT p.protected AND strpos(lower((p.given_name || ' ' || p.family_name) COLLATE "und-x-icu"),
                                                   lower($5 COLLATE "und-x-icu")) > 0))
     GROUP BY p.id
     ORDER BY NOT p.protected, CASE WHEN p.protected THEN '' ELSE p.family_name END COLLATE "sv-x-icu",
              CASE WHEN p.protected THEN '' ELSE p.given_name END COLLATE "sv-x-icu", p.id
     LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class ChoosablePerson:
    """Somebody who may be named on a seat. `is_elsewhere`: she has a seat on the run by another booking."""

    person_id: UUID
    name: str | None
    workplace: str | None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class ChoosablePeople:
    """People by family name, and whether there are more than are shown."""

    people: Sequence[ChoosablePerson]
    are_more: bool


@dataclass(frozen=True, slots=True)
class FreeSeats:
    """What an employer can book of a run now: its own kept seats, open ones, and the most that its cap still allows."""

    kept: int
    open: int
    cap: int | None
    cap_left: int | None

    @property
    def most(self) -> int:
        """How many seats it can book."""
        return self.kept + (self.open if self.cap_left is None else min(self.open, self.cap_left))


async def employers_to_book_for(
    session: AsyncSession, actor: Actor, project_id: UUID, query: ListFilter
) -> Rows[tuple[UUID, str]]:
    """Return the employers in the project for which the person may book, by name."""
    statement = (
        select(Employer.id, Employer.name)
        .join(EmployerProject, col(EmployerProject.employer_id) == col(Employer.id))
        .where(
            col(EmployerProject.project_id) == project_id,
            col(EmployerProject.membership) == Membership.JOINED.value,
            _acted_for(actor, project_id),
        )
    )
    if query.q:
        statement = statement.where(col(Employer.name).collate("und-x-icu").icontains(query.q, autoescape=True))
    page: Rows[Any] = await page_of(
        session, statement, [col(Employer.name), col(Employer.id)], query, keys=lambda row: (row[1], row[0])
    )
    return Rows([(row[0], row[1]) for row in page.rows], page.next)


def _acted_for(actor: Actor, project_id: UUID) -> ColumnElement[bool]:
    grants = [grant for grant in actor.grants_of(*ACTING_ROLES) if grant.project_id in (None, project_id)]
    if any(grant.employer_id is None for grant in grants):
        return true()
    return col(Employer.id).in_([grant.employer_id for grant in grants])


async def choosable_people(
    session: AsyncSession,
    run: Run,
    *,
    project_id: UUID,
    employer_id: UUID,
    search: str = "",
    booking: UUID | None = None,
) -> ChoosablePeople:
    """Return whom the employer can name on the run; those of `booking` count as free."""
    rows = await rows_of(
        session, _PEOPLE, project_id, employer_id, run.id, legal_day(run.starts_at), search, MOST_PEOPLE + 1
    )
    people = [
        ChoosablePerson(person_id, name, workplace, is_elsewhere=seated_by not in (None, booking))
        for person_id, name, workplace, seated_by in rows[:MOST_PEOPLE]
    ]
    return ChoosablePeople(people, len(rows) > MOST_PEOPLE)


def with_those_seated(choosable: ChoosablePeople, seats: Sequence[SeatView]) -> ChoosablePeople:
    """Return the people with those who have a seat of the booking, though they may no longer be chosen anew."""
    known = {person.person_id for person in choosable.people}
    seated = [
        ChoosablePerson(seat.person_id, seat.name, None)
        for seat in seats
        if seat.person_id is not None and seat.person_id not in known
    ]
    return ChoosablePeople([*seated, *choosable.people], choosable.are_more)


async def open_needs(session: AsyncSession, project_id: UUID, employer_id: UUID) -> Sequence[tuple[UUID, str]]:
    """Return the needs of the employer's plans in the project that nothing meets yet, the newest first."""
    statement = (
        select(Need.id, Need.title)
        .join(TrainingPlan, col(TrainingPlan.id) == col(Need.plan_id))
        .join(NeedSurvey, col(NeedSurvey.id) == col(TrainingPlan.survey_id))
        .where(
            col(NeedSurvey.project_id) == project_id,
            col(NeedSurvey.employer_id) == employer_id,
            col(Need.met_by) == MetBy.NOTHING.value,
        )
    )
    found = await session.exec(statement.order_by(col(Need.id).desc()).limit(MOST_NEEDS))
    return [(need_id, title) for need_id, title in found]


async def free_seats_for(session: AsyncSession, run: Run, employer_id: UUID) -> FreeSeats:
    """Return how many seats of the run the employer can book just now: open ones only while nobody waits for them."""
    found = await session.exec(
        select(SeatPool).where(
            col(SeatPool.run_id) == run.id,
            or_(col(SeatPool.holder_id).is_(None), col(SeatPool.holder_id) == employer_id),
        )
    )
    pools = found.all()
    free = {pool.holder_id: pool.capacity - pool.taken for pool in pools}
    waiting = any(pool.waiting for pool in pools)
    cap_left = None
    if run.employer_cap is not None:
        row = await session.get(SeatCap, (run.id, employer_id))
        cap_left = run.employer_cap - (0 if row is None else row.taken)
    cap = run.employer_cap
    if run.undertaking_cap is not None:
        shared_left = (
            run.undertaking_cap - (await undertakings_of(session, [run], [employer_id]))[run.id, employer_id].taken
        )
        if cap_left is None or shared_left < cap_left:
            cap, cap_left = run.undertaking_cap, shared_left
    open_seats = 0 if waiting else free.get(None, 0)
    return FreeSeats(kept=free.get(employer_id, 0), open=open_seats, cap=cap, cap_left=cap_left)
