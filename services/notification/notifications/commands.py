"""Making notifications, and moving them: every change of state goes through `move`, with its history and its fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder, locked
from services.notification.kinds import KINDS, ChannelName
from services.notification.notifications.rules import MOVES, NOT_REACHED, OPEN, SENDABLE, Next, State
from services.notification.notifications.tables import Notification, NotificationChange
from services.notification.recipients.queries import find_recipient, is_recipient_erased, reach_of
from services.notification.recipients.rules import address_of
from shared.contracts import facts
from shared.contracts.notification import NotificationDelivered, NotificationFailed
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.ids import new_id
from shared.kernel.texts import N_
from shared.log import current_traceparent
from shared.messaging.outbox import record

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one recipient is to be told. `subject_id` is what it is about; after `not_after` it is of no use."""

    kind: str
    holder: Holder
    holder_id: UUID
    part: str
    subject_id: UUID
    content: Mapping[str, Any]
    project_id: UUID | None = None
    employer_id: UUID | None = None
    buyer_id: UUID | None = None
    calendar: Mapping[str, Any] | None = None
    urgent: bool = False
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact because of which somebody is told."""

    id: UUID
    type: str


async def tell(session: AsyncSession, now: datetime, cause: Cause, tellings: Sequence[Telling]) -> list[UUID]:
    """Make the notifications, due at once, and return their ids.

    An erased recipient is left out; one not yet known gets every channel of the kind, to be decided when the copy has
    come. A recipient named twice by one fact is told once: the first telling stands.
    """
    made: list[UUID] = []
    for telling in tellings:
        for channel in await _channels_for(session, telling):
            notification_id = await _make(session, now, cause, telling, channel)
            if notification_id is not None:
                made.append(notification_id)
        await _drop_replaced(session, now, telling)
    return made


async def _channels_for(session: AsyncSession, telling: Telling) -> tuple[ChannelName, ...]:
    kind = KINDS[telling.kind]
    recipient = await find_recipient(session, telling.holder, telling.holder_id)
    if recipient is None:
        if await is_recipient_erased(session, telling.holder, telling.holder_id):
            _log.info("erased recipient not told", kind=kind.name, recipient=str(telling.holder_id))
            return ()
        return kind.channels
    reach = reach_of(recipient)
    return tuple(
        channel for channel in kind.channels if channel is ChannelName.EMAIL or address_of(reach, channel) is not None
    )


async def _make(
    session: AsyncSession, now: datetime, cause: Cause, telling: Telling, channel: ChannelName
) -> UUID | None:
    statement = (
        insert(Notification)
        .values(
            id=new_id(),
            kind=telling.kind,
            channel=channel,
            recipient_kind=telling.holder,
            recipient_id=telling.holder_id,
            part=telling.part,
            project_id=telling.project_id,
            employer_id=telling.employer_id,
            buyer_id=telling.buyer_id,
            subject_id=telling.subject_id,
            cause_id=cause.id,
            cause_type=cause.type,
            traceparent=current_traceparent(),
            secret=KINDS[telling.kind].secret,
            urgent=telling.urgent,
            content=dict(telling.content),
            calendar=None if telling.calendar is None else dict(telling.calendar),
            state=State.PENDING,
            version=1,
            tries=0,
            unknown_tries=0,
            next_check_at=now,
            not_after=telling.not_after,
            created_at=now,
            changed_at=now,
        )
        .on_conflict_do_nothing(constraint="uq_notifications_told_once")
        .returning(col(Notification.id))
    )
    notification_id = (await session.exec(statement)).scalar_one_or_none()
    if notification_id is None:
        return None
    session.add(NotificationChange(notification_id=notification_id, at=now, after=State.PENDING, cause=cause.type))
    return UUID(str(notification_id))


async def _drop_replaced(session: AsyncSession, now: datetime, telling: Telling) -> None:
    """Cancel what is still held back about the same thing and is no longer true."""
    replaced = KINDS[telling.kind].replaces
    if not replaced:
        return
    statement = (
        select(Notification)
        .where(
            col(Notification.subject_id) == telling.subject_id,
            col(Notification.state) == State.HELD,
            col(Notification.kind).in_(replaced),
            col(Notification.recipient_kind) == telling.holder,
            col(Notification.recipient_id) == telling.holder_id,
        )
        .order_by(col(Notification.id))
        .with_for_update()
    )
    for row in (await session.exec(statement)).all():
        await move(session, row, State.CANCELLED, cause="replaced", at=now)


async def move(
    session: AsyncSession,
    row: Notification,
    after: State,
    *,
    cause: str | None,
    at: datetime,
    check_at: datetime | None = None,
    actor_id: UUID | None = None,
    sending_since: datetime | None = None,
) -> None:
    """Move a locked notification, note it in the history, and tell the other services who was reached or was not.

    `sending_since` is by the database's clock, and so the same for every worker. Raises Conflict for a move that does
    not exist.
    """
    before = row.state
    MOVES.check(before, after)
    row.state, row.state_cause, row.changed_at, row.next_check_at = after, cause, at, check_at
    row.version += 1
    row.sending_since = sending_since
    session.add(
        NotificationChange(
            notification_id=row.id, at=at, actor_id=actor_id, before=before.value, after=after, cause=cause
        )
    )
    if after is State.DELIVERED:
        await record(session, NotificationDelivered(**_told(row)), version=row.version, at=at)
    elif after in NOT_REACHED:
        failed = NotificationFailed(**_told(row), cause=cause or after.value)
        await record(session, failed, version=row.version, at=at)


async def take_step(session: AsyncSession, row: Notification, step: Next, *, at: datetime) -> None:
    """Do with a locked notification what a rule says; where it stays in its state, only its next look changes."""
    if step.state is row.state:
        row.next_check_at = step.check_at
        return
    await move(session, row, step.state, cause=step.cause, at=at, check_at=step.check_at)


def _told(row: Notification) -> dict[str, Any]:
    return {
        "notification_id": row.id,
        "kind": row.kind,
        "channel": row.channel.value,
        "recipient": facts.Recipient(kind=row.recipient_kind.value, id=row.recipient_id, part=row.part),
        "project_id": row.project_id,
        "employer_id": row.employer_id,
        "cause_id": row.cause_id,
    }


async def wake_waiting(session: AsyncSession, kind: Holder, holder_id: UUID, now: datetime) -> None:
    """Try at once what waited for the copy of a recipient."""
    await session.exec(
        update(Notification)
        .where(
            col(Notification.recipient_kind) == kind,
            col(Notification.recipient_id) == holder_id,
            col(Notification.state) == State.PENDING,
            col(Notification.tries) == 0,
            col(Notification.next_check_at) > now,
        )
        .values(next_check_at=now)
    )


async def forget_recipient(session: AsyncSession, kind: Holder, holder_id: UUID, clock: Clock) -> None:
    """Cancel what an erased recipient was still to be told, and remove the content of all of it."""
    statement = (
        select(Notification)
        .where(
            col(Notification.recipient_kind) == kind,
            col(Notification.recipient_id) == holder_id,
            col(Notification.content).is_not(None) | col(Notification.state).in_(OPEN),
        )
        .order_by(col(Notification.id))
        .with_for_update()
    )
    rows = (await session.exec(statement)).all()
    now = clock.now()
    for row in rows:
        row.content = row.calendar = None
        if row.state in SENDABLE:
            await move(session, row, State.CANCELLED, cause="erased", at=now)


async def send_again(
    session: AsyncSession, clock: Clock, notification_id: UUID, *, actor_id: UUID, reason: str
) -> Notification:
    """Take up a notification again by an operator's decision.

    Raises NotFound, Conflict where it cannot be sent again, Refused where its content is no longer kept.
    """
    row = await _one(session, notification_id)
    if row.content is None:
        raise Refused(
            N_("What was to be said is no longer kept, so it cannot be sent again. Tell the recipient another way."),
            code="content_forgotten",
        )
    now = clock.now()
    await move(session, row, State.PENDING, cause=reason, at=now, check_at=now, actor_id=actor_id)
    row.tries = row.unknown_tries = 0
    return row


async def cancel(
    session: AsyncSession, clock: Clock, notification_id: UUID, *, actor_id: UUID, reason: str
) -> Notification:
    """Decide that a notification is not to be sent. Raises NotFound, and Conflict where it has left already."""
    row = await _one(session, notification_id)
    await move(session, row, State.CANCELLED, cause=reason, at=clock.now(), actor_id=actor_id)
    return row


async def _one(session: AsyncSession, notification_id: UUID) -> Notification:
    row = await locked(session, Notification, notification_id)
    if row is None:
        raise NotFound(N_("There is no such notification."), code="not_found")
    return row
