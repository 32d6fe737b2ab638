"""Answering after a change of a course: on the booking's page, or by the link of a message."""

from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.queries import get_booking
from services.booking.bookings.views import CancelBooking, booking_view
from services.booking.changes import asked as asked_of
from services.booking.changes import commands, queries
from services.booking.changes.rules import ConfirmationState
from services.booking.changes.tables import Confirmation
from services.booking.changes.words import STATE_NAMES, what_is_new
from services.booking.composition import links_of
from services.booking.courses.queries import get_run
from services.booking.courses.words import MODE_NAMES
from services.booking.employers.standing import standing_of
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import UNANSWERED
from services.booking.seats.views import MOST_SEATS, run_view
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_ANSWER: Final = "/bookings/{booking_id}/answer"
_GIVE_UP: Final = "/bookings/{booking_id}/give-up"
_LINK: Final = "/answer/{code}"


class AnswerForm(Body):
    """The seats that the page showed, and those of them that are kept."""

    confirmation_id: UUID
    held: list[UUID] = Field(default_factory=list, max_length=MOST_SEATS)
    staying: list[UUID] = Field(default_factory=list, max_length=MOST_SEATS)


class NoFields(Body):
    """A button."""


@router.get(_ANSWER)
async def show_change_answer(request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show what is new of the course, and ask who still comes."""
    return await _answer_page(request, session, booking_id, Form(), now=clock.now())


@router.post(_ANSWER)
async def send_change_answer(request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Say that the booking still holds, with the seats that are ticked."""

    async def command(context: CommandContext, body: AnswerForm) -> None:
        asked = await asked_of.get_confirmation(context.session, body.confirmation_id, booking_id=booking_id)
        released = [seat for seat in body.held if seat not in set(body.staying)]
        await commands.confirm(context.session, context.clock, asked.id, released=released, by=context.actor.person_id)

    again = partial(_answer_page, request, session, booking_id, now=clock.now())
    return await take_form(request, AnswerForm, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _answer_page(
    request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any], *, now: datetime
) -> Response:
    booking = await get_booking(session, booking_id)
    asked = await _asked(session, booking_id)
    project = await get_project_row(session, booking.project_id)
    return render(
        request,
        "changes/answer.html",
        form=form,
        booking=await booking_view(session, booking),
        asked=asked,
        new=what_is_new(asked.changes),
        is_open=_is_open(asked, booking.answer_due_at, now),
        standing=await standing_of(request, session, booking.employer_id),
        rule=UNANSWERED[project.unanswered],
        mode_names=MODE_NAMES,
        state_names=STATE_NAMES,
        ticked=form.values("staying") if form.typed else None,
    )


@router.get(_GIVE_UP)
async def show_giving_up(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Say what giving the booking up does before it is done."""
    return await _give_up_page(request, session, booking_id, Form())


@router.post(_GIVE_UP)
async def send_giving_up(request: Request, booking_id: UUID, session: ReadSession) -> Response:
    """Cancel the booking because its course was changed."""

    async def command(context: CommandContext, body: CancelBooking) -> None:
        asked = await _asked(context.session, booking_id)
        await commands.give_up(context.session, context.clock, asked.id, reason=body.reason, by=context.actor.person_id)

    again = partial(_give_up_page, request, session, booking_id)
    return await take_form(request, CancelBooking, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _give_up_page(request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any]) -> Response:
    booking = await get_booking(session, booking_id)
    await _asked(session, booking_id)
    view = await booking_view(session, booking)
    return render(
        request,
        "changes/give_up.html",
        form=form,
        booking=view,
        standing=await standing_of(request, session, booking.employer_id),
        does=[
            Text(
                N_("Every seat is given back ({seats} in all) and goes to those who wait, or is free to others."),
                {"seats": view.seat_count},
            ),
            Text(N_("It is free of charge: nobody who says no after a change is late.")),
            Text(
                N_("Contacts of {employer} are told, and so is everybody who is named."),
                {"employer": view.employer_name},
            ),
            Text(N_("A need of your training plan that these seats met counts as not met again.")),
            Text(N_("It cannot be taken back. Whoever wants the seats again books anew, if any are free.")),
        ],
    )


@router.get(_LINK)
async def show_answer_by_link(request: Request, code: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Ask whoever follows the link of a message whether they still come; she need not be signed in."""
    return await _link_page(request, session, code, Form(), now=clock.now())


@router.post(_LINK)
async def send_answer_by_link(request: Request, code: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Say that all still come."""

    async def command(context: CommandContext, _body: NoFields) -> None:
        await commands.confirm_by_code(context.session, context.clock, links_of(request), code)

    again = partial(_link_page, request, session, code, now=clock.now())
    return await take_form(request, NoFields, command, done=f"/booking/answer/{code}", again=again)


async def _link_page(
    request: Request, session: AsyncSession, code: str, form: Form[NoFields], *, now: datetime
) -> Response:
    asked, _ = await commands.find_by_code(session, links_of(request), code)
    booking = await get_booking(session, asked.booking_id)
    return render(
        request,
        "changes/answer_by_link.html",
        form=form,
        asked=asked,
        new=what_is_new(asked.changes),
        is_open=_is_open(asked, booking.answer_due_at, now),
        run=await run_view(session, await get_run(session, booking.run_id)),
        mode_names=MODE_NAMES,
        state_names=STATE_NAMES,
    )


async def _asked(session: AsyncSession, booking_id: UUID) -> Confirmation:
    found = await queries.find_latest(session, booking_id)
    if found is None:
        raise NotFound(N_("Nothing is asked about this booking: its course was not changed."), code="nothing_asked")
    return found


def _is_open(asked: Confirmation, open_until: datetime | None, now: datetime) -> bool:
    return asked.state == ConfirmationState.ASKED and open_until is not None and now < asked.due_at
