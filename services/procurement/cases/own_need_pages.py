"""Opening a case for a need of the buyer's own: nobody has sent a request for it."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.cases import commands, queries
from services.procurement.cases.api import reached_project
from services.procurement.cases.pages import TakenView, check_reached
from services.procurement.office import case_address, office_page
from shared.kernel.grants import Actor
from shared.web.bodies import Body, Line
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form

router = APIRouter()
_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class OwnNeed(Body):
    """What is to be bought, and in whose name for which project: the ids of both with a point between."""

    title: Line
    place: Annotated[str, StringConstraints(pattern=rf"^{_ID}\.{_ID}$")]

    def place_ids(self) -> tuple[UUID, UUID]:
        """Return the buyer's id and the project's."""
        buyer_id, project_id = self.place.split(".")
        return UUID(buyer_id), UUID(project_id)


@router.get("/cases/new")
async def show_open_case(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Ask what a need of the buyer's own is called, and for which project it is."""
    return await _page(request, session, actor, Form())


@router.post("/cases/new")
async def send_open_case(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Open a case without requests."""

    async def command(context: CommandContext, body: OwnNeed) -> TakenView:
        buyer_id, project_id = body.place_ids()
        check_reached(context.actor, buyer_id, project_id)
        case = await commands.open_case(
            context.session,
            context.clock,
            buyer_id,
            project_id=await reached_project(context, context.actor, buyer_id, project_id),
            title=body.title,
            request_ids=[],
            by=context.actor.person_id,
        )
        return TakenView(case_id=case.id)

    again = partial(_page, request, session, actor)
    return await take_form(request, OwnNeed, command, done=lambda answer: case_address(answer["case_id"]), again=again)


async def _page(request: Request, session: AsyncSession, actor: Actor, form: Form[OwnNeed]) -> Response:
    found = await queries.places_of_officer(session, actor)
    several_buyers = len({buyer.id for buyer, _ in found}) > 1
    choices = [
        (f"{buyer.id}.{project.project_id}", f"{project.name} – {buyer.name}" if several_buyers else project.name)
        for buyer, project in found
    ]
    return office_page(request, "cases/open.html", form=form, choices=choices)
