"""Reads of training requests and their history."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.requests.rules import RequestState
from services.booking.requests.tables import RequestedRun, RequestHistory, TrainingRequest
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.paging import PageFilter, Rows, page_of


async def get_request(session: AsyncSession, request_id: UUID) -> TrainingRequest:
    """Return the request; raises NotFound."""
    request = await session.get(TrainingRequest, request_id)
    if request is None:
        raise NotFound(N_("There is no such training request."), code="training_request_not_found")
    return request


async def list_requests(
    session: AsyncSession, query: PageFilter, *, project_id: UUID, employer_id: UUID
) -> Rows[TrainingRequest]:
    """Return the employer's requests in the project, the newest first."""
    return await page_of(
        session,
        select(TrainingRequest).where(
            col(TrainingRequest.project_id) == project_id, col(TrainingRequest.employer_id) == employer_id
        ),
        [col(TrainingRequest.id)],
        query,
        keys=lambda request: (request.id,),
        descending=True,
    )


async def runs_of(session: AsyncSession, request_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[RequestedRun]]:
    """Return the runs that came of each request."""
    found: dict[UUID, list[RequestedRun]] = {request_id: [] for request_id in request_ids}
    statement = select(RequestedRun).where(col(RequestedRun.request_id).in_(found))
    for row in await session.exec(statement.order_by(col(RequestedRun.run_id))):
        found[row.request_id].append(row)
    return found


async def request_history(session: AsyncSession, request_id: UUID) -> Sequence[RequestHistory]:
    """Return what has happened to the request, the first first."""
    statement = select(RequestHistory).where(col(RequestHistory.request_id) == request_id)
    return (await session.exec(statement.order_by(col(RequestHistory.id)))).all()


async def find_request_scope(session: AsyncSession, request_id: UUID) -> Scope | None:
    """Return whose a request is: the employer's in the project and, once it is submitted, the buyer's."""
    request = await session.get(TrainingRequest, request_id)
    if request is None:
        return None
    return Scope(
        projects=frozenset({request.project_id}),
        employers=frozenset({request.employer_id}),
        buyers=frozenset() if request.state == RequestState.DRAFT else frozenset({request.buyer_id}),
    )
