"""The catalogue's search: every word must be found somewhere in a run, and what has begun is left out unless asked for.

What is searched and shown is for everyone; how many seats are kept for whom is not among it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import EARLIEST, LATEST, Mode, RunState
from services.booking.courses.tables import Course, Meeting, Run
from services.booking.courses.views import RunView
from services.booking.projects.tables import Project
from services.booking.seats.tables import SeatPool
from services.booking.seats.views import run_views
from shared.kernel.calendar import at_stockholm
from shared.kernel.municipalities import MUNICIPALITIES, municipality_name
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_MOST_WORDS: Final = 8
_ANY_CASE: Final = "und-x-icu"  # knows that Å is å, whatever the database's own rules
Day = Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]


class Seats(StrEnum):
    """Whether seats matter to whoever searches."""

    FREE = "free"


class RunSearch(ListFilter):
    """What is asked of the catalogue. `employer` and `need` only travel on to the booking."""

    project: UUID | None = Field(default=None, description="A project")
    municipality: str | None = Field(default=None, pattern=r"^\d{4}$", description="Municipality code")
    mode: Mode | None = Field(default=None, description="How people take part")
    from_: Day | None = Field(default=None, alias="from", description="Runs that begin on this day or later")
    to: Day | None = Field(default=None, description="Runs that begin on this day or earlier")
    seats: Seats | None = Field(default=None, description="With free seats alone")
    employer: UUID | None = Field(default=None, description="For whom a run is looked for")
    need: UUID | None = Field(default=None, description="The need that it is to meet")


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the catalogue, with the names that its ids stand for."""

    view: RunView
    project_name: str
    municipality: str | None
    places: Sequence[str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What runs to come can be filtered by: projects and municipalities, each a value and a name."""

    projects: Sequence[tuple[UUID, str]]
    municipalities: Sequence[tuple[str, str]]


async def search_runs(session: AsyncSession, query: RunSearch, now: datetime) -> Rows[ListedRun]:
    """Return the runs that are asked for, the earliest first or by title."""
    falling = (query.sort or "").startswith("-")
    by_title = (query.sort or "").removeprefix("-") == "title"
    columns: list[Any] = [col(Run.starts_at), col(Run.id)]
    statement = (
        select(Run, Course.title, Project.name)
        .join(Course, col(Course.id) == col(Run.course_id))
        .join(Project, col(Project.id) == col(Run.project_id))
        .where(*_asked(query, now))
    )
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Course.title), *columns] if by_title else columns,
        query,
        keys=lambda row: (row[1], row[0].starts_at, row[0].id) if by_title else (row[0].starts_at, row[0].id),
        descending=falling,
    )
    views = await run_views(session, [row[0] for row in page.rows])
    listed = [listed_run(view, row[2]) for view, row in zip(views, page.rows, strict=True)]
    return Rows(listed, page.next)


def listed_run(view: RunView, project_name: str) -> ListedRun:
    """Return the run with its names; a place that several meetings share is named once."""
    places = dict.fromkeys(meeting.place for meeting in view.meetings if meeting.place)
    municipality = None if view.municipality is None else municipality_name(view.municipality)
    return ListedRun(view, project_name, municipality, tuple(places))


async def other_runs(session: AsyncSession, run: Run, now: datetime, *, most: int) -> Sequence[RunView]:
    """Return the next runs of the same course."""
    statement = select(Run).where(
        col(Run.course_id) == run.course_id,
        col(Run.id) != run.id,
        col(Run.starts_at) > now,
        col(Run.state) == RunState.SCHEDULED.value,
    )
    found = await session.exec(statement.order_by(col(Run.starts_at), col(Run.id)).limit(most))
    return await run_views(session, found.all())


async def choices_of(session: AsyncSession, now: datetime) -> Choices:
    """Return what the runs to come can be filtered by."""
    statement = (
        select(Run.project_id, Project.name, Run.municipality)
        .join(Project, col(Project.id) == col(Run.project_id))
        .where(col(Run.starts_at) > now, col(Run.state) == RunState.SCHEDULED.value)
        .distinct()
        .order_by(col(Project.name), col(Run.project_id))
    )
    projects: dict[UUID, str] = {}
    codes: set[str] = set()
    for project_id, name, municipality in await session.exec(statement):
        projects[project_id] = name
        if municipality is not None:
            codes.add(municipality)
    return Choices(tuple(projects.items()), sorted_municipalities(codes))


def sorted_municipalities(codes: set[str]) -> Sequence[tuple[str, str]]:
    """Return code and name by name, å ä ö at the end."""
    named = [(code, municipality_name(code)) for code in codes]
    return sorted(named, key=lambda pair: pair[1].casefold().translate(_SWEDISH_ORDER))


# å ä ö are the last letters, in this order, which their code points are not
_SWEDISH_ORDER: Final = str.maketrans("åäö", "{|}")


def _asked(query: RunSearch, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [col(Run.state) == RunState.SCHEDULED.value]
    if query.from_ is None:
        conditions.append(col(Run.starts_at) > now)
    else:
        conditions.append(col(Run.starts_at) >= at_stockholm(query.from_, time(0)))
    if query.to is not None:
        conditions.append(col(Run.starts_at) < at_stockholm(query.to + timedelta(days=1), time(0)))
    if query.project is not None:
        conditions.append(col(Run.project_id) == query.project)
    if query.municipality is not None:
        conditions.append(col(Run.municipality) == query.municipality)
    if query.mode is not None:
        conditions.append(col(Run.mode) == query.mode.value)
    if query.seats is not None:
        conditions.append(
            exists().where(
                col(SeatPool.run_id) == col(Run.id),
                col(SeatPool.holder_id).is_(None),
                col(SeatPool.taken) < col(SeatPool.capacity),
            )
        )
    return conditions + [_holds(word) for word in (query.q or "").split()[:_MOST_WORDS]]


def _holds(word: str) -> ColumnElement[bool]:
    """Whether a word, or a part of one, is in what a run is known by."""
    places = exists().where(
        col(Meeting.run_id) == col(Run.id), col(Meeting.place).collate(_ANY_CASE).icontains(word, autoescape=True)
    )
    folded = word.casefold()
    codes = [code for code, name in MUNICIPALITIES.items() if folded in name.casefold()]
    return or_(
        *(
            col(column).collate(_ANY_CASE).icontains(word, autoescape=True)
            for column in (Course.title, Course.description, Project.name, Run.reference)
        ),
        places,
        col(Run.municipality).in_(codes),
    )
