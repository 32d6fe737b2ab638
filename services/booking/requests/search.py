"""An employer's training requests as a page lists them, and what its forms and its page need beside the request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.queries import courses_by_id
from services.booking.courses.tables import Run
from services.booking.needs.tables import Need
from services.booking.projects.tables import ProjectBuyer
from services.booking.requests.queries import runs_of
from services.booking.requests.rules import RequestState
from services.booking.requests.tables import TrainingRequest
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_ANY_CASE: Final = "und-x-icu"
_MOST_WORDS: Final = 8


class RequestSearch(ListFilter):
    """What is asked of an employer's requests."""

    state: RequestState | None = Field(default=None, description="How far it has come")
    project: UUID | None = Field(default=None, description="A project")


@dataclass(frozen=True, slots=True)
class ArrangedRun:
    """A run that came of a request, with the seats kept for the employer."""

    run: Run
    title: str
    seats: int


async def search_requests(
    session: AsyncSession, query: RequestSearch, *, employer_id: UUID, project_ids: Collection[UUID]
) -> Rows[TrainingRequest]:
    """Return the employer's requests in these projects, the newest first or by title."""
    sort = query.sort or "-made"
    statement = select(TrainingRequest).where(
        col(TrainingRequest.employer_id) == employer_id, col(TrainingRequest.project_id).in_(project_ids)
    )
    if query.state is not None:
        statement = statement.where(col(TrainingRequest.state) == query.state.value)
    if query.project is not None:
        statement = statement.where(col(TrainingRequest.project_id) == query.project)
    for word in (query.q or "").split()[:_MOST_WORDS]:
        title, reference = (
            col(column).collate(_ANY_CASE).icontains(word, autoescape=True)
            for column in (TrainingRequest.title, TrainingRequest.reference)
        )
        statement = statement.where(title | reference)
    by_title = sort.removeprefix("-") == "title"
    # a title is typed freely, so that its order is said here and not by its column
    title_order: Any = col(TrainingRequest.title).collate("sv-x-icu")
    return await page_of(
        session,
        statement,
        [title_order, col(TrainingRequest.id)] if by_title else [col(TrainingRequest.id)],
        query,
        keys=lambda request: (request.title, request.id) if by_title else (request.id,),
        descending=sort.startswith("-"),
    )


async def buyers_of(session: AsyncSession, project_ids: Collection[UUID]) -> Mapping[UUID, Sequence[ProjectBuyer]]:
    """Return in whose name each project buys, by name."""
    found: dict[UUID, list[ProjectBuyer]] = {project_id: [] for project_id in project_ids}
    statement = select(ProjectBuyer).where(col(ProjectBuyer.project_id).in_(found))
    for buyer in await session.exec(statement.order_by(col(ProjectBuyer.name), col(ProjectBuyer.buyer_id))):
        found[buyer.project_id].append(buyer)
    return found


async def buyer_name(session: AsyncSession, request: TrainingRequest) -> str:
    """Return in whose name the training is bought."""
    buyer = await session.get(ProjectBuyer, (request.project_id, request.buyer_id))
    return buyer.name if buyer is not None else "–"


async def need_title(session: AsyncSession, request: TrainingRequest) -> str | None:
    """Return the need of the employer's plan that the request is to meet."""
    need = None if request.need_id is None else await session.get(Need, request.need_id)
    return None if need is None else need.title


async def arranged_runs(session: AsyncSession, request: TrainingRequest) -> Sequence[ArrangedRun]:
    """Return the runs that came of the request, the earliest first."""
    seats = {row.run_id: row.seats for row in (await runs_of(session, [request.id]))[request.id]}
    if not seats:
        return ()
    runs = (await session.exec(select(Run).where(col(Run.id).in_(seats)).order_by(col(Run.starts_at)))).all()
    courses = await courses_by_id(session, [run.course_id for run in runs])
    return [ArrangedRun(run, courses[run.course_id].title, seats[run.id]) for run in runs]
