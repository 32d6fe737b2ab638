"""What whoever leads a project decides about a run's seats."""

from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import changing
from services.booking.courses import queries as courses
from services.booking.courses.terms_form import ChangeTermsForm, begun_with
from services.booking.projects.leading import led_project
from services.booking.seats import commands
from services.booking.seats.queries import pools_of
from services.booking.seats.views import MOST_SEATS, ChangeCapacity, run_view
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_RUN: Final = "/projects/{project_id}/runs/{run_id}"


@router.get(_RUN + "/capacity")
async def show_capacity(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a run gets more or fewer seats."""
    return await _capacity_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/capacity")
async def send_capacity(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Give the run more or fewer seats; those who wait are offered what becomes free."""

    async def command(context: CommandContext, body: ChangeCapacity) -> None:
        await commands.change_capacity(
            context.session,
            context.clock,
            run_id,
            body.capacity,
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_capacity_page, request, session, project_id, run_id)
    return await take_form(request, ChangeCapacity, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/terms")
async def show_terms(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a run's minimum and registration are changed."""
    return await _terms_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/terms")
async def send_terms(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Change the run's minimum and when bookings of it are taken."""

    async def command(context: CommandContext, body: ChangeTermsForm) -> None:
        await changing.change_terms(
            context.session,
            context.clock,
            run_id,
            body.terms(),
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_terms_page, request, session, project_id, run_id)
    return await take_form(request, ChangeTermsForm, command, done=_address(project_id, run_id), again=again)


async def _terms_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[ChangeTermsForm]
) -> Response:
    run = await run_view(session, await courses.get_run(session, run_id))
    return render(
        request,
        "seats/terms.html",
        project=await led_project(request, session, project_id),
        run=run,
        form=form,
        begun=begun_with(run),
    )


async def _capacity_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[ChangeCapacity]
) -> Response:
    pools = await pools_of(session, run_id)
    return render(
        request,
        "seats/capacity.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, await courses.get_run(session, run_id)),
        form=form,
        least=sum(pool.taken if pool.holder_id is None else pool.capacity for pool in pools),
        most=MOST_SEATS,
    )


def _address(project_id: UUID, run_id: UUID) -> str:
    return f"/booking/projects/{project_id}/runs/{run_id}"
