"""Who holds a run and what there is to read for it, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import holding
from services.booking.courses.holding import MOST_MATERIALS, MOST_TRAINERS, Material
from services.booking.courses.queries import materials_of, trainers_named
from services.booking.courses.views import Link
from services.booking.people.queries import find_names
from shared.web.bodies import Body, Line, Version, View
from shared.web.edge import CommandContext, ReadSession, run_command

router = APIRouter(tags=["runs"])
Trainers = Annotated[list[UUID], Field(max_length=MOST_TRAINERS)]
SeenVersion = Annotated[
    Version | None, Field(description="The version of the run that was seen; refused where it has passed")
]


class NameTrainers(Body):
    """Who holds the run, of the project's trainers; nobody here lets all of them."""

    trainers: Trainers
    version: SeenVersion = None


class TrainerView(View):
    """One who is named to hold a run; without a name where her identity is protected."""

    person_id: UUID
    name: str | None


class TrainersView(View):
    """All who are named to hold a run."""

    items: list[TrainerView]


class MaterialBody(Body):
    """A link to something to read."""

    title: Line
    address: Link

    def material(self) -> Material:
        """Return it as the command takes it."""
        return Material(self.title, self.address)


class KeepMaterials(Body):
    """All links of the run, in their order."""

    materials: Annotated[list[MaterialBody], Field(max_length=MOST_MATERIALS)]
    version: SeenVersion = None


class MaterialView(View):
    """A link to something to read."""

    title: str
    address: str


class MaterialsView(View):
    """What there is to read for a run, in its order."""

    items: list[MaterialView]


async def materials_view(session: AsyncSession, run_id: UUID) -> MaterialsView:
    """Return the links of the run."""
    return MaterialsView(items=[MaterialView.model_validate(row) for row in await materials_of(session, run_id)])


async def _trainers_view(session: AsyncSession, run_id: UUID) -> TrainersView:
    named = await trainers_named(session, run_id)
    names = await find_names(session, named)
    return TrainersView(items=[TrainerView(person_id=person, name=names.get(person)) for person in named])


@router.get("/runs/{run_id}/trainers")
async def list_run_trainers(run_id: UUID, session: ReadSession) -> TrainersView:
    """Who is named to hold the run; where nobody is, every trainer of the project may."""
    return await _trainers_view(session, run_id)


@router.put("/runs/{run_id}/trainers", response_model=TrainersView)
async def name_trainers(request: Request, run_id: UUID, body: NameTrainers) -> Response:
    """Name who holds the run; those to whom it is new are told."""

    async def command(context: CommandContext) -> TrainersView:
        await holding.name_trainers(
            context.session,
            context.clock,
            run_id,
            body.trainers,
            version=body.version,
            by=context.actor.person_id,
        )
        return await _trainers_view(context.session, run_id)

    return await run_command(request, command)


@router.get("/runs/{run_id}/materials")
async def list_run_materials(run_id: UUID, session: ReadSession) -> MaterialsView:
    """What there is to read for the run."""
    return await materials_view(session, run_id)


@router.put("/runs/{run_id}/materials", response_model=MaterialsView)
async def keep_materials(request: Request, run_id: UUID, body: KeepMaterials) -> Response:
    """Keep these links for the run, for those who are booked and those who hold or lead it."""

    async def command(context: CommandContext) -> MaterialsView:
        await holding.keep_materials(
            context.session,
            context.clock,
            run_id,
            [each.material() for each in body.materials],
            version=body.version,
            by=context.actor.person_id,
        )
        return await materials_view(context.session, run_id)

    return await run_command(request, command)
