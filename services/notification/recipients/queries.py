"""Reads of recipients: their addresses, what they wish, and what may not be used."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder
from services.notification.kinds import KINDS, ChannelName
from services.notification.recipients.rules import Reach, normal_address
from services.notification.recipients.tables import Employer, Preference, Project, Recipient, Suppression
from shared.contracts.booking import PersonDescribed
from shared.contracts.facts import State
from shared.contracts.procurement import SupplierDescribed
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.messaging.copies import is_erased
from shared.web.paging import PageFilter, Rows, page_of

_STATES: Mapping[Holder, type[State]] = {Holder.PERSON: PersonDescribed, Holder.SUPPLIER: SupplierDescribed}


async def find_recipient(session: AsyncSession, kind: Holder, holder_id: UUID) -> Recipient | None:
    """Return the copy, or None where none has come yet or its owner has erased it."""
    return await session.get(Recipient, (kind, holder_id))


async def find_names(session: AsyncSession, people: Collection[UUID]) -> Mapping[UUID, str]:
    """Return what these people are called here, which is their given names; of the protected there is none."""
    found = await session.exec(
        select(Recipient.id, Recipient.name).where(
            col(Recipient.kind) == Holder.PERSON, col(Recipient.id).in_(people), col(Recipient.protected).is_(False)
        )
    )
    return {person_id: name for person_id, name in found if name}


async def names_of_recipients(
    session: AsyncSession, holders: Collection[tuple[Holder, UUID]]
) -> Mapping[tuple[Holder, UUID], str]:
    """Return what these recipients are called here; of the protected and the erased there is none."""
    found = await session.exec(
        select(Recipient.kind, Recipient.id, Recipient.name).where(
            col(Recipient.id).in_({holder_id for _, holder_id in holders}), col(Recipient.protected).is_(False)
        )
    )
    return {(Holder(kind), holder_id): name for kind, holder_id, name in found if name}


async def list_projects(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Project]:
    """Return the copies of these projects, by name."""
    return (await session.exec(select(Project).where(col(Project.id).in_(ids)).order_by(col(Project.name)))).all()


async def is_recipient_erased(session: AsyncSession, kind: Holder, holder_id: UUID) -> bool:
    """Whether the owner has erased the recipient: nobody is to be told, now or later."""
    return await is_erased(session, _STATES[kind], holder_id)


def reach_of(recipient: Recipient) -> Reach:
    """Return what the rules need of a recipient."""
    return Reach(recipient.protected, recipient.email, recipient.phone)


async def find_recipients(
    session: AsyncSession, holders: Collection[tuple[Holder, UUID]]
) -> Mapping[tuple[Holder, UUID], Recipient]:
    """Return the copies of those of whom one is here."""
    which = tuple_(col(Recipient.kind), col(Recipient.id)).in_(holders)
    return {(row.kind, row.id): row for row in (await session.exec(select(Recipient).where(which))).all()}


async def find_declined(
    session: AsyncSession, holders: Collection[tuple[Holder, UUID]]
) -> frozenset[tuple[Holder, UUID, str, ChannelName]]:
    """Return what these recipients have switched off: recipient, kind of notification, channel."""
    which = tuple_(col(Preference.holder_kind), col(Preference.holder_id)).in_(holders)
    statement = select(Preference.holder_kind, Preference.holder_id, Preference.kind, Preference.channel).where(which)
    found = (await session.exec(statement)).all()
    return frozenset((Holder(kind), holder_id, name, ChannelName(channel)) for kind, holder_id, name, channel in found)


async def find_suppressions(
    session: AsyncSession, addresses: Collection[tuple[ChannelName, str]]
) -> Mapping[tuple[ChannelName, str], Suppression]:
    """Return the suppressions of these addresses that were not lifted, by channel and normal address."""
    given = {(channel, normal_address(address)) for channel, address in addresses}
    which = tuple_(col(Suppression.channel), col(Suppression.address)).in_(given)
    statement = select(Suppression).where(which, col(Suppression.lifted_at).is_(None))
    return {(row.channel, row.address): row for row in (await session.exec(statement)).all() if row.address}


async def find_project(session: AsyncSession, project_id: UUID) -> Project | None:
    """Return the copy of a project."""
    return await session.get(Project, project_id)


async def find_employer(session: AsyncSession, employer_id: UUID) -> Employer | None:
    """Return the copy of an employer."""
    return await session.get(Employer, employer_id)


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether a recipient wishes a kind of notification over a channel."""

    kind: str
    channel: ChannelName
    wanted: bool
    required: bool


async def list_wishes(session: AsyncSession, kind: Holder, holder_id: UUID) -> list[Wish]:
    """Return a line for every kind and channel; required ones are always wanted."""
    statement = select(Preference).where(col(Preference.holder_kind) == kind, col(Preference.holder_id) == holder_id)
    declined = {(row.kind, row.channel) for row in (await session.exec(statement)).all()}
    return [
        Wish(each.name, channel, each.required or (each.name, channel) not in declined, each.required)
        for each in KINDS.values()
        for channel in each.channels
    ]


async def list_suppressions(session: AsyncSession, query: PageFilter) -> Rows[Suppression]:
    """Return the suppressions that have not been lifted, oldest first; those whose time is over among them."""
    statement = select(Suppression).where(col(Suppression.lifted_at).is_(None))
    return await page_of(session, statement, [col(Suppression.id)], query, keys=lambda row: (row.id,))


async def get_suppression(session: AsyncSession, suppression_id: UUID) -> Suppression:
    """Return a suppression that has not been lifted; raises NotFound."""
    row = await session.get(Suppression, suppression_id)
    if row is None or row.lifted_at is not None:
        raise NotFound(N_("There is no such suppression."), code="not_found")
    return row


async def recipients_with(session: AsyncSession, channel: ChannelName, address: str) -> Sequence[Recipient]:
    """Return the recipients that have an address."""
    column = col(Recipient.email) if channel is ChannelName.EMAIL else col(Recipient.phone)
    return (await session.exec(select(Recipient).where(column == address))).all()
