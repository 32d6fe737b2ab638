"""Deciding over HTTP that a run is held though too few have booked. Cancelling it is among the bookings' routes."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.bookings import deciding
from services.booking.courses.views import RunView
from services.booking.seats.views import run_view
from shared.web.bodies import Body, Reason
from shared.web.edge import CommandContext, run_command

router = APIRouter(tags=["runs"])


class UpholdRun(Body):
    """Why the run is held though too few have booked."""

    reason: Reason


@router.post("/runs/{run_id}/uphold", response_model=RunView)
async def uphold_run(request: Request, run_id: UUID, body: UpholdRun) -> Response:
    """Decide that the run is held though fewer seats are booked than its minimum."""

    async def command(context: CommandContext) -> RunView:
        run = await deciding.uphold_run(
            context.session, context.clock, run_id, reason=body.reason, by=context.actor.person_id
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)
