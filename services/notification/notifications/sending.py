"""The two halves of sending, each in a transaction of its own: what happens before the provider is called, and after.

`prepare` commits the attempt; only then is the provider called; `settle` records what came of it. Who dies in between
leaves a row in `sending`, and `settle_lost` says of it that nobody knows.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import locked
from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import KINDS, ChannelName
from services.notification.notifications.calendar_files import calendar_file
from services.notification.notifications.commands import move
from services.notification.notifications.rules import (
    LOST,
    SENDABLE,
    Next,
    Schedule,
    State,
    Tried,
    after_attempt,
    is_soft_failure,
    quiet_until,
)
from services.notification.notifications.tables import Attempt, Notification
from services.notification.notifications.unsubscribing import Unsubscribing
from services.notification.notifications.writing import write_for
from services.notification.recipients.commands import lift_after_success, suppress
from services.notification.recipients.queries import (
    find_recipient,
    find_suppression,
    is_declined,
    is_recipient_erased,
    reach_of,
)
from services.notification.recipients.rules import SOFT_FAILURES, SOFT_WINDOW, SuppressionCause, address_of
from services.notification.recipients.tables import Recipient
from services.notification.wordings.catalogue import Wordings
from services.notification.wordings.forms import spoken
from services.notification.wordings.rules import WordingWrong
from shared.kernel.clock import Clock

_RECIPIENT_PAUSE = timedelta(seconds=60)
_TOKEN_BYTES = 32
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What both halves work with, the same for every notification."""

    wordings: Wordings
    schedule: Schedule
    unsubscribing: Unsubscribing
    origin: str
    mail_from: str
    honours_key: frozenset[ChannelName] = field(default_factory=frozenset)
    soft_suppression: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Due:
    """A notification to take up, and the trace of the fact because of which it was made."""

    id: UUID
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text that may now be handed to its channel."""

    attempt_id: UUID
    notification_id: UUID
    channel: ChannelName
    sending: Sending


def receipt_hash(token: str) -> bytes:
    """Return what is kept of a receipt's token."""
    return hashlib.sha256(token.encode()).digest()


async def find_due(session: AsyncSession, now: datetime, limit: int) -> list[Due]:
    """Return the notifications that the sender should take up, those due longest first."""
    statement = (
        select(Notification.id, Notification.traceparent)
        .where(col(Notification.next_check_at) <= now, col(Notification.state).in_(SENDABLE))
        .order_by(col(Notification.next_check_at), col(Notification.id))
        .limit(limit)
    )
    return [Due(notification_id, traceparent) for notification_id, traceparent in await session.exec(statement)]


async def find_unsent(session: AsyncSession, now: datetime, limit: int) -> list[UUID]:
    """Return the notifications that are due, or on their way to the provider at this moment."""
    is_due = (col(Notification.next_check_at) <= now) & col(Notification.state).in_(SENDABLE)
    statement = select(Notification.id).where(is_due | (col(Notification.state) == State.SENDING)).limit(limit)
    return list((await session.exec(statement)).all())


async def prepare(session: AsyncSession, clock: Clock, desk: Desk, notification_id: UUID) -> Prepared | None:
    """Decide about a due notification: send it (the attempt is then noted), hold it, or let it be.

    Returns None where it is not to be sent now, and where another worker has it.
    """
    statement = select(Notification).where(col(Notification.id) == notification_id).with_for_update(skip_locked=True)
    row = (await session.exec(statement)).one_or_none()
    now = clock.now()
    if row is None or row.state not in SENDABLE or row.next_check_at is None or row.next_check_at > now:
        return None
    recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
    if recipient is None:
        await _wait_for_recipient(session, row, desk.schedule, now)
        return None
    address = address_of(reach_of(recipient), row.channel)
    step = await _obstacle(session, row, recipient, address, desk.schedule, now)
    if step is not None:
        await _take(session, row, step, now)
        return None
    assert address is not None
    try:
        return await _begin(session, row, recipient, address, desk, now)
    except WordingWrong as error:
        _log.error("notification cannot be written", notification=str(row.id), kind=row.kind, fault=str(error))
        await move(session, row, State.FAILED_TECHNICAL, cause="wording", at=now)
        return None


async def _wait_for_recipient(session: AsyncSession, row: Notification, schedule: Schedule, now: datetime) -> None:
    if await is_recipient_erased(session, row.recipient_kind, row.recipient_id):
        await move(session, row, State.CANCELLED, cause="erased", at=now)
    elif now - row.created_at >= schedule.recipient_wait:
        await move(session, row, State.FAILED_TECHNICAL, cause="recipient_unknown", at=now)
    else:
        row.next_check_at = now + _RECIPIENT_PAUSE


async def _obstacle(
    session: AsyncSession,
    row: Notification,
    recipient: Recipient,
    address: str | None,
    schedule: Schedule,
    now: datetime,
) -> Next | None:
    """Return why it is not to be sent now, or None."""
    obstacle = None
    if row.not_after is not None and now >= row.not_after:
        obstacle = Next(State.CANCELLED, "too_late")
    elif recipient.protected:
        obstacle = Next(State.SUPPRESSED, "protected")
    elif address is None:
        # nobody is promised an SMS; the e-mail is what must arrive
        obstacle = Next(State.CANCELLED if row.channel is ChannelName.SMS else State.SUPPRESSED, "no_address")
    elif await is_declined(session, (row.recipient_kind, row.recipient_id), row.kind, row.channel):
        obstacle = Next(State.CANCELLED, "declined")
    elif (suppression := await find_suppression(session, row.channel, address, now)) is not None:
        obstacle = Next(State.SUPPRESSED, suppression.cause.value)
    elif row.channel is ChannelName.SMS and not row.urgent:
        until = quiet_until(now, schedule)
        obstacle = None if until is None else Next(State.HELD, "quiet_hours", until)
    return obstacle


async def _take(session: AsyncSession, row: Notification, step: Next, now: datetime) -> None:
    if step.state is row.state:
        row.next_check_at = step.check_at
        return
    await move(session, row, step.state, cause=step.cause, at=now, check_at=step.check_at)


async def _begin(
    session: AsyncSession, row: Notification, recipient: Recipient, address: str, desk: Desk, now: datetime
) -> Prepared:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    sending = await _written(session, row, recipient, address, desk, token)
    row.tries += 1
    # numbers go on over an operator's “send again”, which starts the tries afresh
    earlier = (
        await session.exec(select(func.count()).where(col(Attempt.notification_id) == row.id).select_from(Attempt))
    ).one()
    attempt = Attempt(notification_id=row.id, number=earlier + 1, receipt_hash=receipt_hash(token), begun_at=now)
    session.add(attempt)
    await move(session, row, State.SENDING, cause=None, at=now)
    return Prepared(attempt.id, row.id, row.channel, sending)


async def _written(
    session: AsyncSession, row: Notification, recipient: Recipient, address: str, desk: Desk, token: str
) -> Sending:
    kind = KINDS[row.kind]
    language = spoken(recipient.language)
    written = await write_for(session, desk.wordings, row, recipient, language=language, origin=desk.origin)
    is_mail = row.channel is ChannelName.EMAIL
    calendar = None
    if is_mail and kind.calendar is not None and row.calendar is not None:
        calendar = calendar_file(
            row.calendar,
            kind.calendar,
            organiser=parseaddr(desk.mail_from)[1],
            attendee=address,
            stamp=row.created_at,
        )
    return Sending(
        key=row.id,
        address=address,
        language=language,
        text=written.text,
        subject=written.subject,
        calendar=calendar,
        unsubscribe_url=desk.unsubscribing.url(row.id) if is_mail and not kind.required else None,
        receipt_url=None if is_mail else f"{desk.origin}/notification/api/v1/receipts/sms/{token}",
    )


async def settle(session: AsyncSession, clock: Clock, desk: Desk, prepared: Prepared, outcome: Outcome) -> None:
    """Record what came of an attempt. A receipt that came first stands, and so does what was decided of a lost call."""
    row = await locked(session, Notification, prepared.notification_id)
    attempt = await session.get(Attempt, prepared.attempt_id, populate_existing=True)
    assert row is not None
    assert attempt is not None
    now = clock.now()
    _end_attempt(attempt, outcome, now)
    latest = (await session.exec(select(func.max(Attempt.number)).where(col(Attempt.notification_id) == row.id))).one()
    if attempt.number == latest and row.state in (State.SENDING, State.UNKNOWN):
        await _follow(session, row, outcome, desk, now)
    if outcome.result is Result.ACCEPTED:
        await lift_after_success(session, row.channel, prepared.sending.address, now)
    elif outcome.bad_address:
        await suppress(session, row.channel, prepared.sending.address, SuppressionCause.HARD_BOUNCE, now=now)
    await suppress_after_soft_failures(session, row, desk.soft_suppression, now)


def _end_attempt(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    attempt.ended_at, attempt.result, attempt.cause = now, outcome.result.value, outcome.cause
    attempt.provider_id, attempt.parts, attempt.cost = outcome.provider_id, outcome.parts, outcome.cost


async def _follow(session: AsyncSession, row: Notification, outcome: Outcome, desk: Desk, now: datetime) -> None:
    if outcome.result is Result.UNKNOWN:
        row.unknown_tries += 1
    tried = Tried(
        channel=row.channel,
        tries=row.tries,
        unknown_tries=row.unknown_tries,
        on_unknown=KINDS[row.kind].on_unknown,
        honours_key=row.channel in desk.honours_key,
    )
    step = after_attempt(outcome, tried, desk.schedule, now)
    if row.content is None and step.state is State.PENDING:
        step = Next(State.CANCELLED, "erased")
    await _take(session, row, step, now)


async def suppress_after_soft_failures(
    session: AsyncSession, row: Notification, lasting: timedelta, now: datetime
) -> None:
    """Stop writing for a time to an address that has failed twice within a day."""
    if not is_soft_failure(row.state, row.state_cause) or row.changed_at != now:
        return
    statement = select(Notification).where(
        col(Notification.recipient_kind) == row.recipient_kind,
        col(Notification.recipient_id) == row.recipient_id,
        col(Notification.channel) == row.channel,
        col(Notification.changed_at) > now - SOFT_WINDOW,
    )
    failed = [each for each in (await session.exec(statement)).all() if is_soft_failure(each.state, each.state_cause)]
    recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
    address = address_of(reach_of(recipient), row.channel) if recipient is not None else None
    if len(failed) >= SOFT_FAILURES and address is not None:
        await suppress(session, row.channel, address, SuppressionCause.SOFT_BOUNCES, now=now, lasting=lasting)


async def find_lost(session: AsyncSession, limit: int, *, older_than: timedelta) -> list[UUID]:
    """Return the notifications whose sender has died: no call takes so long. Counted by the database's clock."""
    statement = (
        select(Notification.id)
        .where(col(Notification.state) == State.SENDING, _is_lost(older_than))
        .order_by(col(Notification.sending_since))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


def _is_lost(older_than: timedelta) -> ColumnElement[bool]:
    # the clock that wrote it: the worker that finds it may run on another machine than the one that took it up
    return col(Notification.sending_since) < func.statement_timestamp() - older_than


async def settle_lost(
    session: AsyncSession, clock: Clock, desk: Desk, notification_id: UUID, *, older_than: timedelta
) -> None:
    """Say of an attempt whose sender has died that nobody knows whether it was sent."""
    row = await locked(session, Notification, notification_id)
    if row is None or row.state is not State.SENDING:
        return
    if not (await session.exec(select(_is_lost(older_than)).where(col(Notification.id) == row.id))).one():
        return
    statement = (
        select(Attempt).where(col(Attempt.notification_id) == row.id).order_by(col(Attempt.number).desc()).limit(1)
    )
    attempt = (await session.exec(statement)).one()
    now = clock.now()
    outcome = Outcome(Result.UNKNOWN, LOST)
    _end_attempt(attempt, outcome, now)
    await _follow(session, row, outcome, desk, now)
