"""Booking seats on a page: how many, for whom, and to meet which need. What happens next is on the booking's page."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.approving import acting_as
from services.booking.bookings.choosing import choosable_people, free_seats_for, open_needs
from services.booking.bookings.commands import Order, place_booking
from services.booking.bookings.people_form import begins_with, errors_at_people, names_of_boxes
from services.booking.bookings.rules import names_due_at
from services.booking.bookings.views import BookingView, Participants, placed_view
from services.booking.courses.queries import get_run
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Run
from services.booking.employers.standing import Standing, standing_of
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import BookingApproval
from services.booking.seats.views import Seats, run_view
from shared.kernel.calendar import legal_day
from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_FORM: Final = "/employers/{employer_id}/runs/{run_id}/book"


class BookingForm(Body):
    """Seats to book. Without a number there is one for each person who is ticked."""

    seats: Seats | None = None
    participants: Participants = Field(default_factory=list)
    need_id: UUID | None = None

    def seats_asked(self) -> int:
        """Return how many seats are asked for; raises InvalidInput where nothing says it."""
        if self.seats is None and not self.participants:
            raise InvalidInput(
                N_("Say how many seats, or tick those who shall take part."), code="seats_missing", field="seats"
            )
        return self.seats or len(self.participants)


class FormQuery(BaseModel):
    """What a booking form is opened with: the need that it is to meet, and letters of the names to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: UUID | None = None
    q: str = Field(default="", max_length=100)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a form stands: the run, and the reader with the employer."""

    run: Run
    standing: Standing
    now: datetime

    @property
    def is_member(self) -> bool:
        """Whether the employer has a part in the run's project now."""
        return any(part.project_id == self.run.project_id and part.is_joined for part in self.standing.parts)

    @property
    def closed(self) -> Text | None:
        """Why nothing can be booked, whatever is typed."""
        if self.run.state == RunState.CANCELLED:
            return Text(N_("This course will not be held"))
        if self.run.state == RunState.POSTPONED:
            return Text(N_("The course is postponed and has no dates yet, so no more seats can be booked"))
        if self.now >= self.run.starts_at:
            return Text(N_("The course has begun, so no more seats can be booked"))
        if not self.is_member:
            return Text(
                N_("{employer} takes no part in the project that gives this course"), {"employer": self.standing.name}
            )
        return None


async def _place_of(
    request: Request, session: AsyncSession, now: datetime, *, employer_id: UUID, run_id: UUID
) -> _Place:
    return _Place(await get_run(session, run_id), await standing_of(request, session, employer_id), now)


@router.get(_FORM)
async def show_booking_form(
    request: Request,
    employer_id: UUID,
    run_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[FormQuery, Query()],
) -> Response:
    """Show the form for seats, or why none can be booked."""
    place = await _place_of(request, session, clock.now(), employer_id=employer_id, run_id=run_id)
    return await _form_page(request, session, place, Form(), query)


@router.post(_FORM)
async def send_booking_form(
    request: Request,
    employer_id: UUID,
    run_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[FormQuery, Query()],
) -> Response:
    """Book the seats, all or none."""
    form = await read_form(request, BookingForm)
    place = await _place_of(request, session, clock.now(), employer_id=employer_id, run_id=run_id)
    if place.closed is not None:
        return await _form_page(request, session, place, form, query)

    async def command(context: CommandContext, body: BookingForm) -> BookingView:
        order = Order(
            place.run.project_id,
            employer_id,
            run_id,
            body.seats_asked(),
            tuple(body.participants),
            body.need_id,
            acting_as(context.actor, place.run.project_id, employer_id),
        )
        placed = await place_booking(context.session, context.clock, order, by=context.actor.person_id)
        return await placed_view(context.session, placed)

    again = partial(_form_page, request, session, place, query=query)
    return await take_form(
        request, form, command, done=lambda made: f"/booking/bookings/{made['booking_id']}?new=yes", again=again
    )


async def _form_page(
    request: Request, session: AsyncSession, place: _Place, form: Form[Any], query: FormQuery
) -> Response:
    run, standing = place.run, place.standing
    ids = {"project_id": run.project_id, "employer_id": standing.employer_id}
    choosable = await choosable_people(session, run, **ids, search=query.q)
    errors_at_people(form)
    project = await get_project_row(session, run.project_id)
    return render(
        request,
        "bookings/book.html",
        form=form,
        run=await run_view(session, run),
        standing=standing,
        is_member=place.is_member,
        closed=place.closed,
        free=await free_seats_for(session, run, standing.employer_id),
        queue_address=_queue_address(standing.employer_id, run.id, query.need),
        choosable=choosable,
        ticked=begins_with(form, frozenset()),
        boxes=names_of_boxes(choosable),
        needs=await open_needs(session, run.project_id, standing.employer_id),
        need=query.need,
        searched=query.q,
        free_until=free_cancellation(run, project.free_cancellation_days, legal_day(place.now)),
        approval=approval_words(project.booking_approval),
        named_by=named_by_words(run, project.name_by_days, place.now),
    )


def approval_words(approval: str) -> Text | None:
    """Return who approves the booking before it counts, where anybody does."""
    if approval == BookingApproval.NONE:
        return None
    if approval == BookingApproval.COACH:
        return Text(N_("The seats are held for you at once, and your coach approves the booking before it counts."))
    return Text(N_("The seats are held for you at once, and the project approves the booking before it counts."))


def named_by_words(run: Run, days: int | None, now: datetime) -> Text:
    """Return until when seats without a name can get one."""
    if days is None:
        return Text(N_("Seats without a name can be named later, for as long as the course goes on."))
    due = names_due_at(run.starts_at, days)
    if now >= due:
        return Text(N_("Names were needed by {due}, so name somebody for each seat."), {"due": due})
    return Text(
        N_("Seats without a name can be named later, but by {due}: those that have no name then go to others."),
        {"due": due},
    )


def _queue_address(employer_id: UUID, run_id: UUID, need: UUID | None) -> str:
    address = f"/booking/employers/{employer_id}/runs/{run_id}/wait"
    return address if need is None else f"{address}?need={need}"


def last_free_day(run: Run, days: int) -> date:
    """Return the last day on which seats are given back free of charge."""
    return legal_day(run.starts_at) - timedelta(days=days)


def free_cancellation(run: Run, days: int, today: date) -> Text:
    """Return until when a booking can be cancelled free of charge."""
    if run.state == RunState.POSTPONED:
        return Text(N_("You can give seats back free of charge for as long as the course has no dates."))
    last = last_free_day(run, days)
    if today > last:
        return Text(N_("The course begins soon: whoever cancels from now on does so late, which is kept on record."))
    return Text(N_("You can give seats back free of charge until {day}."), {"day": last})


def giving_back(run: Run, days: int, today: date) -> Text:
    """Return which rule holds now for giving back some of a booking's seats."""
    last = last_free_day(run, days)
    if today > last:
        return Text(
            N_("Giving seats back was free of charge until {day}. Seats that you give back now are counted as late."),
            {"day": last},
        )
    return Text(N_("Giving seats back is free of charge until {day}; after that it is counted as late."), {"day": last})
