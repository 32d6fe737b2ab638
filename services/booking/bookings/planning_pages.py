"""Planning runs in a project: scheduling one, and keeping its seats for employers."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.meeting_form import MeetingRow, plans_of, rows_shown, wants_more_rows
from services.booking.courses import queries as courses
from services.booking.courses.rules import FeePayer, Mode, RunPlan
from services.booking.courses.terms_form import TermsForm
from services.booking.courses.views import Municipality
from services.booking.courses.words import MODE_NAMES, PAYER_NAMES
from services.booking.needs.commands import offer_run
from services.booking.needs.demand import chosen_needs, needs_to_meet
from services.booking.projects.leading import led_project
from services.booking.projects.queries import get_project_row
from services.booking.seats import commands, led_runs
from services.booking.seats.views import MOST_SEATS, Seats, run_view
from shared.contracts.booking import KeptSeats
from shared.kernel.municipalities import MUNICIPALITIES
from shared.web.bodies import Body, Count, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.rendering import render
from shared.web.pages.typed import Kronor

router = APIRouter()
_RUN: Final = "/projects/{project_id}/runs/{run_id}"


class RunForm(TermsForm):
    """A run to schedule."""

    meetings: list[MeetingRow] = Field(default_factory=list)
    capacity: Seats
    municipality: Municipality | None = None
    price_ore: Kronor | None = None
    fee_payer: FeePayer | None = None
    employer_cap: Count | None = None
    undertaking_cap: Count | None = None
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
            undertaking_cap=self.undertaking_cap,
            terms=self.terms(),
        )


class KeepForm(Body):
    """How many seats are kept for an employer from now on."""

    employer_id: UUID
    seats: int = Field(ge=0, le=MOST_SEATS)


class ScheduledView(View):
    """The run that was scheduled."""

    run_id: UUID


class JointQuery(BaseModel):
    """The needs that a run is to meet, seats being kept for whose they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: list[UUID] = Field(default_factory=list, max_length=200)


Joint = Annotated[JointQuery, Query()]


@router.get("/courses/{course_id}/runs/new")
async def show_schedule_run(request: Request, course_id: UUID, session: ReadSession, query: Joint) -> Response:
    """Show the form by which a run of the course is scheduled."""
    return await _schedule_page(request, session, course_id, query, Form())


@router.post("/courses/{course_id}/runs/new")
async def send_schedule_run(request: Request, course_id: UUID, session: ReadSession, query: Joint) -> Response:
    """Schedule a run of the course: all its seats open, but for those that are kept for the needs it is to meet."""
    form = await read_form(request, RunForm)
    if wants_more_rows(form):
        return await _schedule_page(request, session, course_id, query, form)
    project_id = (await courses.get_course(session, course_id)).project_id

    async def command(context: CommandContext, body: RunForm) -> ScheduledView:
        needs = await needs_to_meet(context.session, project_id, query.need)
        run = await commands.schedule_run_with_pools(
            context.session,
            context.clock,
            course=await courses.get_course(context.session, course_id),
            plan=body.plan(),
            kept=[KeptSeats(employer_id=each.employer_id, seats=each.need.persons, request_id=None) for each in needs],
            by=context.actor.person_id,
        )
        await offer_run(
            context.session,
            context.clock,
            [each.need.id for each in needs],
            run.id,
            run.reference,
            by=context.actor.person_id,
        )
        return ScheduledView(run_id=run.id)

    again = partial(_schedule_page, request, session, course_id, query)
    return await take_form(
        request,
        form,
        command,
        done=lambda answer: f"/booking/projects/{project_id}/runs/{answer['run_id']}",
        again=again,
    )


@router.get(_RUN + "/keep")
async def show_kept_seats(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which seats are kept for an employer."""
    return await _keep_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/keep")
async def send_kept_seats(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Keep a number of the run's seats for an employer, or open them to all again."""

    async def command(context: CommandContext, body: KeepForm) -> None:
        await commands.keep_seats(
            context.session,
            context.clock,
            run_id=run_id,
            employer_id=body.employer_id,
            seats=body.seats,
            by=context.actor.person_id,
        )

    again = partial(_keep_page, request, session, project_id, run_id)
    return await take_form(request, KeepForm, command, done=_address(project_id, run_id), again=again)


async def _schedule_page(
    request: Request, session: AsyncSession, course_id: UUID, query: JointQuery, form: Form[RunForm]
) -> Response:
    course = await courses.get_course(session, course_id)
    project = await get_project_row(session, course.project_id)
    counties = project.eligibility.get("counties") or ()
    return render(
        request,
        "bookings/schedule.html",
        project=await led_project(request, session, course.project_id),
        course=course,
        form=form,
        needs=await chosen_needs(session, course.project_id, query.need) if query.need else (),
        rows=rows_shown(form),
        begun=(),
        modes=_modes(),
        payers=[(payer.value, PAYER_NAMES[payer]) for payer in FeePayer],
        municipalities=_municipalities(counties),
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


def _modes() -> list[tuple[str, str]]:
    return [(mode.value, MODE_NAMES[mode]) for mode in Mode]


def _municipalities(counties: Sequence[str]) -> list[tuple[str, str]]:
    within = [(code, name) for code, name in MUNICIPALITIES.items() if not counties or code[:2] in counties]
    return sorted(within, key=lambda pair: pair[1])


def _address(project_id: UUID, run_id: UUID) -> str:
    return f"/booking/projects/{project_id}/runs/{run_id}"
