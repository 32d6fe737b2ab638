"""Training requests over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses.rules import EARLIEST, LATEST, Mode
from services.booking.courses.views import LanguageCode, Municipality
from services.booking.needs.rules import WishedTime
from services.booking.requests import commands, queries
from services.booking.requests.pooling import pool_needs
from services.booking.requests.rules import RequestState, RequestWish
from services.booking.requests.tables import TrainingRequest
from shared.web.bodies import Body, Line, LongText, Reason, Version, View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["training requests"])
Day = Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]
_COLLECTION = "/projects/{project_id}/employers/{employer_id}/training-requests"


class TrainingWish(Body):
    """What is asked for. Without `buyer_id` the project's only buyer buys it."""

    title: Line
    description: LongText
    persons: int = Field(ge=1, le=10_000)
    minutes: int = Field(ge=1, le=600_000, description="Length of the training for one person")
    mode: Mode
    municipality: Municipality
    language: LanguageCode = "sv"
    wished_from: Day | None = None
    wished_to: Day | None = None
    wished_time: WishedTime = WishedTime.ANY
    need_id: UUID | None = Field(default=None, description="The need of the employer's plan that it is to meet")
    buyer_id: UUID | None = None

    def wish(self) -> RequestWish:
        """Return it as the rules see it."""
        return RequestWish(
            title=self.title,
            description=self.description,
            persons=self.persons,
            minutes=self.minutes,
            mode=self.mode.value,
            municipality=self.municipality,
            language=self.language,
            wished_from=self.wished_from,
            wished_to=self.wished_to,
            wished_time=self.wished_time.value,
            need_id=self.need_id,
        )


class PooledWish(Body):
    """One training for several needs: persons, wished days and time of the week are those of each need."""

    needs: list[UUID] = Field(min_length=2, max_length=200)
    title: Line
    description: LongText
    minutes: int = Field(ge=1, le=600_000, description="Length of the training for one person")
    mode: Mode
    municipality: Municipality
    language: LanguageCode = "sv"
    buyer_id: UUID | None = None


class PooledRequests(View):
    """The requests that were sent together, with the reference that they share."""

    pool: str
    request_ids: list[UUID]


class EditedWish(TrainingWish):
    """What is asked for now, whole; `version` is the one that was seen."""

    version: Version | None = None


class Withdrawal(Body):
    """Why the training is no longer asked for."""

    reason: Reason


class ArrangedRunView(View):
    """A run that came of a request."""

    run_id: UUID
    seats: int


class TrainingRequestView(View):
    """A training request; `answer` is the officer's reason where it was declined."""

    request_id: UUID
    reference: str
    project_id: UUID
    employer_id: UUID
    buyer_id: UUID
    need_id: UUID | None
    state: RequestState
    title: str
    description: str
    persons: int
    minutes: int
    mode: Mode
    municipality: str
    language: str
    wished_from: date | None
    wished_to: date | None
    wished_time: WishedTime
    case_id: UUID | None
    registration_number: str | None
    answer: str | None
    pool: str | None
    version: int
    created_at: AwareDatetime
    runs: list[ArrangedRunView]


class RequestEvent(View):
    """What happened to a request: by whom (nobody where procurement decided), from what to what, and why."""

    at: AwareDatetime
    actor_id: UUID | None
    change: str
    before: str | None
    after: str | None
    reason: str | None


class RequestHistoryView(View):
    """What has happened to a request, the first first."""

    items: list[RequestEvent]


async def _views(session: AsyncSession, requests: Sequence[TrainingRequest]) -> list[TrainingRequestView]:
    runs = await queries.runs_of(session, [request.id for request in requests])
    names = set(TrainingRequestView.model_fields) - {"request_id", "runs"}
    return [
        TrainingRequestView.model_validate(
            {
                "request_id": request.id,
                "runs": [ArrangedRunView.model_validate(run) for run in runs[request.id]],
                **{name: getattr(request, name) for name in names},
            }
        )
        for request in requests
    ]


async def _view(session: AsyncSession, request: TrainingRequest) -> TrainingRequestView:
    return (await _views(session, [request]))[0]


@router.post(_COLLECTION, status_code=201, response_model=TrainingRequestView)
async def draft_training_request(request: Request, project_id: UUID, employer_id: UUID, body: TrainingWish) -> Response:
    """Draft a training request; nobody else sees it before it is submitted."""

    async def command(context: CommandContext) -> TrainingRequestView:
        drafted = await commands.draft_request(
            context.session,
            context.clock,
            body.wish(),
            project_id=project_id,
            employer_id=employer_id,
            buyer_id=body.buyer_id,
            by=context.actor.person_id,
        )
        return await _view(context.session, drafted)

    return await run_command(request, command, status=201)


@router.post("/projects/{project_id}/pooled-requests", status_code=201, response_model=PooledRequests)
async def pool_training_requests(request: Request, project_id: UUID, body: PooledWish) -> Response:
    """Send in a request for each of several employers' needs, as one purchase; each employer is told of its own."""

    async def command(context: CommandContext) -> PooledRequests:
        plain = body.model_dump(include={"title", "description", "minutes", "municipality", "language"})
        pooled = await pool_needs(
            context.session,
            context.clock,
            project_id,
            body.needs,
            RequestWish(**plain, mode=body.mode.value, persons=1),
            buyer_id=body.buyer_id,
            by=context.actor.person_id,
        )
        return PooledRequests(pool=pooled.pool, request_ids=[each.id for each in pooled.requests])

    return await run_command(request, command, status=201)


@router.get(_COLLECTION)
async def list_training_requests(
    project_id: UUID, employer_id: UUID, query: PageQuery, session: ReadSession
) -> Page[TrainingRequestView]:
    """The employer's training requests in the project, the newest first."""
    page = await queries.list_requests(session, query, project_id=project_id, employer_id=employer_id)
    return Page(items=await _views(session, page.rows), next=page.next)


@router.get("/training-requests/{request_id}")
async def get_training_request(request_id: UUID, session: ReadSession) -> TrainingRequestView:
    """A training request and the runs that came of it."""
    return await _view(session, await queries.get_request(session, request_id))


@router.get("/training-requests/{request_id}/history")
async def get_training_request_history(request_id: UUID, session: ReadSession) -> RequestHistoryView:
    """What has happened to the request."""
    rows = await queries.request_history(session, request_id)
    return RequestHistoryView(items=[RequestEvent.model_validate(row) for row in rows])


@router.patch("/training-requests/{request_id}", response_model=TrainingRequestView)
async def edit_training_request(request: Request, request_id: UUID, body: EditedWish) -> Response:
    """Replace what a draft asks for."""

    async def command(context: CommandContext) -> TrainingRequestView:
        edited = await commands.edit_request(
            context.session,
            context.clock,
            request_id,
            body.wish(),
            buyer_id=body.buyer_id,
            version=body.version,
            by=context.actor.person_id,
        )
        return await _view(context.session, edited)

    return await run_command(request, command)


@router.post("/training-requests/{request_id}/submit", response_model=TrainingRequestView)
async def submit_training_request(request: Request, request_id: UUID) -> Response:
    """Submit a draft to the buyer's procurement officers."""

    async def command(context: CommandContext) -> TrainingRequestView:
        submitted = await commands.submit_request(
            context.session, context.clock, request_id, by=context.actor.person_id
        )
        return await _view(context.session, submitted)

    return await run_command(request, command)


@router.post("/training-requests/{request_id}/withdraw", response_model=TrainingRequestView)
async def withdraw_training_request(request: Request, request_id: UUID, body: Withdrawal) -> Response:
    """Withdraw a request that no officer has put into a case yet."""

    async def command(context: CommandContext) -> TrainingRequestView:
        withdrawn = await commands.withdraw_request(
            context.session, context.clock, request_id, reason=body.reason, by=context.actor.person_id
        )
        return await _view(context.session, withdrawn)

    return await run_command(request, command)
