"""The pages on which whoever leads a project names who holds a run, and keeps what there is to read for it."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import holding
from services.booking.courses.holding import MOST_MATERIALS
from services.booking.courses.holding_api import MaterialBody, Trainers
from services.booking.courses.queries import get_run, materials_of, trainers_named
from services.booking.people.queries import find_names
from services.booking.people.recipients import trainers_of
from services.booking.projects.leading import led_project
from services.booking.seats.views import run_view
from shared.web.bodies import Body, Version
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_RUN: Final = "/projects/{project_id}/runs/{run_id}"
_MORE_ROWS: Final = 3


class TrainersForm(Body):
    """Who holds the run."""

    trainers: Trainers
    version: Version


class MaterialsForm(Body):
    """The links of the run; a row that is left empty is taken away."""

    materials: Annotated[list[MaterialBody], Field(max_length=MOST_MATERIALS)] = Field(default_factory=list)
    version: Version


@router.get(_RUN + "/trainers")
async def show_run_trainers(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show who may hold the run, and who is named to."""
    return await _trainers_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/trainers")
async def send_run_trainers(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Name who holds the run."""

    async def command(context: CommandContext, body: TrainersForm) -> None:
        await holding.name_trainers(
            context.session,
            context.clock,
            run_id,
            body.trainers,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_trainers_page, request, session, project_id, run_id)
    return await take_form(request, TrainersForm, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/materials")
async def show_materials(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the links of the run to be changed."""
    return await _materials_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/materials")
async def send_materials(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Keep the links for the run."""

    async def command(context: CommandContext, body: MaterialsForm) -> None:
        await holding.keep_materials(
            context.session,
            context.clock,
            run_id,
            [each.material() for each in body.materials],
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_materials_page, request, session, project_id, run_id)
    return await take_form(request, MaterialsForm, command, done=_address(project_id, run_id), again=again)


async def _trainers_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[TrainersForm]
) -> Response:
    named = await trainers_named(session, run_id)
    choices = list(dict.fromkeys([*await trainers_of(session, project_id=project_id), *named]))
    names = await find_names(session, choices)
    return render(
        request,
        "seats/trainers.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, await get_run(session, run_id)),
        form=form,
        named=[str(person) for person in named],
        choices=sorted(((str(person), names.get(person)) for person in choices), key=lambda each: each[1] or ""),
    )


async def _materials_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[MaterialsForm]
) -> Response:
    materials = await materials_of(session, run_id)
    return render(
        request,
        "seats/materials.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, await get_run(session, run_id)),
        form=form,
        begun=materials,
        rows=min(len(materials) + _MORE_ROWS, MOST_MATERIALS),
    )


def _address(project_id: UUID, run_id: UUID) -> str:
    return f"/booking/projects/{project_id}/runs/{run_id}"
