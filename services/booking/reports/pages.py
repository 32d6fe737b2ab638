"""A project's figures on a page, against its targets, by month and by municipality, and which project one leads."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.projects.leading import led, projects_led_by
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import ROUNDINGS
from services.booking.reports import drawing
from services.booking.reports.breakdown import by_month, by_municipality, mark_of_figures
from services.booking.reports.queries import get_figures
from shared.kernel.calendar import legal_day
from shared.web.edge import CurrentActor, CurrentClock, CurrentLanguage, ReadSession
from shared.web.pages import charts
from shared.web.pages.live import Since, follow, mark_as_sent
from shared.web.pages.rendering import render, see_other

router = APIRouter()


@router.get("/projects/mine")
async def show_my_projects(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Lead to the project that one leads, or show which they are."""
    projects = await projects_led_by(session, actor)
    if len(projects) == 1:
        return see_other(led(request, projects[0]).address("/figures"))
    return render(request, "reports/mine.html", projects=projects)


@router.get("/projects/{project_id}/figures")
async def show_figures(
    request: Request, project_id: UUID, session: ReadSession, clock: CurrentClock, language: CurrentLanguage
) -> Response:
    """Show what the project has reached: against its targets, by month and by municipality."""
    # before the figures: a change in between is then told once too often, not missed
    mark = await mark_of_figures(session, project_id)
    project = await get_project_row(session, project_id)
    figures = await get_figures(session, clock, project_id)
    today = legal_day(figures.as_of)
    months = await by_month(session, project_id, today=today)
    places = await by_municipality(session, project_id)
    return render(
        request,
        "reports/figures.html",
        project=led(request, project),
        figures=figures,
        elapsed=drawing.elapsed_share(project.starts_on, project.ends_on, today),
        ends_on=project.ends_on,
        months=drawing.monthly(months, today, language),
        municipalities=drawing.by_place(places),
        charts=charts,
        drawing=drawing,
        roundings=ROUNDINGS,
        mark=mark_as_sent(mark),
    )


@router.get("/projects/{project_id}/figures/changes")
async def follow_figures(request: Request, project_id: UUID, since: Since = "") -> Response:
    """Tell, for as long as somebody listens, when the figures have changed."""
    read = partial(mark_of_figures, project_id=project_id)
    return follow(request, f"figures/{project_id}", read, since=since)
