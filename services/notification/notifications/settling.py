"""The half of sending after the provider was called: what came of it is recorded, and what was lost is told as unknown.

Who dies between the two halves leaves a row in `sending`, and `settle_lost` says of it that nobody knows.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import locked
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import KINDS
from services.notification.notifications.commands import take_step
from services.notification.notifications.desk import Desk, Prepared
from services.notification.notifications.rules import LOST, Next, State, Tried, after_attempt, is_soft_failure
from services.notification.notifications.tables import Attempt, Notification
from services.notification.recipients.commands import lift_after_success, suppress
from services.notification.recipients.queries import find_recipient, reach_of
from services.notification.recipients.rules import SOFT_FAILURES, SOFT_WINDOW, SuppressionCause, address_of
from shared.kernel.clock import Clock


async def settle(session: AsyncSession, clock: Clock, desk: Desk, prepared: Prepared, outcome: Outcome) -> None:
    """Record what came of an attempt. A receipt that came first stands, and so does what was decided of a lost call."""
    row = await locked(session, Notification, prepared.notification_id)
    assert row is not None
    latest = select(func.max(Attempt.number)).where(col(Attempt.notification_id) == row.id).scalar_subquery()
    statement = select(Attempt, latest).where(col(Attempt.id) == prepared.attempt_id)
    attempt, number = (await session.exec(statement)).one()
    now = clock.now()
    _end_attempt(attempt, outcome, now)
    if attempt.number == number and row.state in (State.SENDING, State.UNKNOWN):
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
    await take_step(session, row, step, at=now)


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
