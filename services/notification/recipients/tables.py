"""Copies of those who can be told and of what they may see, and what is ours: preferences and suppressions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, Uuid, text
from sqlmodel import Field

from services.notification.base import Holder, NotificationTable, chosen, moment, prose
from services.notification.kinds import ChannelName
from services.notification.recipients.rules import SuppressionCause
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Recipient(NotificationTable, table=True):
    """A copy of a person or supplier: no more than a greeting, the addresses and the language."""

    __tablename__ = "recipients"
    __table_args__ = (CheckConstraint(state_check("kind", Holder), name="kind"),)

    kind: Holder = chosen(Holder, primary_key=True)
    id: UUID = Field(primary_key=True)
    name: str | None = prose()
    email: str | None = prose()
    phone: str | None = prose()
    language: str = prose()
    protected: bool = False


class Account(NotificationTable, table=True):
    """A copy of a sign-in that is a person's, or acts for a supplier."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(state_check("kind", Holder), name="kind"),
        Index("ix_accounts_holder", "kind", "holder_id"),
    )

    issuer: str = prose(primary_key=True)
    subject: str = prose(primary_key=True)
    kind: Holder = chosen(Holder, primary_key=True)
    holder_id: UUID = Field(primary_key=True)


class HeldGrant(NotificationTable, table=True):
    """A copy of what a person may act as."""

    __tablename__ = "grants"

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_kwargs={"server_default": Identity(always=True)}
    )
    person_id: UUID = Field(index=True)
    role: str = prose()
    project_id: UUID | None = None
    employer_id: UUID | None = None
    buyer_id: UUID | None = None


class Project(NotificationTable, table=True):
    """A copy of a project: its name in texts, and whose it is."""

    __tablename__ = "projects"

    id: UUID = Field(primary_key=True)
    name: str = prose()
    buyer_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))


class Employer(NotificationTable, table=True):
    """A copy of an employer: in which projects it takes part. Its name is not needed here, so it is not kept."""

    __tablename__ = "employers"

    id: UUID = Field(primary_key=True)
    project_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))


class Preference(NotificationTable, table=True):
    """A kind of notification that a recipient does not wish over a channel; no row means that it is wished."""

    __tablename__ = "preferences"
    __table_args__ = (
        CheckConstraint(state_check("holder_kind", Holder), name="holder_kind"),
        CheckConstraint(state_check("channel", ChannelName), name="channel"),
    )

    holder_kind: Holder = chosen(Holder, primary_key=True)
    holder_id: UUID = Field(primary_key=True)
    kind: str = prose(primary_key=True)
    channel: ChannelName = chosen(ChannelName, primary_key=True)
    declined_at: datetime = moment()


class Suppression(NotificationTable, table=True):
    """An address that must not be written to. Lifted ones are kept without the address, as history."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint(state_check("channel", ChannelName), name="channel"),
        CheckConstraint(state_check("cause", SuppressionCause), name="cause"),
        CheckConstraint("(lifted_at IS NULL) = (address IS NOT NULL)", name="lifted_holds_no_address"),
        Index(
            "uq_suppressions_in_force", "channel", "address", unique=True, postgresql_where=text("lifted_at IS NULL")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    channel: ChannelName = chosen(ChannelName)
    address: str | None = prose()
    cause: SuppressionCause = chosen(SuppressionCause)
    note: str | None = prose(default=None)
    since: datetime = moment()
    until: datetime | None = moment(default=None, nullable=True)
    lifted_at: datetime | None = moment(default=None, nullable=True)
    added_by: UUID | None = None
    lifted_by: UUID | None = None
