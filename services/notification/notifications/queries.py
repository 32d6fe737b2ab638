"""Reads of notifications: lists for a person, employer, supplier and project, and the whole history of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder
from services.notification.notifications.rules import State
from services.notification.notifications.tables import Attempt, Notification, NotificationChange, Receipt
from services.notification.notifications.visibility import visible_to
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor
from shared.kernel.texts import N_
from shared.web.paging import PageFilter, Rows, page_of


@dataclass(frozen=True, slots=True)
class Whole:
    """A notification with all that came of it."""

    notification: Notification
    history: Sequence[NotificationChange]
    attempts: Sequence[Attempt]
    receipts: Sequence[Receipt]


def told_to(kind: Holder, holder_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a notification is for a recipient."""
    return (col(Notification.recipient_kind) == kind) & (col(Notification.recipient_id) == holder_id)


async def list_notifications(
    session: AsyncSession,
    actor: Actor,
    which: ColumnElement[bool],
    query: PageFilter,
    *,
    kind: str | None = None,
    state: State | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Rows[Notification]:
    """Return the notifications that the actor may see among `which`, newest first."""
    statement = select(Notification).where(which, visible_to(actor))
    if kind is not None:
        statement = statement.where(col(Notification.kind) == kind)
    if state is not None:
        statement = statement.where(col(Notification.state) == state)
    if since is not None:
        statement = statement.where(col(Notification.created_at) >= since)
    if before is not None:
        statement = statement.where(col(Notification.created_at) < before)
    return await page_of(session, statement, [col(Notification.id)], query, keys=lambda row: (row.id,), descending=True)


async def count_by_state(session: AsyncSession) -> dict[State, int]:
    """Return how many there are in each state, of those whose content is still kept: the rest are long over."""
    statement = (
        select(Notification.state, func.count())
        .where(col(Notification.content).is_not(None))
        .group_by(col(Notification.state))
    )
    return {State(state): count for state, count in (await session.exec(statement)).all()}


async def get_whole(session: AsyncSession, actor: Actor, notification_id: UUID) -> Whole:
    """Return a notification with its history. Raises NotFound where there is none that the actor may see."""
    statement = select(Notification).where(col(Notification.id) == notification_id, visible_to(actor))
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such notification."), code="not_found")
    return await whole_of(session, row)


async def whole_of(session: AsyncSession, row: Notification) -> Whole:
    """Return a notification with its history."""
    changes = select(NotificationChange).where(col(NotificationChange.notification_id) == row.id)
    attempts = select(Attempt).where(col(Attempt.notification_id) == row.id)
    receipts = select(Receipt).where(col(Receipt.notification_id) == row.id)
    return Whole(
        row,
        (await session.exec(changes.order_by(col(NotificationChange.id)))).all(),
        (await session.exec(attempts.order_by(col(Attempt.number)))).all(),
        (await session.exec(receipts.order_by(col(Receipt.id)))).all(),
    )
