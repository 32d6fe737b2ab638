"""An employer's training requests: the list, one with where it stands, sending it in and withdrawing it."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses.words import MODE_NAMES, language_name
from services.booking.employers.standing import standing_of
from services.booking.needs.wording import WISHED_TIMES
from services.booking.people.queries import find_names
from services.booking.requests import commands, queries
from services.booking.requests.api import Withdrawal
from services.booking.requests.form import hours_typed
from services.booking.requests.rules import REQUEST, RequestState
from services.booking.requests.search import (
    RequestSearch,
    arranged_runs,
    buyer_name,
    need_title,
    search_requests,
)
from services.booking.requests.tables import TrainingRequest
from services.booking.requests.words import STATE_KINDS, STATE_NAMES, stands, steps, told_history
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()

_COLUMNS: Final = (
    Column(N_("Training"), lambda request: request.title),
    Column(N_("Number"), lambda request: request.reference),
    Column(N_("Persons"), lambda request: request.persons),
    Column(N_("Hours each"), lambda request: request.minutes / 60),
    Column(N_("Municipality"), lambda request: municipality_name(request.municipality)),
    Column(N_("Wished from"), lambda request: request.wished_from),
    Column(N_("Wished to"), lambda request: request.wished_to),
    Column(N_("State"), lambda request: Text(STATE_NAMES[RequestState(request.state)])),
    Column(N_("Case"), lambda request: request.registration_number),
    Column(N_("Drafted"), lambda request: request.created_at),
)


class Nothing(Body):
    """A form without fields of its own: a button."""


@router.get("/employers/{employer_id}/requests")
async def show_employer_requests(
    request: Request, employer_id: UUID, session: ReadSession, query: Annotated[RequestSearch, Query()]
) -> Response:
    """Show the employer's training requests in the projects that the reader reaches."""
    standing = await standing_of(request, session, employer_id)
    parts = standing.parts_for("show_employer_requests")
    ids = [part.project_id for part in parts]

    async def read(page: RequestSearch) -> Rows[TrainingRequest]:
        return await search_requests(session, page, employer_id=employer_id, project_ids=ids)

    async def show(listing: Listing[TrainingRequest]) -> Response:
        return render(
            request,
            "requests/list.html",
            standing=standing,
            parts={part.project_id: part.name for part in parts},
            requests=listing,
            state_names=STATE_NAMES,
            state_kinds=STATE_KINDS,
        )

    return await show_or_export(
        request, query, name="training-requests", columns=_COLUMNS, sort="-made", read=read, show=show
    )


@router.get("/requests/{request_id}")
async def show_request(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Show a training request: where it stands, what was asked for, what came of it, and what has happened."""
    asked = await queries.get_request(session, request_id)
    state = RequestState(asked.state)
    history = await queries.request_history(session, request_id)
    standing = await standing_of(request, session, asked.employer_id)
    buyer = await buyer_name(session, asked)
    return render(
        request,
        "requests/request.html",
        asked=asked,
        state=state,
        standing=standing,
        may_edit=standing.may("show_request_edit", asked.project_id),
        may_withdraw=REQUEST.allows(state, RequestState.WITHDRAWN),
        buyer=buyer,
        stands=stands(asked, buyer),
        steps=steps(state),
        need=await need_title(session, asked),
        runs=await arranged_runs(session, asked),
        project_name=next(part.name for part in standing.parts if part.project_id == asked.project_id),
        history=told_history(
            history, await find_names(session, {row.actor_id for row in history if row.actor_id is not None})
        ),
        hours=hours_typed(asked.minutes),
        municipality=municipality_name(asked.municipality),
        mode_names=MODE_NAMES,
        wished_times=WISHED_TIMES,
        state_names=STATE_NAMES,
        state_kinds=STATE_KINDS,
        language_name=language_name,
    )


@router.get("/requests/{request_id}/submit")
async def show_request_submission(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Say what sending in does and who will be told."""
    return await _submit_page(request, session, request_id, Form())


@router.post("/requests/{request_id}/submit")
async def send_request_submission(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Send the draft in to the buyer's procurement officers."""

    async def command(context: CommandContext, _body: Nothing) -> None:
        await commands.submit_request(context.session, context.clock, request_id, by=context.actor.person_id)

    again = partial(_submit_page, request, session, request_id)
    return await take_form(request, Nothing, command, done=f"/booking/requests/{request_id}", again=again)


async def _submit_page(request: Request, session: AsyncSession, request_id: UUID, form: Form[Any]) -> Response:
    asked = await queries.get_request(session, request_id)
    does = [
        Text(
            N_("The request goes to the procurement officers of {buyer}, who are told."),
            {"buyer": await buyer_name(session, asked)},
        ),
        Text(N_("Your contacts get a receipt by e-mail.")),
        Text(N_("It can no longer be edited. Until it is taken up in a case you can withdraw it and ask anew.")),
    ]
    return await _confirm_page(request, session, asked, form, "requests/submit.html", does)


@router.get("/requests/{request_id}/withdraw")
async def show_request_withdrawal(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Say what withdrawing does and who will be told."""
    return await _withdraw_page(request, session, request_id, Form())


@router.post("/requests/{request_id}/withdraw")
async def send_request_withdrawal(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Withdraw a request that no officer has put into a case yet."""

    async def command(context: CommandContext, body: Withdrawal) -> None:
        await commands.withdraw_request(
            context.session, context.clock, request_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_withdraw_page, request, session, request_id)
    return await take_form(request, Withdrawal, command, done=f"/booking/requests/{request_id}", again=again)


async def _withdraw_page(request: Request, session: AsyncSession, request_id: UUID, form: Form[Any]) -> Response:
    asked = await queries.get_request(session, request_id)
    told = (
        Text(N_("It is a draft, so nobody is told."))
        if asked.state == RequestState.DRAFT
        else Text(
            N_("The procurement officers of {buyer} and your contacts are told, with the reason."),
            {"buyer": await buyer_name(session, asked)},
        )
    )
    does = [
        told,
        Text(N_("A need of your plan that it was to meet counts as not met again.")),
        Text(N_("It cannot be taken back. Ask anew if the training is needed after all.")),
    ]
    return await _confirm_page(request, session, asked, form, "requests/withdraw.html", does)


async def _confirm_page(
    request: Request, session: AsyncSession, asked: TrainingRequest, form: Form[Any], template: str, does: list[Text]
) -> Response:
    standing = await standing_of(request, session, asked.employer_id)
    return render(request, template, form=form, asked=asked, standing=standing, does=does)
