"""The half of sending before the provider is called: what is due is decided about, several at a time.

What the decisions rest on is read at once for all of them, and the attempts are committed together before any call.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

import structlog
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder
from services.notification.channels.channel import CalendarFile, Sending
from services.notification.kinds import KINDS, ChannelName
from services.notification.notifications.calendar_files import calendar_files
from services.notification.notifications.commands import move, take_step
from services.notification.notifications.desk import Desk, Prepared, receipt_hash
from services.notification.notifications.rules import SENDABLE, Next, State, quiet_until
from services.notification.notifications.tables import Attempt, Notification
from services.notification.notifications.writing import write_for
from services.notification.recipients.queries import (
    find_declined,
    find_recipients,
    find_suppressions,
    is_recipient_erased,
    list_projects,
    reach_of,
)
from services.notification.recipients.rules import address_of, is_in_force, normal_address
from services.notification.recipients.tables import Project, Recipient, Suppression
from services.notification.wordings.forms import spoken
from services.notification.wordings.rules import WordingWrong
from shared.kernel.clock import Clock
from shared.tracing import span

_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=60)
_TOKEN_BYTES = 32
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of deciding: its moment, and what is known then of those who are to be told."""

    desk: Desk
    now: datetime
    taken_at: datetime
    recipients: Mapping[tuple[Holder, UUID], Recipient]
    declined: Collection[tuple[Holder, UUID, str, ChannelName]]
    suppressions: Mapping[tuple[ChannelName, str], Suppression]
    projects: Mapping[UUID, Project]
    attempts: Mapping[UUID, int]

    def project_of(self, row: Notification) -> Project | None:
        """Return the project that the notification is of, where it is of one that is known."""
        return None if row.project_id is None else self.projects.get(row.project_id)

    def is_declined(self, row: Notification) -> bool:
        """Whether the recipient has switched the kind off for the channel; what the law requires cannot be."""
        declined = (row.recipient_kind, row.recipient_id, row.kind, row.channel) in self.declined
        return declined and not KINDS[row.kind].required

    def suppression_of(self, channel: ChannelName, address: str) -> Suppression | None:
        """Return the suppression that is in force for an address."""
        found = self.suppressions.get((channel, normal_address(address)))
        return found if found is not None and is_in_force(found.until, self.now) else None


async def find_due(session: AsyncSession, now: datetime, limit: int, *, but: Collection[UUID] = ()) -> Sequence[UUID]:
    """Return the notifications to take up, but for those named; those due longest come first."""
    statement = (
        select(Notification.id)
        .where(col(Notification.next_check_at) <= now, col(Notification.state).in_(SENDABLE))
        .order_by(col(Notification.next_check_at), col(Notification.id))
        .limit(limit)
    )
    if but:
        statement = statement.where(col(Notification.id).not_in(but))
    return (await session.exec(statement)).all()


async def find_unsent(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return the notifications that are due, or on their way to the provider at this moment."""
    is_due = (col(Notification.next_check_at) <= now) & col(Notification.state).in_(SENDABLE)
    statement = select(Notification.id).where(is_due | (col(Notification.state) == State.SENDING)).limit(limit)
    return (await session.exec(statement)).all()


async def prepare(session: AsyncSession, clock: Clock, desk: Desk, ids: Collection[UUID]) -> list[Prepared]:
    """Decide about due notifications: each is sent now (its attempt is then noted), held, or let be.

    Returns those to be sent. What another worker has in hand, or is due no more, is left out.
    """
    # the database's clock goes into the rows: whether an attempt is lost is asked by it, from any worker
    statement = (
        select(Notification, func.clock_timestamp())
        .where(col(Notification.id).in_(ids))
        .order_by(col(Notification.id))
        .with_for_update(skip_locked=True)
    )
    found = (await session.exec(statement)).all()
    now = clock.now()
    due = [row for row, _ in found if _is_due(row, now)]
    if not due:
        return []
    this = await _begin_round(session, due, desk, now, taken_at=found[-1][1])
    prepared = []
    for row in due:
        with span("decide about notification", under=row.traceparent):
            one = await _decide(session, row, this)
        if one is not None:
            prepared.append(one)
    return prepared


def _is_due(row: Notification, now: datetime) -> bool:
    return row.state in SENDABLE and row.next_check_at is not None and row.next_check_at <= now


async def _begin_round(
    session: AsyncSession, rows: Sequence[Notification], desk: Desk, now: datetime, *, taken_at: datetime
) -> _Round:
    holders = {(row.recipient_kind, row.recipient_id) for row in rows}
    recipients = await find_recipients(session, holders)
    reachable = [(row.channel, recipients[holder]) for row in rows if (holder := _holder(row)) in recipients]
    addresses = {(channel, address_of(reach_of(recipient), channel)) for channel, recipient in reachable}
    numbers = (
        select(Attempt.notification_id, func.max(Attempt.number))
        .where(col(Attempt.notification_id).in_([row.id for row in rows]))
        .group_by(col(Attempt.notification_id))
    )
    projects = {row.project_id for row in rows if row.project_id is not None}
    return _Round(
        desk,
        now,
        taken_at,
        recipients,
        await find_declined(session, holders),
        await find_suppressions(session, {(channel, each) for channel, each in addresses if each is not None}),
        {each.id: each for each in await list_projects(session, projects)} if projects else {},
        dict((await session.exec(numbers)).all()),
    )


def _holder(row: Notification) -> tuple[Holder, UUID]:
    return row.recipient_kind, row.recipient_id


async def _decide(session: AsyncSession, row: Notification, this: _Round) -> Prepared | None:
    recipient = this.recipients.get(_holder(row))
    if recipient is None:
        await _wait_for_recipient(session, row, this)
        return None
    address = address_of(reach_of(recipient), row.channel)
    step = _obstacle(row, recipient, address, this)
    if step is not None:
        await take_step(session, row, step, at=this.now)
        return None
    assert address is not None
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    try:
        sending = _written(row, recipient, address, token, this)
    except WordingWrong as error:
        _log.error("notification cannot be written", notification=str(row.id), kind=row.kind, fault=str(error))
        await move(session, row, State.FAILED_TECHNICAL, cause="wording", at=this.now)
        return None
    row.tries += 1
    # numbers go on over an operator's “send again”, which starts the tries afresh
    number = this.attempts.get(row.id, 0) + 1
    attempt = Attempt(notification_id=row.id, number=number, receipt_hash=receipt_hash(token), begun_at=this.now)
    session.add(attempt)
    await move(session, row, State.SENDING, cause=None, at=this.now, sending_since=this.taken_at)
    return Prepared(attempt.id, row.id, row.channel, sending, row.traceparent)


async def _wait_for_recipient(session: AsyncSession, row: Notification, this: _Round) -> None:
    if await is_recipient_erased(session, row.recipient_kind, row.recipient_id):
        await move(session, row, State.CANCELLED, cause="erased", at=this.now)
    elif this.now - row.created_at >= this.desk.schedule.recipient_wait:
        await move(session, row, State.FAILED_TECHNICAL, cause="recipient_unknown", at=this.now)
    else:
        # as long again as it has waited: a copy that comes at this very moment finds nothing to wake
        waited = this.now - row.created_at
        row.next_check_at = this.now + min(max(waited, _SHORTEST_PAUSE), _LONGEST_PAUSE)


def _obstacle(row: Notification, recipient: Recipient, address: str | None, this: _Round) -> Next | None:
    """Return why it is not to be sent now, or None."""
    obstacle = None
    if row.not_after is not None and this.now >= row.not_after:
        obstacle = Next(State.CANCELLED, "too_late")
    elif recipient.protected:
        obstacle = Next(State.SUPPRESSED, "protected")
    elif address is None:
        # nobody is promised an SMS; the e-mail is what must arrive
        obstacle = Next(State.CANCELLED if row.channel is ChannelName.SMS else State.SUPPRESSED, "no_address")
    elif this.is_declined(row):
        obstacle = Next(State.CANCELLED, "declined")
    elif (suppression := this.suppression_of(row.channel, address)) is not None:
        obstacle = Next(State.SUPPRESSED, suppression.cause.value)
    elif row.channel is ChannelName.SMS and not row.urgent:
        until = quiet_until(this.now, this.desk.schedule)
        obstacle = None if until is None else Next(State.HELD, "quiet_hours", until)
    return obstacle


def _written(row: Notification, recipient: Recipient, address: str, token: str, this: _Round) -> Sending:
    desk, language = this.desk, spoken(recipient.language)
    project = this.project_of(row)
    written = write_for(desk.wordings, row, recipient, project, language=language, origin=desk.origin, links=desk.links)
    is_mail = row.channel is ChannelName.EMAIL
    return Sending(
        key=row.id,
        address=address,
        language=language,
        text=written.text,
        subject=written.subject,
        calendars=_calendars(row, address, desk) if is_mail else (),
        unsubscribe_url=desk.unsubscribing.url(row.id) if is_mail and not KINDS[row.kind].required else None,
        receipt_url=None if is_mail else f"{desk.origin}/notification/api/v1/receipts/sms/{token}",
    )


def _calendars(row: Notification, address: str, desk: Desk) -> tuple[CalendarFile, ...]:
    method = KINDS[row.kind].calendar
    if method is None or row.calendar is None:
        return ()
    return calendar_files(
        row.calendar, method, organiser=parseaddr(desk.mail_from)[1], attendee=address, stamp=row.created_at
    )
