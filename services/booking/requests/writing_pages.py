"""Writing a training request: a draft of an employer in one of its projects, and editing it until it is sent in."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.choosing import open_needs
from services.booking.courses.rules import Mode
from services.booking.courses.words import LANGUAGE_NAMES, MODE_NAMES
from services.booking.employers.queries import list_workplaces
from services.booking.employers.standing import Part, Standing, standing_of
from services.booking.needs.rules import WishedMode, WishedTime
from services.booking.needs.tables import Need
from services.booking.needs.wording import WISHED_TIMES
from services.booking.requests import commands, queries
from services.booking.requests.form import RequestForm, hours_typed
from services.booking.requests.rules import RequestState
from services.booking.requests.search import buyers_of
from services.booking.requests.tables import TrainingRequest
from services.booking.seats.run_search import sorted_municipalities
from shared.kernel.errors import NotFound
from shared.kernel.municipalities import MUNICIPALITIES, municipality_name
from shared.kernel.texts import N_
from shared.web.bodies import View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.rendering import render, see_other

router = APIRouter()
_NEW = "/employers/{employer_id}/requests/new"


class NewQuery(BaseModel):
    """In which project training is asked for, and the need that it is to meet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: UUID | None = None
    need: UUID | None = None


class Drafted(View):
    """The request that was drafted."""

    request_id: UUID


@router.get(_NEW)
async def show_new_request(
    request: Request, employer_id: UUID, session: ReadSession, query: Annotated[NewQuery, Query()]
) -> Response:
    """Show an empty form, or one that begins with a need; where there are several projects, let one be chosen."""
    standing = await standing_of(request, session, employer_id)
    parts = [part for part in standing.parts_for("show_new_request") if part.is_joined]
    chosen = _chosen(parts, query.project)
    if chosen is None:
        return render(request, "requests/project.html", standing=standing, parts=parts, need=query.need)
    begin = await _of_need(session, standing, chosen.project_id, query.need)
    return await _form_page(request, session, standing, chosen.project_id, Form(), begin=begin)


@router.post(_NEW)
async def send_new_request(
    request: Request, employer_id: UUID, session: ReadSession, query: Annotated[NewQuery, Query()]
) -> Response:
    """Draft the request; nobody else sees it before it is sent in."""
    form = await read_form(request, RequestForm)
    standing = await standing_of(request, session, employer_id)
    parts = [part for part in standing.parts_for("show_new_request") if part.is_joined]
    sent = form.value("project_id")
    chosen = next((part for part in parts if str(part.project_id) == sent), None)
    if chosen is None:
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")
    project_id = chosen.project_id

    async def command(context: CommandContext, body: RequestForm) -> Drafted:
        drafted = await commands.draft_request(
            context.session,
            context.clock,
            body.wish(),
            project_id=project_id,
            employer_id=employer_id,
            buyer_id=body.buyer_id,
            by=context.actor.person_id,
        )
        return Drafted(request_id=drafted.id)

    async def again(form: Form[RequestForm]) -> Response:
        begin = await _of_need(session, standing, project_id, query.need)
        return await _form_page(request, session, standing, project_id, form, begin=begin)

    return await take_form(
        request, form, command, done=lambda made: f"/booking/requests/{made['request_id']}", again=again
    )


@router.get("/requests/{request_id}/edit")
async def show_request_edit(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Show the draft to be edited; what has been sent in is shown as it stands."""
    asked = await queries.get_request(session, request_id)
    if asked.state != RequestState.DRAFT:
        return see_other(f"/booking/requests/{request_id}")
    return await _edit_page(request, session, asked, Form())


@router.post("/requests/{request_id}/edit")
async def send_request_edit(request: Request, request_id: UUID, session: ReadSession) -> Response:
    """Replace what the draft asks for."""

    async def command(context: CommandContext, body: RequestForm) -> None:
        await commands.edit_request(
            context.session,
            context.clock,
            request_id,
            body.wish(),
            buyer_id=body.buyer_id,
            version=body.version,
            by=context.actor.person_id,
        )

    async def again(form: Form[RequestForm]) -> Response:
        return await _edit_page(request, session, await queries.get_request(session, request_id), form)

    return await take_form(request, RequestForm, command, done=f"/booking/requests/{request_id}", again=again)


async def _edit_page(request: Request, session: AsyncSession, asked: TrainingRequest, form: Form[Any]) -> Response:
    standing = await standing_of(request, session, asked.employer_id)
    begin = {
        name: getattr(asked, name)
        for name in (
            *("title", "description", "persons", "mode", "municipality", "language"),
            *("wished_time", "need_id", "buyer_id"),
        )
    } | {
        "hours": hours_typed(asked.minutes),
        "wished_from": asked.wished_from or "",
        "wished_to": asked.wished_to or "",
        "version": asked.version,
    }
    return await _form_page(request, session, standing, asked.project_id, form, begin=begin, asked=asked)


async def _form_page(
    request: Request,
    session: AsyncSession,
    standing: Standing,
    project_id: UUID,
    form: Form[Any],
    *,
    begin: Mapping[str, object],
    asked: TrainingRequest | None = None,
) -> Response:
    needs = list(await open_needs(session, project_id, standing.employer_id))
    held = begin.get("need_id")
    if isinstance(held, UUID) and held not in {need_id for need_id, _ in needs}:
        need = await session.get(Need, held)
        needs += [(held, need.title)] if need is not None else []
    buyers = (await buyers_of(session, [project_id]))[project_id]
    own = {workplace.municipality for workplace in await list_workplaces(session, standing.employer_id)}
    return render(
        request,
        "requests/form.html",
        form=form,
        standing=standing,
        project_id=project_id,
        project_name=next(part.name for part in standing.parts if part.project_id == project_id),
        asked=asked,
        begin={"persons": "", "mode": Mode.PHYSICAL.value, "wished_time": WishedTime.ANY.value, "language": "sv"}
        | dict(begin),
        needs=needs,
        buyers=[(buyer.buyer_id, buyer.name) for buyer in buyers],
        municipalities=_municipalities(own),
        modes=[(mode.value, MODE_NAMES[mode]) for mode in Mode],
        times=WISHED_TIMES.items(),
        languages=LANGUAGE_NAMES.items(),
    )


def _municipalities(own: set[str]) -> Sequence[tuple[str, str]]:
    """Return every municipality by name, those of the employer's workplaces first."""
    first = [(code, municipality_name(code)) for code, _ in sorted_municipalities(own)]
    return [*first, *sorted_municipalities(set(MUNICIPALITIES) - own)]


def _chosen(parts: Sequence[Part], project_id: UUID | None) -> Part | None:
    if project_id is None:
        return parts[0] if len(parts) == 1 else None
    return next((part for part in parts if part.project_id == project_id), None)


async def _of_need(
    session: AsyncSession, standing: Standing, project_id: UUID, need_id: UUID | None
) -> dict[str, object]:
    """Return what a form begins with that is to meet a need of the employer's plan."""
    if need_id is None or need_id not in {
        known for known, _ in await open_needs(session, project_id, standing.employer_id)
    }:
        return {}
    need = await session.get_one(Need, need_id)
    return {
        "title": need.title,
        "description": need.description or "",
        "persons": need.persons,
        "hours": hours_typed(need.minutes),
        "wished_from": need.wished_from or "",
        "wished_to": need.wished_to or "",
        "wished_time": need.wished_time,
        "need_id": need_id,
        **({} if need.wished_mode == WishedMode.ANY else {"mode": need.wished_mode}),
    }
