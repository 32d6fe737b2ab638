"""The bookings that wait for somebody to approve them: of employers that she coaches, and projects that she leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking
from services.booking.bookings.views import BookingView, booking_views
from services.booking.courses.tables import Course, Run
from services.booking.employers.tables import Employer
from services.booking.projects.rules import BookingApproval
from services.booking.projects.tables import Project
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_ANY_CASE = "und-x-icu"


class ApprovalSearch(ListFilter):
    """What is asked of the bookings that wait."""

    project: UUID | None = Field(default=None, description="A project")


async def bookings_to_approve(
    session: AsyncSession, actor: Actor | None, query: ApprovalSearch, now: datetime
) -> Rows[BookingView]:
    """Return the bookings that wait for the person, the first asked for first; runs that have begun are left out."""
    if actor is None:
        return Rows([], None)
    statement = _waiting(actor, now)
    if query.project is not None:
        statement = statement.where(col(Booking.project_id) == query.project)
    for word in (query.q or "").split()[:8]:
        statement = statement.where(
            col(Course.title).collate(_ANY_CASE).icontains(word, autoescape=True)
            | col(Employer.name).collate(_ANY_CASE).icontains(word, autoescape=True)
            | col(Booking.reference).collate(_ANY_CASE).icontains(word, autoescape=True)
        )
    page: Rows[Any] = await page_of(session, statement, [col(Booking.id)], query, keys=lambda booking: (booking.id,))
    return Rows(await booking_views(session, page.rows), page.next)


async def count_to_approve(session: AsyncSession, actor: Actor, now: datetime) -> int:
    """Return how many bookings wait for the person."""
    waiting = _waiting(actor, now).subquery()
    return (await session.exec(select(func.count()).select_from(waiting))).one()


def _waiting(actor: Actor, now: datetime) -> Any:  # noqa: ANN401 - a statement of bookings
    return (
        select(Booking)
        .join(Project, col(Project.id) == col(Booking.project_id))
        .join(Run, col(Run.id) == col(Booking.run_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .join(Employer, col(Employer.id) == col(Booking.employer_id))
        .where(col(Booking.state) == BookingState.ASKED.value, col(Run.starts_at) > now, _reached(actor))
    )


def _reached(actor: Actor) -> ColumnElement[bool]:
    led = _of_grants(actor, Role.PROJECT_LEAD)
    coached = and_(
        col(Project.booking_approval) == BookingApproval.COACH.value, or_(*_of_grants(actor, Role.COACH), ~true())
    )
    return or_(*led, coached)


def _of_grants(actor: Actor, role: Role) -> Sequence[ColumnElement[bool]]:
    return [
        and_(
            true() if grant.project_id is None else col(Booking.project_id) == grant.project_id,
            true() if grant.employer_id is None else col(Booking.employer_id) == grant.employer_id,
        )
        for grant in actor.grants_of(role)
    ]
