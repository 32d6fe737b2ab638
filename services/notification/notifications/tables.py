"""Notifications and what came of them. The content holds a wording's fields, never an address, and goes in time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notification.base import Holder, NotificationTable, chosen, moment, prose
from services.notification.channels.rules import Result
from services.notification.kinds import ChannelName
from services.notification.notifications.rules import State
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Notification(NotificationTable, table=True):
    """One thing told to one recipient over one channel, because of one fact."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("cause_id", "recipient_kind", "recipient_id", "channel", name="uq_notifications_told_once"),
        CheckConstraint(state_check("state", State), name="state"),
        CheckConstraint(state_check("channel", ChannelName), name="channel"),
        CheckConstraint(state_check("recipient_kind", Holder), name="recipient_kind"),
        CheckConstraint("(state = 'sending') = (sending_since IS NOT NULL)", name="sending_since"),
        Index("ix_notifications_due", "next_check_at", "id", postgresql_where=text("next_check_at IS NOT NULL")),
        Index("ix_notifications_sending", "sending_since", postgresql_where=text("state = 'sending'")),
        Index("ix_notifications_recipient", "recipient_kind", "recipient_id", "id"),
        Index("ix_notifications_employer", "employer_id", "id"),
        Index("ix_notifications_project", "project_id", "id"),
        Index("ix_notifications_held", "subject_id", postgresql_where=text("state = 'held'")),
        Index("ix_notifications_content", "created_at", postgresql_where=text("content IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = prose()
    channel: ChannelName = chosen(ChannelName)
    recipient_kind: Holder = chosen(Holder)
    recipient_id: UUID
    part: str = prose()
    project_id: UUID | None = None
    employer_id: UUID | None = None
    buyer_id: UUID | None = None
    subject_id: UUID
    cause_id: UUID
    cause_type: str = prose()
    traceparent: str | None = prose(default=None)
    secret: bool = False
    urgent: bool = False
    content: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    calendar: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    state: State = chosen(State)
    state_cause: str | None = prose(default=None)
    version: int = 0
    tries: int = 0
    unknown_tries: int = 0
    next_check_at: datetime | None = moment(default=None, nullable=True)
    not_after: datetime | None = moment(default=None, nullable=True)
    sending_since: datetime | None = moment(default=None, nullable=True)
    created_at: datetime = moment()
    changed_at: datetime = moment()


class NotificationChange(NotificationTable, table=True):
    """The history of a notification; rows are added, never changed."""

    __tablename__ = "notification_history"
    __table_args__ = (
        Index("ix_notification_history_notification", "notification_id", "id"),
        CheckConstraint(state_check("after", State), name="after"),
    )

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_kwargs={"server_default": Identity(always=True)}
    )
    notification_id: UUID = Field(foreign_key="notifications.id")
    at: datetime = moment()
    actor_id: UUID | None = None
    before: str | None = prose(default=None)
    after: State = chosen(State)
    cause: str | None = prose(default=None)


class Attempt(NotificationTable, table=True):
    """One call of a provider; the row is committed before the call, so that a lost call is known to be one.

    `receipt_hash` is of the token in the address that the provider calls back. Cost is in 1/10 000 SEK.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("notification_id", "number"),
        CheckConstraint(f"result IS NULL OR {state_check('result', Result)}", name="result"),
        CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name="ended"),
        Index("uq_attempts_receipt_hash", "receipt_hash", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    notification_id: UUID = Field(foreign_key="notifications.id")
    number: int
    receipt_hash: bytes = Field(sa_type=LargeBinary)
    begun_at: datetime = moment()
    ended_at: datetime | None = moment(default=None, nullable=True)
    result: str | None = prose(default=None)
    cause: str | None = prose(default=None)
    provider_id: str | None = prose(default=None)
    parts: int | None = None
    cost: int | None = Field(default=None, sa_type=BigInteger)


class Receipt(NotificationTable, table=True):
    """What a provider said afterwards of an attempt. `applied` says whether it moved the notification."""

    __tablename__ = "receipts"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    attempt_id: UUID = Field(foreign_key="attempts.id", index=True)
    notification_id: UUID = Field(foreign_key="notifications.id", index=True)
    status: str = prose()
    provider_id: str | None = prose(default=None)
    received_at: datetime = moment()
    standing: State = chosen(State)
    applied: bool
