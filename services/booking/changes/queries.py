"""Reads of questions after a change: the latest of a booking, those of a run for its lead, and how many said what."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, case, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking
from services.booking.changes.rules import ConfirmationState
from services.booking.changes.tables import Confirmation
from services.booking.employers.tables import Employer
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

Asked = tuple[Confirmation, str, str, str]
"""A question, the state of it as it stands, the booking's reference and the employer's name."""


class AnswerSearch(ListFilter):
    """What is asked of the answers to a run's changes."""

    shown: ConfirmationState | None = Field(default=None, description="By what was answered")


async def find_latest(session: AsyncSession, booking_id: UUID) -> Confirmation | None:
    """Return the latest question about a booking, answered or not."""
    statement = select(Confirmation).where(col(Confirmation.booking_id) == booking_id)
    return (await session.exec(statement.order_by(col(Confirmation.id).desc()).limit(1))).first()


async def list_confirmations(session: AsyncSession, booking_id: UUID, query: PageFilter) -> Rows[Confirmation]:
    """Return what a booking was asked, the latest first."""
    statement = select(Confirmation).where(col(Confirmation.booking_id) == booking_id)
    return await page_of(session, statement, [col(Confirmation.id)], query, keys=lambda row: (row.id,), descending=True)


async def list_answers(session: AsyncSession, run_id: UUID, query: PageFilter) -> Rows[Asked]:
    """Return whom a run's changes asked and what each said, the latest asked first; as `AnswerSearch` narrows it."""
    standing = _standing()
    statement = (
        select(Confirmation, standing, Booking.reference, Employer.name)
        .join(Booking, col(Booking.id) == col(Confirmation.booking_id))
        .join(Employer, col(Employer.id) == col(Booking.employer_id))
        .where(col(Confirmation.run_id) == run_id)
    )
    if isinstance(query, AnswerSearch):
        if query.shown is not None:
            statement = statement.where(standing == query.shown.value)
        if query.q:
            statement = statement.where(_in_any_case(Employer.name, query.q) | _in_any_case(Booking.reference, query.q))
    page: Rows[Any] = await page_of(
        session, statement, [col(Confirmation.id)], query, keys=lambda row: (row[0].id,), descending=True
    )
    return page


async def count_answers(session: AsyncSession, run_id: UUID) -> Mapping[ConfirmationState, int]:
    """Return how many bookings have said what; what a later change superseded is not counted."""
    standing = _standing()
    statement = (
        select(standing, func.count())
        .join(Booking, col(Booking.id) == col(Confirmation.booking_id))
        .where(col(Confirmation.run_id) == run_id, col(Confirmation.state) != ConfirmationState.SUPERSEDED.value)
        .group_by(standing)
    )
    return {ConfirmationState(state): count for state, count in (await session.exec(statement)).all()}


def _standing() -> ColumnElement[str]:
    # a booking may be cancelled on its own page, where nothing is known of the question
    cancelled = (col(Confirmation.state) == ConfirmationState.ASKED.value) & (
        col(Booking.state) == BookingState.CANCELLED.value
    )
    return case((cancelled, ConfirmationState.GIVEN_UP.value), else_=col(Confirmation.state))


def _in_any_case(column: Any, words: str) -> ColumnElement[bool]:  # noqa: ANN401 - an attribute of a mapped class
    return col(column).collate("und-x-icu").icontains(words, autoescape=True)
