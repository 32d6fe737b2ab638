"""The portal's start page: what Kurslots is for, and the projects that are open to look at."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.projects import queries
from shared.web.edge import ReadSession
from shared.web.page_query import PageQuery
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()


@router.get("/")
async def show_start(request: Request, session: ReadSession, query: PageQuery) -> Response:
    """Show what Kurslots is for, and its projects."""
    page = await queries.list_projects(session, query)
    projects = Listing.of(request, Rows(page.items, page.next), shown=page.items, name="projects")
    return render(request, "projects/start.html", projects=projects)
