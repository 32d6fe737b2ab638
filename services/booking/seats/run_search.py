"""The catalogue's search: every word must be found somewhere in a run, and what has begun is left out unless asked for.

What is searched and shown is for everyone; how many seats are kept for whom is not among it. Page and API ask alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ARRAY, ColumnElement, Numeric, Text, cast, exists, false, func, literal_column, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import Mode, RunState
from services.booking.courses.tables import Course, Run, RunWords
from services.booking.courses.views import Day, RunView
from services.booking.courses.words_index import words_of
from services.booking.projects.tables import Project
from services.booking.seats.tables import SeatPool
from services.booking.seats.views import run_views
from shared.kernel.calendar import at_stockholm
from shared.kernel.municipalities import municipality_name
from shared.web.bodies import LINE_LENGTH
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

_MOST_WORDS: Final = 8
_LEAST_WITHIN: Final = 3  # letters: fewer are within nearly every word, and no index of parts knows them
_LONGEST_WORD: Final = 60


class Seats(StrEnum):
    """Whether seats matter to whoever searches."""

    FREE = "free"


class RunFilter(PageFilter):
    """Which runs to list."""

    q: str | None = Field(default=None, max_length=100, description="Words; the last may be the beginning of one")
    area: str | None = Field(default=None, max_length=LINE_LENGTH, description="The field that a course belongs to")
    municipality: str | None = Field(default=None, pattern=r"^\d{4}$", description="Municipality code")
    mode: Mode | None = Field(default=None, description="How people take part")
    from_: Day | None = Field(default=None, alias="from", description="Runs that begin on this day or later")
    to: Day | None = Field(default=None, description="Runs that begin on this day or earlier")
    seats: Seats | None = Field(default=None, description="With free seats alone")


class RunQuery(RunFilter):
    """What is asked of the catalogue: of every project, and in which order."""

    project: UUID | None = Field(default=None, description="A project")
    sort: str | None = Field(
        default=None,
        max_length=40,
        pattern=r"^-?[a-z_]+$",
        description="`starts`, `title`, or `fit` (best first, as without it where words are given); minus: falling",
    )

    @property
    def order(self) -> str:
        """The order in force."""
        by_fit = "fit" if words_of(self.q or "") else "starts"
        return by_fit if self.sort in (None, "fit", "-fit") else self.sort


class RunSearch(RunQuery, ListFilter):
    """What the page of the catalogue is asked. `employer` and `need` only travel on to the booking."""

    employer: UUID | None = Field(default=None, description="For whom a run is looked for")
    need: UUID | None = Field(default=None, description="The need that it is to meet")


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the catalogue, with the names that its ids stand for."""

    view: RunView
    project_name: str
    municipality: str | None
    places: Sequence[str]
    description: str
    organiser: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What runs to come can be filtered by: projects, municipalities and areas, each a value and a name."""

    projects: Sequence[tuple[UUID, str]]
    areas: Sequence[tuple[str, str]]
    municipalities: Sequence[tuple[str, str]]


async def search_runs(session: AsyncSession, query: RunQuery, now: datetime) -> Rows[ListedRun]:
    """Return the runs that are asked for: those that fit the words best first, the earliest first, or by title."""
    order = query.order
    first: dict[str, list[Any]] = {"title": [col(Course.title)], "fit": [_misfit(words_of(query.q or ""))]}
    columns = [*first.get(order.removeprefix("-"), []), col(Run.starts_at), col(Run.id)]
    statement: Any = (
        select(Run, Project.name, Course.description, Project.owner_name)
        .add_columns(columns[0])
        .join(Course, col(Course.id) == col(Run.course_id))
        .join(Project, col(Project.id) == col(Run.project_id))
        .where(col(Run.state) == RunState.SCHEDULED.value, *conditions_of(query))
    )
    if "fit" in order:
        statement = statement.join(RunWords, col(RunWords.run_id) == col(Run.id))
    if query.from_ is None:
        statement = statement.where(col(Run.starts_at) > now)
    if query.project is not None:
        statement = statement.where(col(Run.project_id) == query.project)
    page: Rows[Any] = await page_of(
        session,
        statement,
        columns,
        query,
        keys=lambda row: (row[4], row[0].starts_at, row[0].id)[-len(columns) :],
        descending=order.startswith("-"),
    )
    views = await run_views(session, [row[0] for row in page.rows])
    listed = [listed_run(view, *row[1:4]) for view, row in zip(views, page.rows, strict=True)]
    return Rows(listed, page.next)


def listed_run(view: RunView, project_name: str, description: str, organiser: str) -> ListedRun:
    """Return the run with its names; a place that several meetings share is named once."""
    places = dict.fromkeys(meeting.place for meeting in view.meetings if meeting.place)
    municipality = None if view.municipality is None else municipality_name(view.municipality)
    return ListedRun(view, project_name, municipality, tuple(places), description, organiser)


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
        select(Run.project_id, Project.name, Run.municipality, Course.area)
        .join(Project, col(Project.id) == col(Run.project_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .where(col(Run.starts_at) > now, col(Run.state) == RunState.SCHEDULED.value)
        .distinct()
        .order_by(col(Project.name), col(Run.project_id))
    )
    projects: dict[UUID, str] = {}
    codes: set[str] = set()
    areas: set[str] = set()
    for project_id, name, municipality, area in await session.exec(statement):
        projects[project_id] = name
        if municipality is not None:
            codes.add(municipality)
        if area is not None:
            areas.add(area)
    in_order = sorted(areas, key=_swedish)
    return Choices(tuple(projects.items()), [(area, area) for area in in_order], sorted_municipalities(codes))


def sorted_municipalities(codes: set[str]) -> Sequence[tuple[str, str]]:
    """Return code and name by name, å ä ö at the end."""
    named = [(code, municipality_name(code)) for code in codes]
    return sorted(named, key=lambda pair: _swedish(pair[1]))


def _swedish(name: str) -> str:
    return name.casefold().translate(_SWEDISH_ORDER)


# å ä ö are the last letters, in this order, which their code points are not
_SWEDISH_ORDER: Final = str.maketrans("åäö", "{|}")


def conditions_of(query: RunFilter) -> list[ColumnElement[bool]]:
    """Return what a run must be."""
    conditions: list[ColumnElement[bool]] = []
    if query.from_ is not None:
        conditions.append(col(Run.starts_at) >= at_stockholm(query.from_, time(0)))
    if query.to is not None:
        conditions.append(col(Run.starts_at) < at_stockholm(query.to + timedelta(days=1), time(0)))
    if query.area is not None:
        conditions.append(col(Run.course_id).in_(select(Course.id).where(col(Course.area) == query.area)))
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
                col(SeatPool.waiting) == 0,
            )
        )
    return conditions + _found_by(query.q)


def _found_by(searched: str | None) -> list[ColumnElement[bool]]:
    """Return that every word is found, in one of its forms or, in the title, within another: "svets" in "kälsvets"."""
    if not searched or not searched.strip():
        return []
    words = words_of(searched)[:_MOST_WORDS]
    if not words:
        return [false()]
    asked = _asked_for(words)
    every_word = [
        or_(
            col(RunWords.words).bool_op("@@")(form),
            *([_within_title(word)] if len(word) >= _LEAST_WITHIN else []),
            *([func.numnode(form) == 0] if form is not asked[-1] else []),  # "för" and "och" say nothing
        )
        for word, form in zip(words, asked, strict=True)
    ]
    return [col(Run.id).in_(select(RunWords.run_id).where(*every_word))]


def _within_title(word: str) -> ColumnElement[bool]:
    stem = func.ts_lexize(literal_column("'swedish_stem'"), word[:_LONGEST_WORD], type_=ARRAY(Text))[1]
    return col(RunWords.title).like(func.concat("%", func.coalesce(stem, word), "%"))


def _misfit(words: Sequence[str]) -> ColumnElement[Any]:
    """Return how little a run fits the words: the best is the lowest."""
    any_of: ColumnElement[Any] = func.to_tsquery("simple", "")
    for form in _asked_for(words[:_MOST_WORDS]):
        any_of = any_of.op("||")(form)
    return cast(-func.ts_rank(col(RunWords.words), any_of), Numeric(9, 4))


def _asked_for(words: Sequence[str]) -> list[ColumnElement[Any]]:
    """Return each word by its Swedish stem; the last, that may not be written to its end, also as a beginning."""
    stems: list[ColumnElement[Any]] = [func.plainto_tsquery("swedish", word[:_LONGEST_WORD]) for word in words]
    if words and len(words[-1]) > 1:
        stems[-1] = stems[-1].op("||")(func.to_tsquery("simple", f"{words[-1][:_LONGEST_WORD]}:*"))
    return stems
