"""The form in which whoever leads a project changes its settings."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import settings
from services.booking.courses.settings_api import ChangeSettings
from services.booking.projects import rules
from services.booking.projects.leading import led
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import APPROVALS, SIGNING_WAYS, UNANSWERED
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()


@router.get("/projects/{project_id}/settings/change")
async def show_change_settings(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Show the settings that can be changed here."""
    return await _page(request, session, project_id, Form())


@router.post("/projects/{project_id}/settings/change")
async def send_change_settings(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Change them."""

    async def command(context: CommandContext, body: ChangeSettings) -> None:
        await settings.change_settings(
            context.session,
            context.clock,
            project_id,
            body.settings(),
            version=body.version,
            reason=body.reason,
            by=context.actor.person_id,
        )

    again = partial(_page, request, session, project_id)
    return await take_form(
        request, ChangeSettings, command, done=f"/booking/projects/{project_id}/settings", again=again
    )


async def _page(request: Request, session: AsyncSession, project_id: UUID, form: Form[ChangeSettings]) -> Response:
    row = await get_project_row(session, project_id)
    return render(
        request,
        "courses/change_settings.html",
        project=led(request, row),
        row=row,
        form=form,
        rules=rules,
        approvals=APPROVALS,
        signing_ways=[(way.value, SIGNING_WAYS[way]) for way in rules.SigningWay],
        unanswered=[(each.value, UNANSWERED[each]) for each in rules.Unanswered],
    )
