"""Replacing a participant by a colleague on a page."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.choosing import choosable_people
from services.booking.bookings.queries import get_booking, is_open
from services.booking.bookings.rules import check_substitution
from services.booking.bookings.substituting import may_substitute_after_lock
from services.booking.bookings.substitution_api import Substitute, carry_out
from services.booking.bookings.views import BookingView, booking_view
from services.booking.courses.queries import get_run
from services.booking.employers.standing import standing_of
from services.booking.projects.queries import get_project_row
from shared.kernel.errors import Refused
from shared.kernel.texts import N_, Text
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_PROTECTED: Final = N_("Person with protected identity")


@router.get("/bookings/{booking_id}/substitute")
async def show_substitution(
    request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock, actor: CurrentActor
) -> Response:
    """Show who can be replaced by whom."""
    return await _page(request, session, booking_id, Form(), clock=clock, actor=actor)


@router.post("/bookings/{booking_id}/substitute")
async def send_substitution(
    request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock, actor: CurrentActor
) -> Response:
    """Replace her."""

    async def command(context: CommandContext, body: Substitute) -> BookingView:
        return await carry_out(context, booking_id, body)

    again = partial(_page, request, session, booking_id, clock=clock, actor=actor)
    return await take_form(request, Substitute, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _page(
    request: Request,
    session: AsyncSession,
    booking_id: UUID,
    form: Form[Any],
    *,
    clock: CurrentClock,
    actor: CurrentActor,
) -> Response:
    booking = await get_booking(session, booking_id)
    run = await get_run(session, booking.run_id)
    project = await get_project_row(session, booking.project_id)
    view = await booking_view(session, booking)
    choosable = await choosable_people(
        session, run, project_id=booking.project_id, employer_id=booking.employer_id, booking=booking_id
    )
    seated = {seat.person_id for seat in view.seats}
    now = clock.now()
    for name in [name for name in form.errors if name.startswith("participants.")]:
        form.errors.setdefault("replacing_id", []).extend(form.errors.pop(name))
    closed: Text | None = None
    is_locked = False
    try:
        may_after = may_substitute_after_lock(actor, booking)
        is_locked = check_substitution(run.starts_at, project.substitution_lock_days, now, may_after=may_after)
    except Refused as refused:
        closed = refused.text
    if not is_open(booking) or now >= run.ends_at:
        closed = Text(N_("Nothing of the booking can be changed any more."))
    return render(
        request,
        "bookings/substitute.html",
        form=form,
        standing=await standing_of(request, session, booking.employer_id),
        booking=view,
        leaving=[(seat.person_id, seat.name or Text(_PROTECTED)) for seat in view.seats if seat.person_id],
        coming=[
            (person.person_id, person.name or Text(_PROTECTED))
            for person in choosable.people
            if not person.is_elsewhere and person.person_id not in seated
        ],
        closed=closed,
        is_locked=is_locked,
    )
