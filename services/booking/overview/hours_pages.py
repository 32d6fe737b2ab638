"""The hours of an employer's people in a project, one by one: to follow up, and to export."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.employers.standing import standing_of
from services.booking.overview.hours import HoursFilter, PersonHours, list_hours
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import ROUNDINGS
from services.booking.reports.drawing import hours
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentClock, CurrentLanguage, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()


def _named(row: PersonHours) -> Text | str:
    if row.family_name is None:
        return Text(N_("Participant with protected identity"))
    return f"{row.family_name}, {row.given_name}"


_COLUMNS: Final = (
    Column(N_("Name"), _named),
    Column(N_("Courses"), lambda row: row.courses),
    Column(N_("Minutes booked"), lambda row: row.booked_minutes),
    Column(N_("Minutes attended"), lambda row: row.attended_minutes),
    Column(N_("Did not come"), lambda row: row.no_shows),
)


@router.get("/projects/{project_id}/employers/{employer_id}/hours")
async def show_hours(
    request: Request,
    project_id: UUID,
    employer_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    language: CurrentLanguage,
    query: Annotated[HoursFilter, Query()],
) -> Response:
    """List what each of the employer's people has booked and attended in the project."""
    standing = await standing_of(request, session, employer_id, project_id)
    project = await get_project_row(session, project_id)

    async def show(listing: Listing[PersonHours]) -> Response:
        return render(
            request,
            "overview/hours.html",
            standing=standing,
            listing=listing,
            rounding=ROUNDINGS[project.hour_rounding],
            hours=partial(hours, language=language),
            named=_named,
        )

    read = partial(list_hours, session, project, employer_id, clock.now())
    return await show_or_export(request, query, name="hours", columns=_COLUMNS, sort="name", read=read, show=show)
