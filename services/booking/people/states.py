"""The public state of a person, as the other services copy it: the only way that personal data leaves booking."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.tables import Account, Person, RoleGrant
from shared.contracts.booking import PersonAccount, PersonDescribed, PersonGrant
from shared.contracts.facts import State


async def person_state(session: AsyncSession, person: Person) -> PersonDescribed:
    """Return what the others are told; of one with protected identity the id, the flag and what she may do alone."""
    accounts = await session.exec(select(Account).where(col(Account.person_id) == person.id).order_by(col(Account.id)))
    grants = await session.exec(
        select(RoleGrant)
        .where(col(RoleGrant.person_id) == person.id, col(RoleGrant.withdrawn_at).is_(None))
        .order_by(col(RoleGrant.id))
    )
    shown = not person.protected
    return PersonDescribed(
        person_id=person.id,
        protected=person.protected,
        given_name=person.given_name if shown else None,
        family_name=person.family_name if shown else None,
        email=person.email if shown else None,
        phone=person.phone if shown else None,
        language=person.language,
        accounts=tuple(PersonAccount(issuer=account.issuer, subject=account.subject) for account in accounts),
        grants=tuple(
            PersonGrant(
                role=grant.role, project_id=grant.project_id, employer_id=grant.employer_id, buyer_id=grant.buyer_id
            )
            for grant in grants
        ),
    )


async def walk_people(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[tuple[UUID, int, State | None]]:
    """Give the persons above an id with their states, locked; of an erased one there is none: she has a grave."""
    statement = select(Person).order_by(col(Person.id)).limit(limit).with_for_update(read=True)
    if after is not None:
        statement = statement.where(col(Person.id) > after)
    people = (await session.exec(statement)).all()
    return [
        (person.id, person.version, None if person.erased_at else await person_state(session, person))
        for person in people
    ]
