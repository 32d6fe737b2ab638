"""The officer's lists: requests in her inbox, and what of them looks alike. What she reaches decides what is read."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.cases.queries import RequestView, request_views
from services.procurement.cases.rules import CaseState, RequestState
from services.procurement.cases.similar import are_alike
from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.copies import EmployerCopy
from shared.kernel.alike import groups_alike
from shared.web.pages.exports import ListFilter
from shared.web.paging import Page, page_of

_MOST_COMPARED: Final = 200
_MOST_CASES: Final = 100


class InboxFilter(ListFilter):
    """Which requests are listed: those that wait, unless another state is asked for."""

    state: RequestState = RequestState.WAITING
    municipality: str | None = Field(default=None, max_length=4, pattern=r"^\d{4}$")


class InboxRow(RequestView):
    """A request in the inbox, with its case's number where it is in one."""

    registration_number: str | None = None


Key = Callable[[TrainingRequest], object]
_SORTS: Final[dict[str, tuple[Any, Key]]] = {
    "submitted": (col(TrainingRequest.submitted_at), lambda row: row.submitted_at),
    "title": (col(TrainingRequest.title), lambda row: row.title),
    "persons": (col(TrainingRequest.persons), lambda row: row.persons),
}


async def list_inbox(session: AsyncSession, query: InboxFilter, reach: ColumnElement[bool]) -> Page[InboxRow]:
    """Return the requests that `reach` lets through, oldest first unless sorted otherwise."""
    statement = select(TrainingRequest).where(reach, col(TrainingRequest.state) == query.state)
    if query.municipality:
        statement = statement.where(col(TrainingRequest.municipality) == query.municipality)
    if query.q:
        employers = select(EmployerCopy.employer_id).where(col(EmployerCopy.name).icontains(query.q, autoescape=True))
        statement = statement.where(
            or_(
                col(TrainingRequest.title).icontains(query.q, autoescape=True),
                col(TrainingRequest.reference).icontains(query.q, autoescape=True),
                col(TrainingRequest.description).icontains(query.q, autoescape=True),
                col(TrainingRequest.employer_id).in_(employers),
            )
        )
    name = (query.sort or "submitted").removeprefix("-")
    column, key = _SORTS.get(name, _SORTS["submitted"])
    page = await page_of(
        session,
        statement,
        [column, col(TrainingRequest.id)],
        query,
        keys=lambda row: (key(row), row.id),
        descending=(query.sort or "").startswith("-"),
    )
    return Page(items=await _rows(session, page.rows), next=page.next)


async def _rows(session: AsyncSession, requests: Sequence[TrainingRequest]) -> list[InboxRow]:
    numbers: dict[UUID, str] = {}
    if cases := {request.case_id for request in requests if request.case_id is not None}:
        found = await session.exec(select(Case.id, Case.registration_number).where(col(Case.id).in_(cases)))
        numbers = dict(found.all())
    return [
        InboxRow(**view.model_dump(), registration_number=numbers.get(view.case_id) if view.case_id else None)
        for view in await request_views(session, requests)
    ]


async def chosen_requests(
    session: AsyncSession, ids: Collection[UUID], reach: ColumnElement[bool]
) -> list[RequestView]:
    """Return those of the requests that still wait, by when they came."""
    found = await session.exec(
        select(TrainingRequest)
        .where(reach, col(TrainingRequest.id).in_(ids), col(TrainingRequest.state) == RequestState.WAITING)
        .order_by(col(TrainingRequest.submitted_at), col(TrainingRequest.id))
    )
    return await request_views(session, found.all())


async def _waiting(session: AsyncSession, reach: ColumnElement[bool]) -> list[RequestView]:
    found = await session.exec(
        select(TrainingRequest)
        .where(reach, col(TrainingRequest.state) == RequestState.WAITING)
        .order_by(col(TrainingRequest.submitted_at), col(TrainingRequest.id))
        .limit(_MOST_COMPARED)
    )
    return await request_views(session, found.all())


async def waiting_alike(session: AsyncSession, reach: ColumnElement[bool]) -> list[list[RequestView]]:
    """Return groups of waiting requests that look alike, of the oldest that wait."""
    return groups_alike(await _waiting(session, reach), are_alike)


async def alike_to(session: AsyncSession, request: RequestView, reach: ColumnElement[bool]) -> list[RequestView]:
    """Return the waiting requests that look like this one."""
    others = await _waiting(session, reach)
    return [other for other in others if other.request_id != request.request_id and are_alike(request, other)]


async def open_cases(session: AsyncSession, buyer_id: UUID, project_id: UUID) -> Sequence[Case]:
    """Return the open cases of a buyer for a project, the newest first."""
    found = await session.exec(
        select(Case)
        .where(col(Case.buyer_id) == buyer_id, col(Case.project_id) == project_id, col(Case.state) == CaseState.OPEN)
        .order_by(col(Case.id).desc())
        .limit(_MOST_CASES)
    )
    return found.all()
