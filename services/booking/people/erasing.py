"""Erasing a person: every copy goes at once by a tombstone; here she is restricted while a keeping time runs.

Somebody who took part in a project is part of its accounts (DOMAIN §5), so her row is kept and shown to nobody; of
somebody who did not, the values go now.
"""

from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.commands import locked_person
from services.booking.people.rules import NumberKind
from services.booking.people.tables import Account, Invitation, Participation, Person, PersonHistory, RoleGrant
from shared.contracts.booking import PersonDescribed
from shared.kernel.clock import Clock
from shared.kernel.grants import Subject
from shared.messaging.outbox import bury
from shared.web.browser.sessions import end_sessions_of

ERASED = "\N{EN DASH}"


async def erase_person(session: AsyncSession, clock: Clock, person_id: UUID, *, by: UUID | None, reason: str) -> bool:
    """Erase a person and bury her state; return whether her values are kept, restricted, for the project's accounts.

    Her roles and web sessions end; she can no longer sign in. Raises NotFound where she is unknown or erased already.
    """
    person = await locked_person(session, person_id)
    now = clock.now()
    took_part = await session.exec(select(Participation.id).where(col(Participation.person_id) == person_id).limit(1))
    kept = took_part.first() is not None
    for account in (await session.exec(select(Account).where(col(Account.person_id) == person_id))).all():
        await end_sessions_of(session, Subject(account.issuer, account.subject))
    await session.exec(delete(Account).where(col(Account.person_id) == person_id))
    await session.exec(delete(Invitation).where(col(Invitation.person_id) == person_id))
    await session.exec(
        update(RoleGrant)
        .where(col(RoleGrant.person_id) == person_id, col(RoleGrant.withdrawn_at).is_(None))
        .values(withdrawn_at=now, withdrawn_by=by)
    )
    if not kept:
        clear(person)
    person.erased_at = now
    person.version += 1
    session.add(person)
    change = "restricted" if kept else "erased"
    session.add(PersonHistory(at=now, actor_id=by, change=change, reason=reason, person_id=person_id))
    await session.flush()
    await bury(session, PersonDescribed, person_id, version=person.version, at=now)
    return kept


def clear(person: Person) -> None:
    """Take every value that tells who the person is out of her row."""
    person.given_name = person.family_name = ERASED
    person.email = person.phone = None
    person.number_kind = NumberKind.NONE.value
    person.number_sealed = person.number_hash = None
    person.gender = person.birth_year = None
