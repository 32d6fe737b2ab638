"""Reads of bookings, their seats and history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.rules import BOOKING, HOLDING, BookingState
from services.booking.bookings.tables import Booking, BookingHistory, Seat
from services.booking.employers.tables import Employer
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.paging import PageFilter, Rows, page_of


@dataclass(frozen=True, slots=True)
class Attendance:
    """Seats of a run that are booked, and those of them that have a name."""

    booked: int
    named: int


async def get_booking(session: AsyncSession, booking_id: UUID) -> Booking:
    """Return the booking; raises NotFound."""
    booking = await session.get(Booking, booking_id)
    if booking is None:
        raise NotFound(N_("There is no such booking."), code="booking_not_found")
    return booking


def is_open(booking: Booking) -> bool:
    """Whether the booking still claims its seats."""
    return BOOKING.allows(BookingState(booking.state), BookingState.CANCELLED)


async def list_bookings(
    session: AsyncSession, query: PageFilter, *, project_id: UUID, employer_id: UUID
) -> Rows[Booking]:
    """Return the employer's bookings in the project, the newest first."""
    return await page_of(
        session,
        select(Booking).where(col(Booking.project_id) == project_id, col(Booking.employer_id) == employer_id),
        [col(Booking.id)],
        query,
        keys=lambda booking: (booking.id,),
        descending=True,
    )


async def list_bookings_of_run(session: AsyncSession, run_id: UUID, query: PageFilter) -> Rows[Booking]:
    """Return the run's bookings, the first first."""
    statement = select(Booking).where(col(Booking.run_id) == run_id)
    return await page_of(session, statement, [col(Booking.id)], query, keys=lambda booking: (booking.id,))


async def active_bookings_of(session: AsyncSession, run_id: UUID) -> Sequence[Booking]:
    """Return the run's bookings that have seats, those that wait for approval too, in order of their ids."""
    statement = select(Booking).where(col(Booking.run_id) == run_id, col(Booking.state).in_(HOLDING))
    return (await session.exec(statement.order_by(col(Booking.id)))).all()


async def search_bookings_of_run(
    session: AsyncSession, run_id: UUID, query: PageFilter, *, words: str | None = None, unnamed_only: bool = False
) -> Rows[Booking]:
    """Return the run's confirmed bookings, the first first; `words` are part of an employer's name or a reference."""
    statement = (
        select(Booking)
        .join(Employer, col(Employer.id) == col(Booking.employer_id))
        .where(col(Booking.run_id) == run_id, col(Booking.state) == BookingState.CONFIRMED.value)
    )
    if words:
        statement = statement.where(_in_any_case(Employer.name, words) | _in_any_case(Booking.reference, words))
    if unnamed_only:
        statement = statement.where(has_unnamed_seats())
    return await page_of(session, statement, [col(Booking.id)], query, keys=lambda booking: (booking.id,))


async def active_bookings_of_employers(
    session: AsyncSession, run_id: UUID, employer_ids: Sequence[UUID]
) -> Sequence[Booking]:
    """Return the confirmed bookings of the run that these employers have."""
    statement = select(Booking).where(
        col(Booking.run_id) == run_id,
        col(Booking.employer_id).in_(employer_ids),
        col(Booking.state) == BookingState.CONFIRMED.value,
    )
    return (await session.exec(statement.order_by(col(Booking.id)))).all()


async def attendance_of(session: AsyncSession, run_id: UUID) -> Attendance:
    """Return how many seats of the run are booked, and how many of them have a name."""
    statement = (
        select(func.count(), func.count(col(Seat.participant_id)))
        .join(Booking, col(Booking.id) == col(Seat.booking_id))
        .where(
            col(Seat.run_id) == run_id,
            col(Seat.released_at).is_(None),
            col(Booking.state) == BookingState.CONFIRMED.value,
        )
    )
    booked, named = (await session.exec(statement)).one()
    return Attendance(booked, named)


def has_unnamed_seats() -> ColumnElement[bool]:
    """Return the condition that a booking has a seat without a name."""
    return exists().where(
        col(Seat.booking_id) == col(Booking.id), col(Seat.released_at).is_(None), col(Seat.participant_id).is_(None)
    )


def _in_any_case(column: Any, words: str) -> ColumnElement[bool]:  # noqa: ANN401 - an attribute of a mapped class
    return col(column).collate("und-x-icu").icontains(words, autoescape=True)


async def seats_of(session: AsyncSession, booking_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Seat]]:
    """Return the seats that each booking has now, by number."""
    found: dict[UUID, list[Seat]] = {booking_id: [] for booking_id in booking_ids}
    statement = select(Seat).where(col(Seat.booking_id).in_(found), col(Seat.released_at).is_(None))
    for seat in await session.exec(statement.order_by(col(Seat.number))):
        found[seat.booking_id].append(seat)
    return found


async def booking_history(session: AsyncSession, booking_id: UUID) -> Sequence[BookingHistory]:
    """Return what has happened to the booking, the first first."""
    statement = select(BookingHistory).where(col(BookingHistory.booking_id) == booking_id)
    return (await session.exec(statement.order_by(col(BookingHistory.id)))).all()


async def find_booking_scope(session: AsyncSession, booking_id: UUID) -> Scope | None:
    """Return whose a booking is."""
    booking = await session.get(Booking, booking_id)
    if booking is None:
        return None
    return Scope(projects=frozenset({booking.project_id}), employers=frozenset({booking.employer_id}))
