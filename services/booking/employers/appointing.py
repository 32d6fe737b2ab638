"""Giving somebody a role by somebody who may: a person within reach, or a new one with an invitation.

A person whom the giver does not reach is not to be found here: otherwise a role given would open her data.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.delegation import check_may_give
from services.booking.employers.queries import find_person_scope
from services.booking.employers.tables import Employer
from services.booking.keys import Keys
from services.booking.people.accounts import MadeInvitation, invite_person
from services.booking.people.commands import add_person, locked_person
from services.booking.people.grants import give_role, grant_of, withdraw_role
from services.booking.people.rules import PersonDetails, check_held_for
from services.booking.people.tables import Person, RoleGrant
from services.booking.projects.queries import find_project_scope
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.grants import Actor, Grant
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Appointed:
    """A role that was given, its holder, and the invitation of one who is new."""

    grant: RoleGrant
    person: Person
    invitation: MadeInvitation | None


async def appoint(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    grant: Grant,
    *,
    person_id: UUID | None,
    newcomer: PersonDetails | None,
    by: Actor,
) -> Appointed:
    """Give a role to the person with this id or to a newcomer, exactly one of whom is given.

    Raises NotAllowed where it is not the actor's to give, NotFound for a person out of her reach.
    """
    check_held_for(grant)
    if grant.employer_id is not None and await session.get(Employer, grant.employer_id) is None:
        raise NotFound(N_("There is no such employer here."), code="employer_not_found")
    await _check_buyer(session, grant)
    await check_may_give(session, by, grant)
    if (person_id is None) == (newcomer is None):
        raise InvalidInput(
            N_("Give either the id of somebody who is here, or the details of a new person."),
            code="who_is_it",
            field="person_id",
        )
    if newcomer is not None:
        person = await add_person(session, clock, keys, newcomer, by=by.person_id, tells=False)
        row, _ = await give_role(session, clock, person, grant, by=by.person_id)
        return Appointed(row, person, await invite_person(session, clock, person.id, by=by.person_id))
    assert person_id is not None
    scope = await find_person_scope(session, person_id)
    if scope is None or (person_id != by.person_id and not any(held.covers(scope) for held in by.grants)):
        raise NotFound(N_("There is no such person here."), code="person_not_found", field="person_id")
    person = await locked_person(session, person_id)
    row, _ = await give_role(session, clock, person, grant, by=by.person_id)
    return Appointed(row, person, None)


async def _check_buyer(session: AsyncSession, grant: Grant) -> None:
    if grant.buyer_id is None or grant.project_id is None:
        return
    scope = await find_project_scope(session, grant.project_id)
    if scope is None or grant.buyer_id not in (scope.buyers or ()):
        raise InvalidInput(
            N_("This buyer does not buy for the project. Choose one of the project's buyers."),
            code="buyer_unknown",
            field="buyer_id",
        )


async def withdraw(session: AsyncSession, clock: Clock, grant_id: UUID, *, by: Actor) -> None:
    """Take a role back; raises NotAllowed where it is not the actor's to take."""
    row = await session.get(RoleGrant, grant_id)
    if row is None:
        raise NotFound(N_("There is no such grant."), code="grant_not_found")
    await check_may_give(session, by, grant_of(row))
    await withdraw_role(session, clock, grant_id, by=by.person_id)
