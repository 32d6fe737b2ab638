"""The officer's inbox: requests that wait, alike ones side by side, and what becomes of each."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import reached
from services.procurement.buyers.queries import not_there
from services.procurement.cases import commands, inbox, queries
from services.procurement.cases.inbox import InboxFilter
from services.procurement.cases.rules import RequestState
from services.procurement.cases.tables import TrainingRequest
from services.procurement.history import changes_of
from services.procurement.office import Because, case_address, office_page
from services.procurement.wording import MODES, REQUEST_STATES, WISHED_TIMES
from shared.kernel.errors import NotAllowed
from shared.kernel.grants import Actor
from shared.kernel.municipalities import municipality_name
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.paging import Page

router = APIRouter()

_COLUMNS: Final = (
    Column(N_("Request"), lambda row: row.reference),
    Column(N_("Training"), lambda row: row.title),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Persons"), lambda row: row.persons),
    Column(N_("Hours"), lambda row: round(row.minutes / 60, 1)),
    Column(N_("Form"), lambda row: Text(MODES.get(row.mode, row.mode))),
    Column(N_("Municipality"), lambda row: municipality_name(row.municipality)),
    Column(N_("Wished from"), lambda row: row.wished_from),
    Column(N_("Wished to"), lambda row: row.wished_to),
    Column(N_("Time of the week"), lambda row: Text(WISHED_TIMES.get(row.wished_time, row.wished_time))),
    Column(N_("Came"), lambda row: row.submitted_at),
    Column(N_("State"), lambda row: Text(REQUEST_STATES[row.state])),
    Column(N_("Case"), lambda row: row.registration_number),
)


class TakeRequests(Body):
    """Requests that are bought together: in a new case with this title, or in an open one."""

    request_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    case_id: UUID | None = None
    title: Line | None = None


class TakenView(View):
    """The case that requests are in."""

    case_id: UUID


def _reach(actor: Actor) -> ColumnElement[bool]:
    return reached(actor, col(TrainingRequest.buyer_id), col(TrainingRequest.project_id))


@router.get("/requests")
async def show_requests(
    request: Request, session: ReadSession, actor: CurrentActor, query: Annotated[InboxFilter, Query()]
) -> Response:
    """Show the inbox: what waits, what of it looks alike, and on demand what was taken or declined."""
    reach = _reach(actor)

    async def read(page: InboxFilter) -> Page[inbox.InboxRow]:
        return await inbox.list_inbox(session, page, reach)

    async def show(listing: Listing[inbox.InboxRow]) -> Response:
        first = query.state is RequestState.WAITING and query.after is None
        groups = await inbox.waiting_alike(session, reach) if first else []
        return office_page(request, "cases/requests.html", requests=listing, groups=groups, query=query)

    return await show_or_export(
        request, query, name="requests", columns=_COLUMNS, sort="submitted", read=read, show=show
    )


@router.get("/requests/take")
async def show_take_requests(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    chosen: Annotated[list[UUID] | None, Query(alias="request", max_length=200)] = None,
) -> Response:
    """Show the chosen requests side by side, and where they may go: a new case, or one that is open."""
    return await _take_page(request, session, actor, chosen or [], Form())


@router.post("/requests/take")
async def send_take_requests(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Put requests into a new case or an open one."""

    async def command(context: CommandContext, body: TakeRequests) -> TakenView:
        by = context.actor.person_id
        asked = await _checked(context.session, context.actor, body.request_ids)
        if body.case_id is not None:
            case = await queries.get_case(context.session, body.case_id)
            check_reached(context.actor, case.buyer_id, case.project_id)
            case = await commands.add_requests(context.session, context.clock, case.id, body.request_ids, by=by)
        else:
            case = await commands.open_case(
                context.session,
                context.clock,
                asked.buyer_id,
                project_id=asked.project_id,
                title=body.title or asked.title,
                request_ids=body.request_ids,
                by=by,
            )
        return TakenView(case_id=case.id)

    async def again(form: Form[TakeRequests]) -> Response:
        chosen = [UUID(each) for each in form.values("request_ids") if _is_id(each)]
        return await _take_page(request, session, actor, chosen, form)

    return await take_form(
        request, TakeRequests, command, done=lambda answer: case_address(answer["case_id"]), again=again
    )


@router.get("/requests/{request_id}")
async def show_request(request: Request, request_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show a request: what is asked for, what looks alike, and what happened to it."""
    found = await queries.get_request(session, request_id)
    (view,) = await queries.request_views(session, [found])
    waits = view.state is RequestState.WAITING
    return office_page(
        request,
        "cases/request.html",
        asked=view,
        case=await queries.get_case(session, view.case_id) if view.case_id else None,
        alike=await inbox.alike_to(session, view, _reach(actor)) if waits else [],
        history=await changes_of(session, {request_id: view.reference}),
        may_take=actor.holds(Role.PROCUREMENT_OFFICER),
    )


@router.get("/requests/{request_id}/decline")
async def show_decline(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Say what declining does, before it is done."""
    return await _decline_page(request, session, request_id, Form())


@router.post("/requests/{request_id}/decline")
async def send_decline(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Decline a waiting request; the employer reads the reason."""

    async def command(context: CommandContext, body: Because) -> None:
        await commands.decline_request(
            context.session, context.clock, request_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_decline_page, request, session, request_id)
    return await take_form(request, Because, command, done=f"/procurement/requests/{request_id}", again=again)


async def _decline_page(request: Request, session: AsyncSession, request_id: UUID, form: Form[Any]) -> Response:
    (view,) = await queries.request_views(session, [await queries.get_request(session, request_id)])
    employer = view.employer_name or Text(N_("the employer"))
    does = [
        Text(N_("“{title}” leaves the inbox, and no case is opened for it."), {"title": view.title}),
        Text(N_("The contacts of {employer} are told at once, with your reason."), {"employer": employer}),
        Text(N_("The employer may change the request and send it again.")),
    ]
    return office_page(request, "cases/decline.html", form=form, does=does, asked=view)


async def _take_page(
    request: Request, session: AsyncSession, actor: Actor, chosen: list[UUID], form: Form[Any]
) -> Response:
    requests = await inbox.chosen_requests(session, chosen, _reach(actor))
    one = requests[0] if requests else None
    return office_page(
        request,
        "cases/take.html",
        form=form,
        requests=requests,
        poolable=len({(each.buyer_id, each.project_id) for each in requests}) == 1,
        cases=await inbox.open_cases(session, one.buyer_id, one.project_id) if one else [],
        persons=sum(each.persons for each in requests),
    )


async def _checked(session: AsyncSession, actor: Actor, request_ids: list[UUID]) -> TrainingRequest:
    """Return the first of the requests; raises NotAllowed where one is of what the officer does not work for."""
    found = (await session.exec(select(TrainingRequest).where(col(TrainingRequest.id).in_(request_ids)))).all()
    for each in found:
        check_reached(actor, each.buyer_id, each.project_id)
    if not found:
        raise not_there()
    return found[0]


def check_reached(actor: Actor, buyer_id: UUID, project_id: UUID) -> None:
    """Raise NotAllowed where the actor is no officer of the buyer for the project."""
    officer = actor.grants_of(Role.PROCUREMENT_OFFICER)
    if not any(grant.buyer_id in (None, buyer_id) and grant.project_id in (None, project_id) for grant in officer):
        raise NotAllowed(
            N_("You are not an officer of the buyer and the project that this is of."), code="not_an_officer_there"
        )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
