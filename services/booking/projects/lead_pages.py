"""What is set for a project, as whoever leads it sees it, and where each thing is changed."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.projects import words
from services.booking.projects.leading import led
from services.booking.projects.queries import get_project, get_project_row
from services.booking.projects.tables import ProjectHistory
from shared.kernel.money import Money
from shared.web.edge import ReadSession
from shared.web.exchange import parts_of
from shared.web.pages.rendering import render

router = APIRouter()
_MOST_SHOWN = 50


@router.get("/projects/{project_id}/settings")
async def show_settings(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Show what the project's file says of it, and when that was changed."""
    row = await get_project_row(session, project_id)
    view = await get_project(session, project_id)
    return render(
        request,
        "projects/settings.html",
        project=led(request, row),
        view=view,
        amounts=[None if each.amount_ore is None else Money(each.amount_ore, each.currency) for each in view.funding],
        words=words,
        history=await _history(request, session, project_id),
    )


async def _history(request: Request, session: AsyncSession, project_id: UUID) -> list[dict[str, Any]]:
    found = await session.exec(
        select(ProjectHistory)
        .where(col(ProjectHistory.project_id) == project_id)
        .order_by(col(ProjectHistory.id).desc())
        .limit(_MOST_SHOWN)
    )
    rows = found.all()
    actors = {row.actor_id for row in rows if row.actor_id is not None}
    names = await parts_of(request).names_of(session, actors) if actors else {}
    return [
        {
            "at": row.at,
            "actor_name": None if row.actor_id is None else names.get(row.actor_id),
            "text": words.change_text(row.change, row.before, row.after),
            "reason": row.reason,
        }
        for row in rows
    ]
