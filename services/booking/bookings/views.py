"""What the API shows of bookings and takes for them. A participant with protected identity has no name here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.placing import Placed
from services.booking.bookings.queries import seats_of
from services.booking.bookings.rules import HOLDING, BookingState, last_substitution_day, names_due_at
from services.booking.bookings.tables import Booking, Seat
from services.booking.courses.tables import Run
from services.booking.courses.views import MeetingBody, RunView, run_fields
from services.booking.employers.tables import Employer
from services.booking.people.tables import Person
from services.booking.projects.tables import Project
from services.booking.seats.views import MOST_SEATS, Seats, run_views
from shared.web.bodies import Body, Reason, Version, View

Participants = Annotated[
    list[UUID],
    Field(max_length=MOST_SEATS, description="Persons employed by the employer at a workplace in the project"),
]


class BookSeats(Body):
    """Seats to book, all or none; those beyond the participants are placeholders, to be named later."""

    run_id: UUID
    seats: Seats
    participants: Participants = Field(default_factory=list)
    need_id: UUID | None = Field(default=None, description="The need of the employer's plan that the seats meet")


class ChangeBooking(Body):
    """How the booking shall be: the number of seats, and everybody who is named. What is left out stays."""

    seats: Seats | None = None
    participants: Participants | None = None
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class CancelBooking(Body):
    """Why it is cancelled."""

    reason: Reason


class ChangeRun(Body):
    """The run's meetings as they shall be, all of them, and why everyone booked is told so."""

    meetings: list[MeetingBody] = Field(min_length=1, max_length=200)
    reason: Reason
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class CancelRun(Body):
    """Why the run will not be held."""

    reason: Reason


class SeatView(View):
    """A seat: a participant's, or a placeholder where `person_id` is absent. `kept`: one of the employer's own."""

    seat_id: UUID
    number: int
    kept: bool
    person_id: UUID | None
    name: str | None


class BookingView(View):
    """A booking with its run and seats."""

    booking_id: UUID
    reference: str
    project_id: UUID
    employer_id: UUID
    employer_name: str
    state: BookingState
    seat_count: int
    cancelled_because: str | None = Field(description="in words, or names_due: nobody was named when names were due")
    cancelled_late: bool | None
    declined_because: str | None
    late_seats: int = Field(description="seats given back after the project's days of free cancellation")
    names_due_at: AwareDatetime | None = Field(
        description="when its seats without a name are given back; none where all are named, or names may come whenever"
    )
    substitution_until: date | None = Field(
        description="the last day on which the employer exchanges participants herself; none where there is no such day"
    )
    answer_due_at: AwareDatetime | None = Field(
        description="Until when the employer is asked whether it still comes, after the run was changed"
    )
    version: int
    created_at: AwareDatetime
    run: RunView
    seats: list[SeatView]


class BookingEvent(View):
    """What happened to a booking: by whom (nobody where the system did it), from what to what, and why."""

    at: AwareDatetime
    actor_id: UUID | None
    change: str
    before: str | None
    after: str | None
    reason: str | None
    seats_before: int
    seats_after: int
    joined: list[UUID]
    left_out: list[UUID]


class BookingHistoryView(View):
    """What has happened to a booking, the first first."""

    items: list[BookingEvent]


async def booking_views(session: AsyncSession, bookings: Sequence[Booking]) -> list[BookingView]:
    """Return the views of the bookings; they show the digital links of runs that are booked."""
    seats = await seats_of(session, [booking.id for booking in bookings])
    runs = await _runs(session, bookings)
    people = await _people(session, [seat for held in seats.values() for seat in held])
    employers = await _employers(session, bookings)
    projects = await _projects(session, bookings)
    return [
        BookingView(
            booking_id=booking.id,
            reference=booking.reference,
            project_id=booking.project_id,
            employer_id=booking.employer_id,
            employer_name=employers[booking.employer_id].name,
            state=BookingState(booking.state),
            seat_count=booking.seats,
            cancelled_because=booking.cancelled_because,
            cancelled_late=booking.cancelled_late,
            declined_because=booking.declined_because,
            late_seats=booking.late_seats,
            names_due_at=_names_due_at(
                booking, runs[booking.run_id].starts_at, seats[booking.id], projects[booking.project_id].name_by_days
            ),
            substitution_until=_substitution_until(
                runs[booking.run_id].starts_at, projects[booking.project_id].substitution_lock_days
            ),
            answer_due_at=booking.answer_due_at,
            version=booking.version,
            created_at=booking.created_at,
            run=runs[booking.run_id],
            seats=[_seat_view(seat, people) for seat in seats[booking.id]],
        )
        for booking in bookings
    ]


async def booking_view(session: AsyncSession, booking: Booking) -> BookingView:
    """Return the view of one booking."""
    return (await booking_views(session, [booking]))[0]


async def placed_view(session: AsyncSession, placed: Placed) -> BookingView:
    """Return the view of a booking that was just made, of what was read for making it."""
    booking, run, setting = placed.booking, placed.run, placed.setting
    people = await _people(session, placed.seats)
    taken = {part.pool_id: part.seats for part in placed.taken}
    free = sum(pool.capacity - pool.taken - taken.get(pool.id, 0) for pool in setting.pools if pool.holder_id is None)
    return BookingView(
        booking_id=booking.id,
        reference=booking.reference,
        project_id=booking.project_id,
        employer_id=booking.employer_id,
        employer_name=setting.employer_name,
        state=BookingState(booking.state),
        seat_count=booking.seats,
        cancelled_because=None,
        cancelled_late=None,
        declined_because=None,
        late_seats=0,
        names_due_at=_names_due_at(booking, run.starts_at, placed.seats, setting.name_by_days),
        substitution_until=_substitution_until(run.starts_at, setting.substitution_lock_days),
        answer_due_at=None,
        version=booking.version,
        created_at=booking.created_at,
        run=RunView.model_validate(
            {
                **run_fields(run, setting.course, setting.meetings, with_link=True),
                "free_seats": max(0, free),
                "kept_seats": sum(pool.capacity for pool in setting.pools if pool.holder_id is not None),
                "taken_seats": sum(pool.taken + taken.get(pool.id, 0) for pool in setting.pools),
                "waiting": sum(pool.waiting for pool in setting.pools),
            }
        ),
        seats=[_seat_view(seat, people) for seat in placed.seats],
    )


def _names_due_at(
    booking: Booking, first_starts_at: datetime, seats: Sequence[Seat], days: int | None
) -> datetime | None:
    is_open = booking.state in HOLDING and any(seat.participant_id is None for seat in seats)
    if not is_open or days is None:
        return None
    return names_due_at(first_starts_at, days, reminded_at=booking.names_reminded_at)


def _substitution_until(first_starts_at: datetime, days: int | None) -> date | None:
    return None if days is None else last_substitution_day(first_starts_at, days)


async def _projects(session: AsyncSession, bookings: Sequence[Booking]) -> Mapping[UUID, Project]:
    ids = {booking.project_id for booking in bookings}
    return {project.id: project for project in await session.exec(select(Project).where(col(Project.id).in_(ids)))}


def _seat_view(seat: Seat, people: Mapping[UUID, Person]) -> SeatView:
    person = None if seat.participant_id is None else people[seat.participant_id]
    hidden = person is None or person.protected or person.erased_at is not None
    return SeatView(
        seat_id=seat.id,
        number=seat.number,
        kept=seat.kept,
        person_id=seat.participant_id,
        name=None if hidden or person is None else f"{person.given_name} {person.family_name}",
    )


async def _runs(session: AsyncSession, bookings: Sequence[Booking]) -> Mapping[UUID, RunView]:
    booked = {booking.run_id for booking in bookings if booking.state == BookingState.CONFIRMED}
    found = await session.exec(select(Run).where(col(Run.id).in_({booking.run_id for booking in bookings})))
    return {view.run_id: view for view in await run_views(session, found.all(), with_link=booked)}


async def _people(session: AsyncSession, seats: Sequence[Seat]) -> Mapping[UUID, Person]:
    ids = {seat.participant_id for seat in seats if seat.participant_id is not None}
    if not ids:
        return {}
    return {person.id: person for person in await session.exec(select(Person).where(col(Person.id).in_(ids)))}


async def _employers(session: AsyncSession, bookings: Sequence[Booking]) -> Mapping[UUID, Employer]:
    ids = {booking.employer_id for booking in bookings}
    return {employer.id: employer for employer in await session.exec(select(Employer).where(col(Employer.id).in_(ids)))}
