"""The public catalogue of runs. A run's own page shows bookings too, and is in their area."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.courses.rules import Mode
from services.booking.courses.words import MODE_NAMES, language_name
from services.booking.courses.words_index import words_of
from services.booking.seats.open_data import courses_data
from services.booking.seats.run_search import ListedRun, RunSearch, choices_of, search_runs
from shared.kernel.money import Money
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentClock, ReadSession
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.exports import Column, export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()


def _price(run: ListedRun) -> Money | None:
    return None if run.view.price_ore is None else Money(run.view.price_ore, run.view.currency)


_ONWARD: Final = ("employer", "need")
_COLUMNS: Final = (
    Column(N_("Course"), lambda run: run.view.course_title),
    Column(N_("Number"), lambda run: run.view.reference),
    Column(N_("Area"), lambda run: run.view.area),
    Column(N_("Project"), lambda run: run.project_name),
    Column(N_("Begins"), lambda run: run.view.starts_at),
    Column(N_("Ends"), lambda run: run.view.ends_at),
    Column(N_("Meetings"), lambda run: len(run.view.meetings)),
    Column(N_("How"), lambda run: Text(MODE_NAMES[run.view.mode])),
    Column(N_("Language"), lambda run: language_name(run.view.language)),
    Column(N_("Municipality"), lambda run: run.municipality),
    Column(N_("Place"), lambda run: ", ".join(run.places)),
    Column(N_("Seats"), lambda run: run.view.capacity),
    Column(N_("Free seats"), lambda run: run.view.free_seats),
    Column(N_("Registration opens"), lambda run: run.view.registration_opens),
    Column(N_("Registration closes"), lambda run: run.view.registration_closes),
    Column(N_("Price for a seat"), _price),
)


@router.get("/runs")
async def show_runs(
    request: Request, session: ReadSession, clock: CurrentClock, query: Annotated[RunSearch, Query()]
) -> Response:
    """Show the runs to come that one may book seats on, in every project."""
    now = clock.now()

    async def read(page: RunSearch) -> Rows[ListedRun]:
        return await search_runs(session, page, now)

    if query.format:
        return await export(request, query, name="courses", columns=_COLUMNS, read=read)
    found = await read(query)
    return render(
        request,
        "seats/runs.html",
        runs=Listing.of(request, found, shown=found.rows, name="runs", sort=query.order, travelling=_ONWARD),
        choices=await choices_of(session, now),
        modes=[(mode.value, MODE_NAMES[mode]) for mode in Mode],
        mode_names=MODE_NAMES,
        language_name=language_name,
        onward=_onward(query),
        now=now,
        has_words=bool(words_of(query.q or "")),
        structured=None if exchange_of(request).subject else courses_data(found.rows, parts_of(request).origin),
    )


def _onward(query: RunSearch) -> str:
    """Return what goes on to a run and its booking: for whom, and for which need."""
    given = {name: str(value) for name in _ONWARD if (value := getattr(query, name))}
    return f"?{urlencode(given)}" if given else ""
