"""Giving roles and taking them back. What a role may do is said in the authorisation table, not here."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.people.commands import locked_person, tell_person
from services.booking.people.rules import check_held_for
from services.booking.people.tables import Person, RoleGrant
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from shared.kernel.texts import N_


async def give_role(
    session: AsyncSession, clock: Clock, person: Person, grant: Grant, *, by: UUID | None
) -> tuple[RoleGrant, bool]:
    """Give the (locked or new) person a role, and return it with whether it is new; she keeps one that she holds.

    Raises InvalidInput where the role is not held for such things. Whether `by` may give it is the caller's to ask.
    """
    check_held_for(grant)
    found = await session.exec(
        select(RoleGrant).where(
            col(RoleGrant.person_id) == person.id,
            col(RoleGrant.role) == grant.role.value,
            col(RoleGrant.project_id).is_not_distinct_from(grant.project_id),
            col(RoleGrant.employer_id).is_not_distinct_from(grant.employer_id),
            col(RoleGrant.buyer_id).is_not_distinct_from(grant.buyer_id),
            col(RoleGrant.withdrawn_at).is_(None),
        )
    )
    if (held := found.one_or_none()) is not None:
        return held, False
    row = RoleGrant(
        person_id=person.id,
        role=grant.role.value,
        project_id=grant.project_id,
        employer_id=grant.employer_id,
        buyer_id=grant.buyer_id,
        granted_by=by,
        granted_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    await tell_person(session, clock, person, change=f"given {grant.role.value}", by=by)
    return row, True


async def withdraw_role(session: AsyncSession, clock: Clock, grant_id: UUID, *, by: UUID | None) -> None:
    """Take a role back; doing it twice changes nothing. Raises NotFound for an unknown grant."""
    row = await session.get(RoleGrant, grant_id)
    if row is None:
        raise NotFound(N_("There is no such grant."), code="grant_not_found")
    person = await locked_person(session, row.person_id)
    row = await locked(session, RoleGrant, grant_id)
    if row is None or row.withdrawn_at is not None:
        return
    row.withdrawn_at = clock.now()
    row.withdrawn_by = by
    session.add(row)
    await session.flush()
    await tell_person(session, clock, person, change=f"withdrawn {row.role}", by=by)


def grant_of(row: RoleGrant) -> Grant:
    """Return the row as the value that decisions are made with."""
    return Grant(role=Role(row.role), project_id=row.project_id, employer_id=row.employer_id, buyer_id=row.buyer_id)


async def held_grants(session: AsyncSession, person_id: UUID) -> Sequence[RoleGrant]:
    """Return the roles that the person holds now."""
    found = await session.exec(
        select(RoleGrant)
        .where(col(RoleGrant.person_id) == person_id, col(RoleGrant.withdrawn_at).is_(None))
        .order_by(col(RoleGrant.id))
    )
    return found.all()
