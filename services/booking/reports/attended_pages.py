"""Attended hours of a project by month and by municipality, with charts, and every month and municipality as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.projects.leading import led
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import HourRounding
from services.booking.projects.words import ROUNDINGS
from services.booking.proof.hours import HoursCell, HoursOf, attended_hours, hours_by, sum_of
from services.booking.proof.rules import hours_and_minutes
from services.booking.reports import drawing
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentLanguage, ReadSession
from shared.web.languages import Language, shown_number
from shared.web.pages import charts
from shared.web.pages.charts import Bar
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_HOUR: Final = 60
_MOST_MONTHS_DRAWN: Final = 24
_COLUMNS: Final = (
    Column(N_("Month"), lambda cell: f"{cell.month:%Y-%m}"),
    Column(
        N_("Municipality"),
        lambda cell: municipality_name(cell.municipality) if cell.municipality else Text(N_("Workplace not known")),
    ),
    Column(N_("Minutes attended"), lambda cell: cell.hours.minutes),
    Column(N_("Minutes that count by the project's rule"), lambda cell: cell.hours.counted),
    Column(N_("Of these signed for"), lambda cell: cell.hours.signed),
    Column(N_("Minutes of accepted outside courses"), lambda cell: cell.hours.outside),
    Column(N_("Minutes that count in all"), lambda cell: cell.hours.in_all),
)


@dataclass(frozen=True, slots=True)
class HoursRow:
    """A month or a municipality as it is shown, and its hours."""

    name: str | None
    hours: HoursOf


@router.get("/projects/{project_id}/hours")
async def show_attended_hours(
    request: Request,
    project_id: UUID,
    session: ReadSession,
    language: CurrentLanguage,
    query: Annotated[ListFilter, Query()],
) -> Response:
    """Show attended hours by month and by municipality."""
    project = await get_project_row(session, project_id)
    cells = await attended_hours(session, project_id, HourRounding(project.hour_rounding))

    async def read(_query: ListFilter) -> Rows[HoursCell]:
        return Rows(cells, None)

    async def show(rows: Listing[HoursCell]) -> Response:
        months = hours_by(cells, lambda cell: cell.month)
        places = _places(cells)
        return render(
            request,
            "reports/attended.html",
            rows=rows,
            project=led(request, project),
            total=sum_of(cells),
            months=[HoursRow(f"{month:%Y-%m}", hours) for month, hours in months.items()],
            municipalities=places,
            month_bars=_month_bars(months, language),
            place_bars=_place_bars(places, language),
            rounding=ROUNDINGS[project.hour_rounding],
            hours=hours_and_minutes,
            charts=charts,
            drawing=drawing,
        )

    return await show_or_export(request, query, name="hours", columns=_COLUMNS, read=read, show=show)


def _places(cells: Sequence[HoursCell]) -> list[HoursRow]:
    """Return the municipalities, those with most hours first, and last what is of no known one."""
    places = hours_by(cells, lambda cell: cell.municipality)
    unknown = places.pop(None, None)
    known = [HoursRow(municipality_name(code), hours) for code, hours in places.items() if code is not None]
    known.sort(key=lambda row: (-row.hours.in_all, row.name or ""))
    return known if unknown is None else [*known, HoursRow(None, unknown)]


def _month_bars(months: dict[date, HoursOf], language: Language) -> list[Bar]:
    """Return a bar for each of the latest months, those without hours among them."""
    if not months:
        return []
    at, last, every = min(months), max(months), []
    while at <= last:
        every.append(at)
        at = (at.replace(day=28) + (date(2000, 1, 8) - date(2000, 1, 1))).replace(day=1)
    return [_bar(f"{month:%y-%m}", months.get(month, HoursOf()), language) for month in every[-_MOST_MONTHS_DRAWN:]]


def _place_bars(places: Sequence[HoursRow], language: Language) -> list[Bar]:
    known = [row for row in places if row.name is not None]
    return [_bar(row.name or "", row.hours, language) for row in known[: drawing.MOST_PLACES_DRAWN]]


def _bar(name: str, of: HoursOf, language: Language) -> Bar:
    whole = of.in_all // _HOUR
    return Bar(name, whole, shown_number(whole, language))
