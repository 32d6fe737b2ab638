"""The officer's inbox and her cases over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.procurement.access import projects_reached
from services.procurement.cases import commands, queries
from services.procurement.cases.queries import (
    CaseFilter,
    CaseSummary,
    CaseView,
    DeclarationView,
    RequestFilter,
    RequestView,
)
from services.procurement.copies import projects_of_buyer
from services.procurement.history import HistoryView, history_of
from shared.kernel.errors import InvalidInput
from shared.kernel.grants import Actor
from shared.kernel.texts import N_
from shared.web.bodies import Body, Line, Paragraph, Reason
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["cases"])

RequestIds = Annotated[list[UUID], Field(max_length=200)]


class DeclineRequest(Body):
    """Why the request is not met."""

    reason: Reason


class OpenCase(Body):
    """A new case; its project is that of the requests, and is given where there are none."""

    title: Line
    project_id: UUID | None = None
    request_ids: RequestIds = Field(default_factory=list)


class AddRequests(Body):
    """Requests that are bought together with those of the case."""

    request_ids: Annotated[RequestIds, Field(min_length=1)]


class Declare(Body):
    """Whether the one who asks has a conflict of interest in the case."""

    conflict: bool
    statement: Paragraph | None = None


@router.get("/buyers/{buyer_id}/requests")
async def list_requests(
    buyer_id: UUID, query: Annotated[RequestFilter, Query()], session: ReadSession, actor: CurrentActor
) -> Page[RequestView]:
    """A buyer's requests for training, oldest first; those that wait for an officer unless told otherwise."""
    projects = projects_reached(actor, buyer_id, await projects_of_buyer(session, buyer_id))
    return await queries.list_requests(session, buyer_id, query, projects=projects)


@router.get("/requests/{request_id}")
async def get_request(request_id: UUID, session: ReadSession) -> RequestView:
    """One request for training."""
    return (await queries.request_views(session, [await queries.get_request(session, request_id)]))[0]


@router.post("/requests/{request_id}/decline", response_model=RequestView)
async def decline_request(request: Request, request_id: UUID, body: DeclineRequest) -> Response:
    """Say no to a waiting request; the employer is told the reason."""

    async def command(context: CommandContext) -> RequestView:
        declined = await commands.decline_request(
            context.session, context.clock, request_id, reason=body.reason, by=context.actor.person_id
        )
        return (await queries.request_views(context.session, [declined]))[0]

    return await run_command(request, command)


@router.get("/requests/{request_id}/history")
async def get_request_history(request_id: UUID, query: PageQuery, session: ReadSession) -> Page[HistoryView]:
    """What happened to a request in procurement."""
    return await history_of(session, request_id, query)


@router.post("/buyers/{buyer_id}/cases", status_code=201, response_model=CaseView)
async def open_case(request: Request, buyer_id: UUID, body: OpenCase) -> Response:
    """Open a case under the buyer's next registration number, with requests in it or none."""

    async def command(context: CommandContext) -> CaseView:
        project_id = await _project_of(context, buyer_id, body)
        case = await commands.open_case(
            context.session,
            context.clock,
            buyer_id,
            project_id=project_id,
            title=body.title,
            request_ids=body.request_ids,
            by=context.actor.person_id,
        )
        return await queries.case_view(context.session, case)

    return await run_command(request, command, status=201)


async def _project_of(context: CommandContext, buyer_id: UUID, body: OpenCase) -> UUID:
    """Return the project of the case; raises InvalidInput for one that the officer does not buy for."""
    project_id = body.project_id
    if project_id is None and body.request_ids:
        project_id = (await queries.get_request(context.session, body.request_ids[0])).project_id
    return await reached_project(context, context.actor, buyer_id, project_id)


async def reached_project(context: CommandContext, actor: Actor, buyer_id: UUID, project_id: UUID | None) -> UUID:
    """Return the project where the buyer buys for it and the actor works for it; raises InvalidInput."""
    reached = projects_reached(actor, buyer_id, await projects_of_buyer(context.session, buyer_id))
    if project_id is None or project_id not in reached:
        raise InvalidInput(
            N_("Say for which project the case is: one that this buyer buys for, and that you work for."),
            code="project_unknown",
            field="project_id",
        )
    return project_id


@router.get("/buyers/{buyer_id}/cases")
async def list_cases(
    buyer_id: UUID, query: Annotated[CaseFilter, Query()], session: ReadSession, actor: CurrentActor
) -> Page[CaseSummary]:
    """A buyer's cases, newest first."""
    projects = projects_reached(actor, buyer_id, await projects_of_buyer(session, buyer_id))
    return await queries.list_cases(session, buyer_id, query, projects=projects)


@router.get("/cases/{case_id}")
async def get_case(case_id: UUID, session: ReadSession) -> CaseView:
    """A case with its requests, declarations and lots."""
    return await queries.case_view(session, await queries.get_case(session, case_id))


@router.post("/cases/{case_id}/requests", response_model=CaseView)
async def add_requests(request: Request, case_id: UUID, body: AddRequests) -> Response:
    """Put waiting requests into an open case."""

    async def command(context: CommandContext) -> CaseView:
        case = await commands.add_requests(
            context.session, context.clock, case_id, body.request_ids, by=context.actor.person_id
        )
        return await queries.case_view(context.session, case)

    return await run_command(request, command)


@router.post("/cases/{case_id}/declarations", status_code=201, response_model=DeclarationView)
async def declare(request: Request, case_id: UUID, body: Declare) -> Response:
    """Declare whether one has a conflict of interest; whoever has none is one of the case's officers from now on."""

    async def command(context: CommandContext) -> DeclarationView:
        declaration = await commands.declare(
            context.session,
            context.clock,
            case_id,
            conflict=body.conflict,
            statement=body.statement,
            by=context.actor.person_id,
        )
        return DeclarationView.model_validate(declaration)

    return await run_command(request, command, status=201)


@router.get("/cases/{case_id}/history")
async def get_case_history(case_id: UUID, query: PageQuery, session: ReadSession) -> Page[HistoryView]:
    """What happened to a case."""
    return await history_of(session, case_id, query)
