"""What time causes: an SMS without a receipt, an attempt whose sender died, a content that is no longer needed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import locked
from services.notification.notifications.commands import move
from services.notification.notifications.desk import Desk
from services.notification.notifications.preparing import find_unsent
from services.notification.notifications.rules import NO_RECEIPT, OPEN, State
from services.notification.notifications.settling import find_lost, settle_lost, suppress_after_soft_failures
from services.notification.notifications.tables import Notification
from shared.messaging.reactions import Delivery, Timers


def make_timers(desk: Desk, *, sending_limit: timedelta, content_kept: timedelta) -> Timers:
    """Return the timers of the service. No provider's answer takes as long as `sending_limit`."""
    timers = Timers("notification")

    @timers.due("missing_receipts", find=_find_without_receipt)
    async def give_up_waiting(delivery: Delivery, notification_id: UUID) -> None:
        row = await locked(delivery.session, Notification, notification_id)
        now = delivery.clock.now()
        if row is None or row.state is not State.SENT or row.next_check_at is None or row.next_check_at > now:
            return
        await move(delivery.session, row, State.FAILED_TEMPORARY, cause=NO_RECEIPT, at=now)
        await suppress_after_soft_failures(delivery.session, row, desk.soft_suppression, now)

    async def find_lost_attempts(session: AsyncSession, _now: datetime, limit: int) -> Sequence[UUID]:
        return await find_lost(session, limit, older_than=sending_limit)

    @timers.due("lost_attempts", find=find_lost_attempts)
    async def settle_lost_attempt(delivery: Delivery, notification_id: UUID) -> None:
        await settle_lost(delivery.session, delivery.clock, desk, notification_id, older_than=sending_limit)

    async def find_old_contents(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
        statement = (
            select(Notification.id)
            .where(
                col(Notification.content).is_not(None),
                col(Notification.changed_at) <= now - content_kept,
                col(Notification.state).not_in(OPEN),
            )
            .limit(limit)
        )
        return (await session.exec(statement)).all()

    @timers.due("old_contents", find=find_old_contents)
    async def forget_content(delivery: Delivery, notification_id: UUID) -> None:
        row = await locked(delivery.session, Notification, notification_id)
        if row is not None and row.state not in OPEN and row.changed_at <= delivery.clock.now() - content_kept:
            row.content = row.calendar = None

    return timers


def timers_to_ask() -> Timers:
    """Return what is due in the service, for those who ask and do nothing: its timers, and what the sender has to do.

    Sending is no timer, for it does not happen in one transaction; here only its finding is used.
    """
    timers = Timers("notification")
    timers.due("missing_receipts", find=_find_without_receipt)(_only_asked)
    timers.due("sendings", find=find_unsent)(_only_asked)
    return timers


async def _only_asked(_delivery: Delivery, notification_id: UUID) -> None:
    raise AssertionError(f"{notification_id}: this list is asked, not run")


async def _find_without_receipt(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    statement = (
        select(Notification.id)
        .where(col(Notification.state) == State.SENT, col(Notification.next_check_at) <= now)
        .order_by(col(Notification.next_check_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()
