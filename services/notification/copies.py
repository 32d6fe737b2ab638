"""Copies of people, employers, projects and suppliers: as little of each as telling them needs.

Whoever waits for a copy to come is tried again at once. Erasing takes the copy, the wishes and what was to be sent.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder
from services.notification.kinds import ChannelName
from services.notification.notifications.commands import forget_recipient, wake_waiting
from services.notification.recipients.commands import forget_address, forget_preferences
from services.notification.recipients.queries import recipients_with
from services.notification.recipients.tables import Account, Employer, HeldGrant, Project, Recipient
from shared.contracts.booking import EmployerDescribed, PersonDescribed, ProjectDescribed
from shared.contracts.procurement import SupplierDescribed
from shared.kernel.grants import Subject
from shared.messaging.reactions import Copies, Delivery
from shared.web.browser.sessions import end_sessions_of

COPIES = Copies("notification")
COPY_TABLES = ("recipients", "accounts", "grants", "projects", "employers")
"""What `kurslots rebuild` empties and fills again: these hold nothing but copies."""


@COPIES.of(PersonDescribed)
async def copy_person(delivery: Delivery, state: PersonDescribed) -> None:
    """Keep a person's greeting, addresses, language, accounts and grants."""
    session = delivery.session
    await _keep(
        delivery,
        Recipient(
            kind=Holder.PERSON,
            id=state.person_id,
            name=state.given_name,
            email=state.email,
            phone=state.phone,
            language=state.language,
            protected=state.protected,
        ),
    )
    await _keep_accounts(
        session, Holder.PERSON, state.person_id, ((each.issuer, each.subject) for each in state.accounts)
    )
    await session.exec(delete(HeldGrant).where(col(HeldGrant.person_id) == state.person_id))
    session.add_all(
        HeldGrant(
            person_id=state.person_id,
            role=grant.role,
            project_id=grant.project_id,
            employer_id=grant.employer_id,
            buyer_id=grant.buyer_id,
        )
        for grant in state.grants
    )


@COPIES.gone(PersonDescribed)
async def erase_person(delivery: Delivery, key: UUID) -> None:
    """Forget a person whom booking has erased."""
    await delivery.session.exec(delete(HeldGrant).where(col(HeldGrant.person_id) == key))
    await _erase(delivery, Holder.PERSON, key)


@COPIES.of(SupplierDescribed)
async def copy_supplier(delivery: Delivery, state: SupplierDescribed) -> None:
    """Keep a supplier's name, addresses, language and accounts."""
    await _keep(
        delivery,
        Recipient(
            kind=Holder.SUPPLIER,
            id=state.supplier_id,
            name=state.name,
            email=state.email,
            phone=state.phone,
            language=state.language,
            protected=False,
        ),
    )
    await _keep_accounts(
        delivery.session,
        Holder.SUPPLIER,
        state.supplier_id,
        ((each.issuer, each.subject) for each in state.accounts),
    )


@COPIES.gone(SupplierDescribed)
async def erase_supplier(delivery: Delivery, key: UUID) -> None:
    """Forget a supplier that procurement has erased."""
    await _erase(delivery, Holder.SUPPLIER, key)


@COPIES.of(ProjectDescribed)
async def copy_project(delivery: Delivery, state: ProjectDescribed) -> None:
    """Keep a project's name and buyers."""
    await delivery.session.merge(
        Project(id=state.project_id, name=state.name, buyer_ids=[buyer.buyer_id for buyer in state.buyers])
    )


@COPIES.gone(ProjectDescribed)
async def erase_project(delivery: Delivery, key: UUID) -> None:
    """Forget a project."""
    await delivery.session.exec(delete(Project).where(col(Project.id) == key))


@COPIES.of(EmployerDescribed)
async def copy_employer(delivery: Delivery, state: EmployerDescribed) -> None:
    """Keep in which projects an employer takes part."""
    await delivery.session.merge(Employer(id=state.employer_id, project_ids=list(state.project_ids)))


@COPIES.gone(EmployerDescribed)
async def erase_employer(delivery: Delivery, key: UUID) -> None:
    """Forget an employer."""
    await delivery.session.exec(delete(Employer).where(col(Employer.id) == key))


async def _keep(delivery: Delivery, recipient: Recipient) -> None:
    session = delivery.session
    before = await session.get(Recipient, (recipient.kind, recipient.id))
    left = _addresses(before) - _addresses(recipient) if before is not None else set()
    await session.merge(recipient)
    await session.flush()
    await wake_waiting(session, recipient.kind, recipient.id, delivery.clock.now())
    await _forget_unused(delivery, left)


async def _keep_accounts(
    session: AsyncSession, kind: Holder, holder_id: UUID, accounts: Iterable[tuple[str, str]]
) -> None:
    await session.exec(delete(Account).where(col(Account.kind) == kind, col(Account.holder_id) == holder_id))
    session.add_all(
        Account(issuer=issuer, subject=subject, kind=kind, holder_id=holder_id)
        for issuer, subject in dict.fromkeys(accounts)
    )


async def _erase(delivery: Delivery, kind: Holder, key: UUID) -> None:
    session = delivery.session
    recipient = await session.get(Recipient, (kind, key))
    left = _addresses(recipient) if recipient is not None else set()
    if recipient is not None:
        await session.delete(recipient)
        await session.flush()
    held = col(Account.kind) == kind, col(Account.holder_id) == key
    for account in (await session.exec(select(Account).where(*held))).all():
        await end_sessions_of(session, Subject(account.issuer, account.subject))
    await session.exec(delete(Account).where(*held))
    await forget_preferences(session, kind, key)
    await forget_recipient(session, kind, key, delivery.clock)
    await _forget_unused(delivery, left)


async def _forget_unused(delivery: Delivery, addresses: Iterable[tuple[ChannelName, str]]) -> None:
    """Remove the suppressions of addresses that nobody has any more."""
    for channel, address in addresses:
        if not await recipients_with(delivery.session, channel, address):
            await forget_address(delivery.session, channel, address, delivery.clock.now())


def _addresses(recipient: Recipient) -> set[tuple[ChannelName, str]]:
    pairs = ((ChannelName.EMAIL, recipient.email), (ChannelName.SMS, recipient.phone))
    return {(channel, address) for channel, address in pairs if address is not None}
