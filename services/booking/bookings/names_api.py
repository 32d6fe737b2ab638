"""Naming many at once, for programs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from services.booking.bookings.name_list import NameList, name_from_list
from services.booking.bookings.views import BookingView, booking_view
from services.booking.composition import keys_of
from shared.web.bodies import LONG_TEXT_LENGTH, Body, Version, View
from shared.web.edge import CommandContext, run_command

router = APIRouter(tags=["bookings"])


class NamesFromList(Body):
    """People to be named, one on each line (name; e-mail; phone; identity number), and where those work who are new."""

    lines: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=LONG_TEXT_LENGTH)]
    workplace_id: UUID | None = Field(
        default=None, description="Where those work who are not among the employer's people yet"
    )
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")

    def names(self) -> NameList:
        """Return it as plain values."""
        return NameList(self.lines, self.workplace_id, self.version)


class NamedView(View):
    """The booking as it became, how many were named, and how many of them are new among the employer's people."""

    named: int
    added: int
    booking: BookingView


@router.post("/bookings/{booking_id}/names", response_model=NamedView)
async def name_people(request: Request, booking_id: UUID, body: NamesFromList) -> Response:
    """Name many at once, all or nobody: those whom the employer has are matched, the others are added."""
    return await run_command(request, lambda context: carry_out(request, booking_id, context, body))


async def carry_out(request: Request, booking_id: UUID, context: CommandContext, body: NamesFromList) -> NamedView:
    """Name them, and return what became of it."""
    done = await name_from_list(
        context.session, context.clock, keys_of(request), booking_id, body.names(), by=context.actor.person_id
    )
    return NamedView(named=done.named, added=done.added, booking=await booking_view(context.session, done.booking))
