"""The figures of a project."""

from uuid import UUID

from fastapi import APIRouter

from services.booking.reports import queries
from services.booking.reports.queries import FiguresView
from shared.web.edge import CurrentClock, ReadSession

router = APIRouter(tags=["figures"])


@router.get("/projects/{project_id}/figures")
async def get_figures(project_id: UUID, session: ReadSession, clock: CurrentClock) -> FiguresView:
    """Show persons, hours, employers, seats and money against the project's targets."""
    return await queries.get_figures(session, clock, project_id)
