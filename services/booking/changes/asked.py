"""One question after a change, and those that are due: read by the worker too, which loads nothing of the web."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.changes.tables import Confirmation
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_


async def get_confirmation(
    session: AsyncSession, confirmation_id: UUID, *, booking_id: UUID | None = None
) -> Confirmation:
    """Return the question; raises NotFound, also where it is about another booking than the one given."""
    confirmation = await session.get(Confirmation, confirmation_id)
    if confirmation is None or booking_id not in (None, confirmation.booking_id):
        raise NotFound(N_("There is no such question about a booking."), code="confirmation_not_found")
    return confirmation


async def find_due_confirmations(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return open questions whose reminder or end is due, the longest due first."""
    due = select(Confirmation.id).where(col(Confirmation.next_check_at) <= now)
    return (await session.exec(due.order_by(col(Confirmation.next_check_at), col(Confirmation.id)).limit(limit))).all()
