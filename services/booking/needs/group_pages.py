"""The page of an employer's target groups: listed, exported, and set one at a time."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.employers.standing import standing_of
from services.booking.needs.tables import TargetGroup
from services.booking.needs.target_groups import SetTargetGroup, TargetGroupView, list_target_groups, set_target_group
from shared.kernel.texts import N_
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()
_GROUPS: Final = "/projects/{project_id}/employers/{employer_id}/groups"
_COLUMNS: Final = (
    Column(N_("Target group"), lambda row: row.name),
    Column(N_("Persons"), lambda row: row.persons),
)


@router.get(_GROUPS)
async def show_target_groups(
    request: Request,
    project_id: UUID,
    employer_id: UUID,
    session: ReadSession,
    query: Annotated[ListFilter, Query()],
) -> Response:
    """List the employer's target groups, with the form by which one is set."""
    return await _page(request, session, project_id, employer_id, query, Form())


@router.post(_GROUPS)
async def send_target_groups(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Set a target group: add it, change its number, or take it away."""

    async def command(context: CommandContext, body: SetTargetGroup) -> TargetGroupView:
        return await set_target_group(
            context.session, context.clock, project_id, employer_id, body, by=context.actor.person_id
        )

    async def again(form: Form[SetTargetGroup]) -> Response:
        return await _page(request, session, project_id, employer_id, ListFilter(), form)

    done = f"/booking/projects/{project_id}/employers/{employer_id}/groups"
    return await take_form(request, SetTargetGroup, command, done=done, again=again)


async def _page(
    request: Request,
    session: AsyncSession,
    project_id: UUID,
    employer_id: UUID,
    query: ListFilter,
    form: Form[SetTargetGroup],
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)

    async def show(groups: Listing[TargetGroup]) -> Response:
        return render(request, "needs/groups.html", standing=standing, groups=groups, form=form)

    read = partial(list_target_groups, session, project_id, employer_id)
    return await show_or_export(request, query, name="groups", columns=_COLUMNS, read=read, show=show)
