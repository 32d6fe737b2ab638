"""The page on which whoever leads a project decides whether a run that too few have booked is held."""

from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings import deciding
from services.booking.bookings.deciding_api import UpholdRun
from services.booking.bookings.told import Concerned, concerned_by
from services.booking.courses import queries as courses
from services.booking.courses.queries import terms_of
from services.booking.courses.terms import Standing, standing_of
from services.booking.projects.leading import led_project
from services.booking.seats.views import run_view
from shared.kernel.texts import N_, Text
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_DECIDE: Final = "/projects/{project_id}/runs/{run_id}/decide"


@router.get(_DECIDE)
async def show_decision(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Say how many have booked, and what each decision does."""
    return await _page(request, session, clock, project_id, run_id, Form())


@router.post(_DECIDE)
async def send_decision(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Hold the run though too few have booked."""

    async def command(context: CommandContext, body: UpholdRun) -> None:
        await deciding.uphold_run(
            context.session, context.clock, run_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_page, request, session, clock, project_id, run_id)
    done = f"/booking/projects/{project_id}/runs/{run_id}"
    return await take_form(request, UpholdRun, command, done=done, again=again)


async def _page(
    request: Request,
    session: AsyncSession,
    clock: CurrentClock,
    project_id: UUID,
    run_id: UUID,
    form: Form[UpholdRun],
) -> Response:
    row, concerned = await courses.get_run(session, run_id), await concerned_by(session, run_id)
    terms, upheld = terms_of(row), row.upheld_at is not None
    standing = standing_of(terms, booked=concerned.seats, upheld=upheld, now=clock.now())
    return render(
        request,
        "bookings/decide.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, row),
        form=form,
        booked=concerned.seats,
        is_open=standing in (Standing.SHORT, Standing.TO_DECIDE),
        does=_what_holding_does(concerned),
    )


def _what_holding_does(concerned: Concerned) -> list[Text]:
    return [
        Text(N_("The run stays open for booking, and nobody is asked to decide again.")),
        Text(
            N_("Told at once: coaches, and {contacts} contacts of employers that have booked."),
            {"contacts": concerned.contacts},
        ),
    ]
