"""An employer's bookings as a page lists them: of the projects that the reader reaches, those that she asks for."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.queries import has_unnamed_seats
from services.booking.bookings.rules import HOLDING, BookingState
from services.booking.bookings.tables import Booking
from services.booking.bookings.views import BookingView, booking_views
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Course, Run
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_ANY_CASE = "und-x-icu"


class Shown(StrEnum):
    """Which bookings are asked for: of those that wait for approval, too."""

    COMING = "coming"
    ASKED = "asked"
    UNNAMED = "unnamed"
    PAST = "past"
    CANCELLED = "cancelled"


class BookingSearch(ListFilter):
    """What is asked of an employer's bookings."""

    shown: Shown | None = Field(
        default=None, description="To come, to be approved, names missing, past, cancelled or declined"
    )
    project: UUID | None = Field(default=None, description="A project")


async def search_bookings(
    session: AsyncSession, query: BookingSearch, now: datetime, *, employer_id: UUID, project_ids: Collection[UUID]
) -> Rows[BookingView]:
    """Return the employer's bookings in these projects, those of the latest runs first or as `sort` says."""
    sort = query.sort or "-starts"
    columns: dict[str, list[Any]] = {
        "starts": [col(Run.starts_at), col(Booking.id)],
        "title": [col(Course.title), col(Booking.id)],
        "booked": [col(Booking.id)],
    }
    name = sort.removeprefix("-") if sort.removeprefix("-") in columns else "starts"
    statement = (
        select(Booking, Run.starts_at, Course.title)
        .join(Run, col(Run.id) == col(Booking.run_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .where(
            col(Booking.employer_id) == employer_id,
            col(Booking.project_id).in_(project_ids),
            *_asked(query, now),
        )
    )
    page: Rows[Any] = await page_of(
        session,
        statement,
        columns[name],
        query,
        keys=lambda row: {"starts": (row[1], row[0].id), "title": (row[2], row[0].id), "booked": (row[0].id,)}[name],
        descending=sort.startswith("-"),
    )
    return Rows(await booking_views(session, [row[0] for row in page.rows]), page.next)


def _asked(query: BookingSearch, now: datetime) -> list[ColumnElement[bool]]:
    confirmed = col(Booking.state) == BookingState.CONFIRMED.value
    to_come = (col(Run.ends_at) > now) | (col(Run.state) == RunState.POSTPONED.value)
    conditions: dict[Shown | None, list[ColumnElement[bool]]] = {
        None: [],
        Shown.COMING: [confirmed, to_come],
        Shown.ASKED: [col(Booking.state) == BookingState.ASKED.value],
        Shown.UNNAMED: [col(Booking.state).in_(HOLDING), to_come, has_unnamed_seats()],
        Shown.PAST: [confirmed, ~to_come],
        Shown.CANCELLED: [col(Booking.state).in_((BookingState.CANCELLED, BookingState.DECLINED))],
    }
    asked = conditions[query.shown]
    if query.project is not None:
        asked = [*asked, col(Booking.project_id) == query.project]
    for word in (query.q or "").split()[:8]:
        in_title = col(Course.title).collate(_ANY_CASE).icontains(word, autoescape=True)
        in_reference = col(Booking.reference).collate(_ANY_CASE).icontains(word, autoescape=True)
        asked = [*asked, in_title | in_reference]
    return asked
