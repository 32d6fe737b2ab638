"""Noting whom a notification did not reach."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.reach.tables import Unreached
from shared.contracts.notification import NotificationFailed
from shared.kernel.clock import Clock


async def note_failure(session: AsyncSession, clock: Clock, failed: NotificationFailed) -> None:
    """Note that a person was not reached; what went to a supplier is not kept."""
    if failed.recipient.kind != "person":
        return
    row = await locked(session, Unreached, failed.notification_id)
    if row is None:
        row = Unreached(
            notification_id=failed.notification_id,
            person_id=failed.recipient.id,
            project_id=failed.project_id,
            employer_id=failed.employer_id,
            kind=failed.kind,
            channel=failed.channel,
            cause=failed.cause,
            failed_at=clock.now(),
        )
    row.cause, row.reached_at = failed.cause, None
    session.add(row)
    await session.flush()


async def note_arrival(session: AsyncSession, clock: Clock, notification_id: UUID) -> None:
    """Note that a notification that was thought lost has arrived; of any other there is nothing to note."""
    row = await locked(session, Unreached, notification_id)
    if row is not None and row.reached_at is None:
        row.reached_at = clock.now()
        await session.flush()
