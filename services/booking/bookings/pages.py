"""An employer's bookings: the list, one booking with its history, changing it and cancelling it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings import commands, queries
from services.booking.bookings.approving import acting_as
from services.booking.bookings.choosing import choosable_people, free_seats_for, with_those_seated
from services.booking.bookings.commands import Change
from services.booking.bookings.people_form import begins_with, errors_at_people, names_of_boxes
from services.booking.bookings.placing_pages import free_cancellation, giving_back, last_free_day
from services.booking.bookings.rules import BookingState, may_approve
from services.booking.bookings.search import BookingSearch, Shown, search_bookings
from services.booking.bookings.substituting import may_substitute_after_lock
from services.booking.bookings.tables import Booking
from services.booking.bookings.views import (
    BookingView,
    CancelBooking,
    Participants,
    booking_view,
)
from services.booking.bookings.words import STATE_NAMES, people_in, told_history, told_reason
from services.booking.courses.queries import get_run, materials_of
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Run
from services.booking.courses.words import MODE_NAMES
from services.booking.employers.standing import standing_of
from services.booking.people.queries import find_names
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import BookingApproval
from services.booking.seats.views import Seats
from shared.kernel.calendar import legal_day
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Version
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()

_SHOWN_NAMES: Final = (
    (Shown.COMING.value, N_("To come")),
    (Shown.ASKED.value, N_("Waits for approval")),
    (Shown.UNNAMED.value, N_("Names missing")),
    (Shown.PAST.value, N_("Held")),
    (Shown.CANCELLED.value, N_("Cancelled or declined")),
)
_COLUMNS: Final = (
    Column(N_("Course"), lambda booking: booking.run.course_title),
    Column(N_("Booking"), lambda booking: booking.reference),
    Column(N_("Begins"), lambda booking: booking.run.starts_at),
    Column(N_("Ends"), lambda booking: booking.run.ends_at),
    Column(N_("Seats"), lambda booking: booking.seat_count),
    Column(N_("Named"), lambda booking: sum(1 for seat in booking.seats if seat.person_id)),
    Column(N_("Names needed by"), lambda booking: booking.names_due_at),
    Column(N_("Participants"), lambda booking: ", ".join(seat.name for seat in booking.seats if seat.name)),
    Column(N_("State"), lambda booking: Text(STATE_NAMES[booking.state])),
)


@router.get("/employers/{employer_id}/bookings")
async def show_employer_bookings(
    request: Request,
    employer_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[BookingSearch, Query()],
) -> Response:
    """Show the employer's bookings in the projects that the reader reaches."""
    standing = await standing_of(request, session, employer_id)
    parts = standing.parts_for("show_employer_bookings")
    now = clock.now()

    async def read(page: BookingSearch) -> Rows[BookingView]:
        ids = [part.project_id for part in parts]
        return await search_bookings(session, page, now, employer_id=employer_id, project_ids=ids)

    async def show(listing: Listing[BookingView]) -> Response:
        return render(
            request,
            "bookings/list.html",
            standing=standing,
            parts={part.project_id: part.name for part in parts},
            bookings=listing,
            now=now,
            told_of=[part for part in standing.parts if _sees_unreached(standing.actor, part.project_id)],
            shown_names=_SHOWN_NAMES,
            state_names=STATE_NAMES,
        )

    return await show_or_export(request, query, name="bookings", columns=_COLUMNS, sort="-starts", read=read, show=show)


def _sees_unreached(actor: Actor | None, project_id: UUID) -> bool:
    scope = Scope(projects=frozenset({project_id}))
    return actor is not None and any(grant.covers(scope) for grant in actor.grants_of(Role.COACH, Role.PROJECT_LEAD))


class BookingQuery(BaseModel):
    """Whether the booking was made just now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    new: Literal["yes"] | None = None


@router.get("/bookings/{booking_id}")
async def show_booking(
    request: Request,
    booking_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    query: Annotated[BookingQuery, Query()],
) -> Response:
    """Show a booking: its run, who has its seats, what happens next, and what has happened."""
    booking, run = await _booking_and_run(session, booking_id)
    project = await get_project_row(session, booking.project_id)
    history = await queries.booking_history(session, booking_id)
    now = clock.now()
    has_dates = run.state != RunState.POSTPONED
    return render(
        request,
        "bookings/booking.html",
        standing=await standing_of(request, session, booking.employer_id),
        booking=await booking_view(session, booking),
        project=project,
        history=told_history(history, await find_names(session, people_in(history))),
        cancelled_because=told_reason(booking.cancelled_because),
        is_new=query.new == "yes",
        may_approve=may_approve(
            BookingApproval(project.booking_approval), acting_as(actor, booking.project_id, booking.employer_id)
        ),
        is_held=has_dates and now >= run.ends_at,
        has_begun=has_dates and now >= run.starts_at,
        must_answer=booking.answer_due_at is not None and now < booking.answer_due_at,
        free_until=free_cancellation(run, project.free_cancellation_days, legal_day(now)),
        materials=() if booking.state == BookingState.CANCELLED else await materials_of(session, run.id),
        mode_names=MODE_NAMES,
        state_names=STATE_NAMES,
    )


class ChangeForm(Body):
    """How the booking shall be. Where the number is left out it stays."""

    seats: Seats | None = None
    participants: Participants = Field(default_factory=list)
    version: Version


class ChangeQuery(BaseModel):
    """Letters of the names to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str = Field(default="", max_length=100)


@router.get("/bookings/{booking_id}/change")
async def show_booking_change(
    request: Request,
    booking_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[ChangeQuery, Query()],
) -> Response:
    """Show the booking's seats and names to be changed."""
    return await _change_page(request, session, booking_id, Form(), clock.now(), query)


@router.post("/bookings/{booking_id}/change")
async def send_booking_change(
    request: Request,
    booking_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[ChangeQuery, Query()],
) -> Response:
    """Give the booking other names or another number of seats."""

    async def command(context: CommandContext, body: ChangeForm) -> None:
        after_lock = may_substitute_after_lock(context.actor, await queries.get_booking(context.session, booking_id))
        change = Change(body.seats, tuple(body.participants), body.version, after_lock=after_lock)
        await commands.change_booking(context.session, context.clock, booking_id, change, by=context.actor.person_id)

    again = partial(_change_page, request, session, booking_id, now=clock.now(), query=query)
    return await take_form(request, ChangeForm, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _change_page(
    request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any], now: datetime, query: ChangeQuery
) -> Response:
    booking, run = await _booking_and_run(session, booking_id)
    view = await booking_view(session, booking)
    ids = {"project_id": booking.project_id, "employer_id": booking.employer_id}
    project = await get_project_row(session, booking.project_id)
    found = await choosable_people(session, run, **ids, search=query.q, booking=booking_id)
    choosable = with_those_seated(found, view.seats)
    errors_at_people(form)
    return render(
        request,
        "bookings/change.html",
        form=form,
        standing=await standing_of(request, session, booking.employer_id),
        booking=view,
        choosable=choosable,
        ticked=begins_with(form, frozenset(seat.person_id for seat in view.seats if seat.person_id is not None)),
        boxes=names_of_boxes(choosable),
        free=await free_seats_for(session, run, booking.employer_id),
        closed=_closed(booking, run, now),
        has_begun=run.state != RunState.POSTPONED and now >= run.starts_at,
        searched=query.q,
        giving_back=giving_back(run, project.free_cancellation_days, legal_day(now)),
    )


def _closed(booking: Booking, run: Run, now: datetime) -> Text | None:
    if booking.state == BookingState.CANCELLED:
        return Text(N_("The booking is cancelled, so nothing of it can be changed"))
    if booking.state == BookingState.DECLINED:
        return Text(N_("The booking was not approved, so nothing of it can be changed"))
    if run.state != RunState.POSTPONED and now >= run.ends_at:
        return Text(N_("The course has been held, so nothing of the booking can be changed"))
    return None


@router.get("/bookings/{booking_id}/cancel")
async def show_booking_cancellation(
    request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Say what cancelling will do and who will be told."""
    return await _cancel_page(request, session, booking_id, Form(), clock.now())


@router.post("/bookings/{booking_id}/cancel")
async def send_booking_cancellation(
    request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Cancel the booking; its seats are free at once."""

    async def command(context: CommandContext, body: CancelBooking) -> None:
        await commands.cancel_booking(
            context.session, context.clock, booking_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_cancel_page, request, session, booking_id, now=clock.now())
    return await take_form(request, CancelBooking, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _cancel_page(
    request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any], now: datetime
) -> Response:
    booking, run = await _booking_and_run(session, booking_id)
    view = await booking_view(session, booking)
    project = await get_project_row(session, booking.project_id)
    return render(
        request,
        "bookings/cancel.html",
        form=form,
        booking=view,
        standing=await standing_of(request, session, booking.employer_id),
        does=_cancelling_does(view, run, project.free_cancellation_days, now),
    )


def _cancelling_does(booking: BookingView, run: Run, days: int, now: datetime) -> list[Text]:
    named = sum(1 for seat in booking.seats if seat.person_id)
    last = last_free_day(run, days)
    late = legal_day(now) > last
    changed = Text(
        N_("It is in time, however late it is: the course was changed, and you are asked whether you still come.")
    )
    undated = Text(N_("It is free of charge: the course is postponed and has no dates yet."))
    return [
        Text(
            N_("Every seat is given back ({seats} in all) and is free to others at once."),
            {"seats": booking.seat_count},
        ),
        undated
        if run.state == RunState.POSTPONED
        else changed
        if booking.answer_due_at is not None
        else Text(
            N_("It is late: cancelling was free of charge until {day}. That it came later is kept with the booking.")
            if late
            else N_("It is in time: cancelling is free of charge until {day}."),
            {"day": last},
        ),
        Text(
            N_("Contacts of {employer} are told, and so are the participants who are named ({named})."),
            {"employer": booking.employer_name, "named": named},
        )
        if named
        else Text(N_("Contacts of {employer} are told."), {"employer": booking.employer_name}),
        Text(N_("A need of your training plan that these seats met counts as not met again.")),
        Text(N_("It cannot be taken back. Whoever wants the seats again books anew, if any are free.")),
    ]


async def _booking_and_run(session: AsyncSession, booking_id: UUID) -> tuple[Booking, Run]:
    booking = await queries.get_booking(session, booking_id)
    return booking, await get_run(session, booking.run_id)
