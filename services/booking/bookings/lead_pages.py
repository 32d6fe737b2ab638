"""A project's runs as whoever leads it sees them: all of them, and one with its seats, history and what can be done."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.bookings.overlaps import list_overlaps
from services.booking.bookings.told import concerned_by
from services.booking.courses import queries as courses
from services.booking.courses.queries import terms_of
from services.booking.courses.tables import RunHistory
from services.booking.courses.terms import standing_of
from services.booking.courses.views import RunView
from services.booking.courses.words import MODE_NAMES, PAYER_NAMES, holding_change, people_in_changes, terms_change
from services.booking.people.queries import find_names
from services.booking.projects.leading import led_project
from services.booking.seats import led_runs
from services.booking.seats.led_runs import LedRunFilter, When
from services.booking.seats.views import run_view
from shared.kernel.money import Money
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentClock, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()
_RUNS: Final = "/projects/{project_id}/runs"

WHEN_NAMES: Final[Mapping[When, str]] = {
    When.COMING: N_("to come"),
    When.SHORT: N_("with too few booked"),
    When.HELD: N_("held"),
    When.CANCELLED: N_("called off"),
}
_COLUMNS: Final = (
    Column(N_("Course"), lambda run: run.course_title),
    Column(N_("Number"), lambda run: run.reference),
    Column(N_("Begins"), lambda run: run.starts_at),
    Column(N_("Ends"), lambda run: run.ends_at),
    Column(N_("How"), lambda run: Text(MODE_NAMES[run.mode])),
    Column(N_("Municipality"), lambda run: municipality_name(run.municipality) if run.municipality else None),
    Column(N_("Seats"), lambda run: run.capacity),
    Column(N_("Seats booked"), lambda run: run.taken_seats),
    Column(N_("Kept seats"), lambda run: run.kept_seats),
    Column(N_("Needed for it to be held"), lambda run: run.minimum),
    Column(N_("Decided on"), lambda run: run.decide_on),
    Column(N_("Called off because"), lambda run: run.cancelled_because),
)
_CHANGES: Final[Mapping[str, str]] = {
    "scheduled": N_("Scheduled"),
    "postponed": N_("Postponed without a date"),
    "cancelled": N_("Called off"),
    "links": N_("New digital links"),
    "times": N_("New times"),
    "place": N_("New place"),
    "mode": N_("Held in another way"),
}
_COUNTED: Final[Mapping[str, str]] = {
    "kept_seats": N_("Seats kept for an employer: {after}, before that {before}"),
    "capacity": N_("Seats in all: {after}, before that {before}"),
}


@router.get(_RUNS)
async def show_project_runs(
    request: Request,
    project_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[LedRunFilter, Query()],
) -> Response:
    """List the project's runs, whatever has become of them."""
    now = clock.now()

    async def show(runs: Listing[RunView]) -> Response:
        return render(
            request,
            "bookings/led_runs.html",
            project=await led_project(request, session, project_id),
            runs=runs,
            now=now,
            when_names=WHEN_NAMES,
            municipality_name=municipality_name,
        )

    read = partial(led_runs.list_led_runs, session, project_id, now=now)
    return await show_or_export(request, query, name="runs", columns=_COLUMNS, sort="starts", read=read, show=show)


@router.get(_RUNS + "/{run_id}")
async def show_led_run(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show a run with its meetings, seats and history, and what can be done with it."""
    row, now = await courses.get_run(session, run_id), clock.now()
    run = await run_view(session, row, with_link=True)
    history = await courses.run_history(session, run_id)
    trainers = await courses.trainers_named(session, run_id)
    people = {each.actor_id for each in history if each.actor_id is not None} | people_in_changes(history)
    names = await find_names(session, people.union(trainers))
    concerned = await concerned_by(session, run_id)
    return render(
        request,
        "bookings/led_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        municipality=municipality_name(run.municipality) if run.municipality else None,
        price=None if run.price_ore is None else Money(run.price_ore, run.currency),
        pools=await led_runs.kept_pools(session, run_id),
        concerned=concerned,
        standing=standing_of(terms_of(row), booked=concerned.seats, upheld=row.upheld_at is not None, now=now),
        overlaps=await list_overlaps(session, run_id),
        is_over=now >= run.ends_at,
        trainers=sorted(names.get(person, "") for person in trainers),
        materials=await courses.materials_of(session, run_id),
        mode_names=MODE_NAMES,
        payer_names=PAYER_NAMES,
        history=[_entry(row, names) for row in reversed(history)],
    )


def _entry(row: RunHistory, names: Mapping[UUID, str]) -> dict[str, object]:
    told = holding_change(row.change, row.before, row.after, names) or terms_change(row.change, row.before, row.after)
    if told is not None:
        text = told
    elif row.change in _COUNTED:
        text = Text(_COUNTED[row.change], {"after": row.after or "0", "before": row.before or "0"})
    else:
        known = [_CHANGES[part] for part in row.change.split(", ") if part in _CHANGES]
        text = Text(known[0]) if len(known) == 1 else Text(N_("New times, place or way of holding it"))
    return {
        "at": row.at,
        "actor_name": names.get(row.actor_id) if row.actor_id is not None else None,
        "text": text,
        "reason": row.reason,
    }
