"""Runs as whoever leads the project plans them: listed, scheduled, changed, kept for employers and called off."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings import runs
from services.booking.bookings.meeting_form import (
    MeetingRow,
    begun_with,
    plans_of,
    rows_shown,
    wants_more_rows,
)
from services.booking.bookings.told import Concerned, concerned_by
from services.booking.bookings.views import CancelRun
from services.booking.courses import queries as courses
from services.booking.courses.rules import FeePayer, Mode, RunPlan, RunState
from services.booking.courses.tables import RunHistory
from services.booking.courses.views import Municipality, RunView
from services.booking.courses.words import MODE_NAMES, PAYER_NAMES
from services.booking.people.queries import find_names
from services.booking.projects.leading import led_project
from services.booking.projects.queries import get_project_row
from services.booking.seats import commands, led_runs
from services.booking.seats.led_runs import LedRunFilter, When
from services.booking.seats.views import MOST_SEATS, Seats, run_view
from shared.kernel.money import Money
from shared.kernel.municipalities import MUNICIPALITIES, municipality_name
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Count, Reason, Version, View
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.exports import Column, export
from shared.web.pages.forms import Form, read_form, run_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.pages.typed import Kronor
from shared.web.paging import Rows

router = APIRouter()
_RUNS: Final = "/projects/{project_id}/runs"
_RUN: Final = _RUNS + "/{run_id}"

WHEN_NAMES: Final[Mapping[When, str]] = {
    When.COMING: N_("to come"),
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
    Column(N_("Called off because"), lambda run: run.cancelled_because),
)
_CHANGES: Final[Mapping[str, str]] = {
    "scheduled": N_("Scheduled"),
    "cancelled": N_("Called off"),
    "links": N_("New digital links"),
    "times": N_("New times"),
    "place": N_("New place"),
    "mode": N_("Held in another way"),
}


class RunForm(Body):
    """A run to schedule."""

    meetings: list[MeetingRow] = Field(default_factory=list)
    capacity: Seats
    municipality: Municipality | None = None
    price_ore: Kronor | None = None
    fee_payer: FeePayer | None = None
    employer_cap: Count | None = None
    more: bool = False

    def plan(self) -> RunPlan:
        """Return it as the rules see it."""
        return RunPlan(
            capacity=self.capacity,
            meetings=plans_of(self.meetings),
            municipality=self.municipality,
            price_ore=self.price_ore,
            fee_payer=self.fee_payer,
            employer_cap=self.employer_cap,
        )


class ChangeForm(Body):
    """A run's meetings as they shall be, and why."""

    meetings: list[MeetingRow] = Field(default_factory=list)
    reason: Reason
    version: Version
    more: bool = False


class KeepForm(Body):
    """How many seats are kept for an employer from now on."""

    employer_id: UUID
    seats: int = Field(ge=0, le=MOST_SEATS)


class ScheduledView(View):
    """The run that was scheduled."""

    run_id: UUID


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

    async def read(page: LedRunFilter) -> Rows[RunView]:
        return await led_runs.list_led_runs(session, project_id, page, now)

    if query.format:
        return await export(request, query, name="runs", columns=_COLUMNS, read=read)
    found = await read(query)
    return render(
        request,
        "bookings/led_runs.html",
        project=await led_project(request, session, project_id),
        runs=Listing.of(request, found, shown=found.rows, name="runs", sort=query.sort or "starts"),
        now=now,
        when_names=WHEN_NAMES,
        municipality_name=municipality_name,
    )


@router.get("/courses/{course_id}/runs/new")
async def show_schedule_run(request: Request, course_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a run of the course is scheduled."""
    return await _schedule_page(request, session, course_id, Form())


@router.post("/courses/{course_id}/runs/new")
async def send_schedule_run(request: Request, course_id: UUID, session: ReadSession) -> Response:
    """Schedule a run of the course, all its seats open."""
    form = await read_form(request, RunForm)
    if wants_more_rows(form):
        return await _schedule_page(request, session, course_id, form)
    project_id = (await courses.get_course(session, course_id)).project_id

    async def command(context: CommandContext) -> ScheduledView:
        assert form.body is not None
        run = await commands.schedule_run_with_pools(
            context.session,
            context.clock,
            course=await courses.get_course(context.session, course_id),
            plan=form.body.plan(),
            by=context.actor.person_id,
        )
        return ScheduledView(run_id=run.id)

    async def again(form: Form[RunForm]) -> Response:
        return await _schedule_page(request, session, course_id, form)

    return await run_form(
        request,
        form,
        command,
        done=lambda answer: f"/booking/projects/{project_id}/runs/{answer['run_id']}",
        again=again,
    )


@router.get(_RUN)
async def show_led_run(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show a run with its meetings, seats and history, and what can be done with it."""
    run = await run_view(session, await courses.get_run(session, run_id), with_link=True)
    history = await courses.run_history(session, run_id)
    names = await find_names(session, {row.actor_id for row in history if row.actor_id is not None})
    return render(
        request,
        "bookings/led_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        municipality=municipality_name(run.municipality) if run.municipality else None,
        price=None if run.price_ore is None else Money(run.price_ore, run.currency),
        pools=await led_runs.kept_pools(session, run_id),
        concerned=await concerned_by(session, run_id),
        is_over=clock.now() >= run.ends_at,
        mode_names=MODE_NAMES,
        payer_names=PAYER_NAMES,
        history=[_entry(row, names) for row in reversed(history)],
    )


@router.get(_RUN + "/change")
async def show_run_change(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a run gets other meetings."""
    return await _change_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/change")
async def send_run_change(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Give the run other times, places or links; everyone booked is told why."""
    form = await read_form(request, ChangeForm)
    if wants_more_rows(form):
        return await _change_page(request, session, project_id, run_id, form)

    async def command(context: CommandContext) -> None:
        assert form.body is not None
        await runs.change_run_with_bookings(
            context.session,
            context.clock,
            run_id,
            meetings=plans_of(form.body.meetings),
            reason=form.body.reason,
            version=form.body.version,
            by=context.actor.person_id,
        )

    async def again(form: Form[ChangeForm]) -> Response:
        return await _change_page(request, session, project_id, run_id, form)

    return await run_form(request, form, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/keep")
async def show_kept_seats(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which seats are kept for an employer."""
    return await _keep_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/keep")
async def send_kept_seats(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Keep a number of the run's seats for an employer, or open them to all again."""
    form = await read_form(request, KeepForm)

    async def command(context: CommandContext) -> None:
        assert form.body is not None
        await commands.keep_seats(
            context.session,
            context.clock,
            run_id=run_id,
            employer_id=form.body.employer_id,
            seats=form.body.seats,
            by=context.actor.person_id,
        )

    async def again(form: Form[KeepForm]) -> Response:
        return await _keep_page(request, session, project_id, run_id, form)

    return await run_form(request, form, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/cancel")
async def show_run_cancellation(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Say what calling the run off does and who is told, before it is done."""
    return await _cancel_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/cancel")
async def send_run_cancellation(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Call the run off, with every booking of it; everyone booked is told why."""
    form = await read_form(request, CancelRun)

    async def command(context: CommandContext) -> None:
        assert form.body is not None
        await runs.cancel_run_with_bookings(
            context.session, context.clock, run_id, reason=form.body.reason, by=context.actor.person_id
        )

    async def again(form: Form[CancelRun]) -> Response:
        return await _cancel_page(request, session, project_id, run_id, form)

    return await run_form(request, form, command, done=_address(project_id, run_id), again=again)


async def _schedule_page(request: Request, session: AsyncSession, course_id: UUID, form: Form[RunForm]) -> Response:
    course = await courses.get_course(session, course_id)
    project = await get_project_row(session, course.project_id)
    counties = project.eligibility.get("counties") or ()
    return render(
        request,
        "bookings/schedule.html",
        project=await led_project(request, session, course.project_id),
        course=course,
        form=form,
        rows=rows_shown(form),
        begun=(),
        modes=_modes(),
        payers=[(payer.value, PAYER_NAMES[payer]) for payer in FeePayer],
        municipalities=_municipalities(counties),
    )


async def _change_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[ChangeForm]
) -> Response:
    run = await run_view(session, await courses.get_run(session, run_id), with_link=True)
    return render(
        request,
        "bookings/change_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        form=form,
        rows=rows_shown(form, len(run.meetings)),
        begun=begun_with(run.meetings),
        modes=_modes(),
        concerned=await concerned_by(session, run_id),
    )


async def _keep_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[KeepForm]
) -> Response:
    return render(
        request,
        "bookings/keep.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, await courses.get_run(session, run_id)),
        form=form,
        pools=await led_runs.kept_pools(session, run_id),
        employers=await led_runs.employers_to_keep_for(session, project_id),
    )


async def _cancel_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[CancelRun]
) -> Response:
    run = await run_view(session, await courses.get_run(session, run_id))
    return render(
        request,
        "bookings/cancel_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        form=form,
        does=_what_cancelling_does(await concerned_by(session, run_id)),
        can_be_cancelled=run.state is RunState.SCHEDULED,
    )


def _what_cancelling_does(concerned: Concerned) -> list[Text]:
    if not concerned.bookings:
        return [
            Text(N_("Nobody has booked seats on the run, so nobody is written to.")),
            Text(N_("It can no longer be booked. This cannot be taken back.")),
        ]
    return [
        Text(
            N_("Bookings that are cancelled with it: {bookings}, with {seats} seats."),
            {"bookings": concerned.bookings, "seats": concerned.seats},
        ),
        Text(
            N_("Told at once, with your reason: {contacts} contacts of employers and {participants} participants."),
            {"contacts": concerned.contacts, "participants": concerned.participants},
        ),
        Text(N_("Nobody who was booked is held to have cancelled late.")),
        Text(N_("It can no longer be booked. This cannot be taken back.")),
    ]


def _modes() -> list[tuple[str, str]]:
    return [(mode.value, MODE_NAMES[mode]) for mode in Mode]


def _municipalities(counties: Sequence[str]) -> list[tuple[str, str]]:
    within = [(code, name) for code, name in MUNICIPALITIES.items() if not counties or code[:2] in counties]
    return sorted(within, key=lambda pair: pair[1])


def _entry(row: RunHistory, names: Mapping[UUID, str]) -> dict[str, object]:
    if row.change == "kept_seats":
        text = Text(
            N_("Seats kept for an employer: {after}, before that {before}"),
            {"after": row.after or "0", "before": row.before or "0"},
        )
    else:
        known = [_CHANGES[part] for part in row.change.split(", ") if part in _CHANGES]
        text = Text(known[0]) if len(known) == 1 else Text(N_("New times, place or way of holding it"))
    return {
        "at": row.at,
        "actor_name": names.get(row.actor_id) if row.actor_id is not None else None,
        "text": text,
        "reason": row.reason,
    }


def _address(project_id: UUID, run_id: UUID) -> str:
    return f"/booking/projects/{project_id}/runs/{run_id}"
