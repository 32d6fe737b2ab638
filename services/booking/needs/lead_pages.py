"""What the employers of a project need, for whoever leads it: every need without a way, and those that are alike."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.needs import wording
from services.booking.needs.demand import Demanded, DemandFilter, demanded_together, list_demand
from services.booking.projects.leading import led_project
from shared.kernel.texts import N_, Text
from shared.web.edge import ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()

_COLUMNS: Final = (
    Column(N_("Need"), lambda row: row.need.title),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Municipality"), lambda row: row.place),
    Column(N_("For whom"), lambda row: row.need.target_group),
    Column(N_("Persons"), lambda row: row.need.persons),
    Column(N_("Minutes for one person"), lambda row: row.need.minutes),
    Column(N_("Priority"), lambda row: Text(wording.PRIORITIES[row.need.priority])),
    Column(N_("Form"), lambda row: Text(wording.WISHED_MODES[row.need.wished_mode])),
    Column(N_("Earliest day"), lambda row: row.need.wished_from),
    Column(N_("Latest day"), lambda row: row.need.wished_to),
    Column(N_("Plan"), lambda row: Text(wording.PLAN_STATES[row.plan_state])),
)


@router.get("/projects/{project_id}/demand")
async def show_demand(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[DemandFilter, Query()]
) -> Response:
    """Show what the project's employers need and have no way to yet, and which of it one course may meet."""

    async def show(listing: Listing[Demanded]) -> Response:
        unasked = not (listing.is_filtered or listing.is_later)
        return render(
            request,
            "needs/demand.html",
            project=await led_project(request, session, project_id),
            demand=listing,
            together=await demanded_together(session, project_id) if unasked else [],
            wording=wording,
        )

    read = partial(list_demand, session, project_id)
    return await show_or_export(request, query, name="needs", columns=_COLUMNS, sort="-persons", read=read, show=show)
