"""Taking a receipt: it moves a notification where the state allows it, under the row's lock, or changes nothing."""

from datetime import timedelta

import structlog
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import locked
from services.notification.notifications.commands import move
from services.notification.notifications.desk import receipt_hash
from services.notification.notifications.rules import RECEIPT_FAILED, State, after_receipt
from services.notification.notifications.settling import suppress_after_soft_failures
from services.notification.notifications.tables import Attempt, Notification, Receipt
from services.notification.recipients.commands import lift_after_success
from services.notification.recipients.queries import find_recipient, reach_of
from services.notification.recipients.rules import address_of
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_

_log = structlog.get_logger(__name__)


async def take_receipt(
    session: AsyncSession,
    clock: Clock,
    token: str,
    *,
    status: str,
    provider_id: str | None,
    soft_suppression: timedelta,
) -> bool:
    """Take what a provider says of an attempt; return whether it moved the notification.

    Raises NotFound for a token that we did not give out. A receipt that has been taken before changes nothing.
    """
    attempt = await _attempt_of(session, token)
    row = await locked(session, Notification, attempt.notification_id)
    assert row is not None
    now = clock.now()
    told = {"notification": str(row.id), "status": status, "standing": row.state.value}
    if await _is_repeated(session, attempt, status):
        _log.info("receipt_repeated", **told)
        return False
    target = after_receipt(row.state, status)
    if target is State.FAILED_PERMANENT and not await _is_latest(session, attempt):
        # an earlier attempt failed; a later one is under way and speaks for itself
        target = None
    session.add(
        Receipt(
            attempt_id=attempt.id,
            notification_id=row.id,
            status=status,
            provider_id=provider_id,
            received_at=now,
            standing=row.state,
            applied=target is not None,
        )
    )
    if attempt.provider_id is None:
        attempt.provider_id = provider_id
    if target is None:
        _log.info("receipt_changes_nothing", **told)
        return False
    await move(session, row, target, cause=RECEIPT_FAILED if target is State.FAILED_PERMANENT else None, at=now)
    if target is State.DELIVERED:
        await _lift(session, row, clock)
    else:
        await suppress_after_soft_failures(session, row, soft_suppression, now)
    return True


async def _attempt_of(session: AsyncSession, token: str) -> Attempt:
    statement = select(Attempt).where(col(Attempt.receipt_hash) == receipt_hash(token))
    attempt = (await session.exec(statement)).one_or_none()
    if attempt is None:
        raise NotFound(N_("There is no sending that this receipt belongs to."), code="not_found")
    return attempt


async def _is_repeated(session: AsyncSession, attempt: Attempt, status: str) -> bool:
    statement = select(Receipt.id).where(col(Receipt.attempt_id) == attempt.id, col(Receipt.status) == status)
    return (await session.exec(statement)).first() is not None


async def _is_latest(session: AsyncSession, attempt: Attempt) -> bool:
    statement = select(func.max(Attempt.number)).where(col(Attempt.notification_id) == attempt.notification_id)
    return (await session.exec(statement)).one() == attempt.number


async def _lift(session: AsyncSession, row: Notification, clock: Clock) -> None:
    recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
    address = address_of(reach_of(recipient), row.channel) if recipient is not None else None
    if address is not None:
        await lift_after_success(session, row.channel, address, clock.now())
