"""A project's runs as whoever leads it lists them: to come, held and called off, each with its seats."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import RunState
from services.booking.courses.tables import Course, Run
from services.booking.courses.views import RunView
from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject
from services.booking.seats.tables import SeatPool
from services.booking.seats.views import run_views
from shared.web.bodies import View
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

MOST_EMPLOYERS = 2_000


class When(StrEnum):
    """Which runs, by how far they have come."""

    COMING = "coming"
    SHORT = "short"
    HELD = "held"
    CANCELLED = "cancelled"


class LedRunFilter(ListFilter):
    """Which runs of a project to list: without `when` all of them."""

    when: When | None = None
    course: UUID | None = None


class KeptPool(View):
    """Seats that are kept for an employer."""

    employer_id: UUID
    employer_name: str
    capacity: int
    taken: int


async def list_led_runs(session: AsyncSession, project_id: UUID, query: LedRunFilter, now: datetime) -> Rows[RunView]:
    """Return the project's runs: the next first, or the latest first where `sort` is `-starts`."""
    statement = select(Run).join(Course, col(Course.id) == col(Run.course_id)).where(col(Run.project_id) == project_id)
    if query.q:
        words = query.q.strip()
        statement = statement.where(
            col(Course.title).collate("und-x-icu").icontains(words, autoescape=True)
            | (col(Run.reference) == words.upper())
        )
    if query.course is not None:
        statement = statement.where(col(Run.course_id) == query.course)
    match query.when:
        case When.COMING:
            to_come = (col(Run.state) == RunState.SCHEDULED.value) & (col(Run.ends_at) > now)
            statement = statement.where(to_come | (col(Run.state) == RunState.POSTPONED.value))
        case When.SHORT:
            statement = statement.where(
                col(Run.state) == RunState.SCHEDULED.value, col(Run.starts_at) > now, _is_short()
            )
        case When.HELD:
            statement = statement.where(col(Run.state) == RunState.SCHEDULED.value, col(Run.ends_at) <= now)
        case When.CANCELLED:
            statement = statement.where(col(Run.state) == RunState.CANCELLED.value)
        case None:
            pass
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Run.starts_at), col(Run.id)],
        query,
        keys=lambda run: (run.starts_at, run.id),
        descending=query.sort == "-starts",
    )
    return Rows(await run_views(session, page.rows), page.next)


def _is_short() -> ColumnElement[bool]:
    """Return the condition that a run has a minimum, fewer seats are taken, and nobody decided to hold it anyway."""
    taken = select(func.sum(SeatPool.taken)).where(col(SeatPool.run_id) == col(Run.id)).scalar_subquery()
    return and_(col(Run.minimum) > taken, col(Run.upheld_at).is_(None))


async def kept_pools(session: AsyncSession, run_id: UUID) -> list[KeptPool]:
    """Return for whom seats of the run are kept, by name."""
    found = await session.exec(
        select(SeatPool, Employer.name)
        .join(Employer, col(Employer.id) == col(SeatPool.holder_id))
        .where(col(SeatPool.run_id) == run_id, col(SeatPool.capacity) > 0)
        .order_by(col(Employer.name), col(Employer.id))
    )
    return [
        KeptPool(employer_id=pool.holder_id, employer_name=name, capacity=pool.capacity, taken=pool.taken)
        for pool, name in found
        if pool.holder_id is not None
    ]


async def employers_to_keep_for(session: AsyncSession, project_id: UUID) -> list[tuple[UUID, str]]:
    """Return the employers that take part in the project, by name."""
    found = await session.exec(
        select(Employer.id, Employer.name)
        .join(EmployerProject, col(EmployerProject.employer_id) == col(Employer.id))
        .where(
            col(EmployerProject.project_id) == project_id,
            col(EmployerProject.membership) == Membership.JOINED.value,
        )
        .order_by(col(Employer.name), col(Employer.id))
        .limit(MOST_EMPLOYERS)
    )
    return [(employer_id, name) for employer_id, name in found]
