"""Whether somebody may give a role, or act for a person: never beyond what she could give herself.

Inviting a person and changing how to reach her would let one become that person, so each of her roles is asked about.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.queries import employers_of, find_employer_scope, scope_of_grant
from services.booking.people.grants import grant_of, held_grants
from services.booking.people.rules import ROLE_NAMES, may_give
from shared.kernel.errors import NotAllowed
from shared.kernel.grants import Actor, Grant
from shared.kernel.roles import Role
from shared.kernel.texts import N_


async def check_may_give(session: AsyncSession, actor: Actor, grant: Grant) -> None:
    """Raise NotAllowed unless the actor may give, or take back, this role."""
    if not may_give(actor.grants, grant.role, await scope_of_grant(session, grant)):
        raise NotAllowed(
            N_("Your roles do not let you give or take back the role “{role}” here."),
            code="role_not_yours_to_give",
            role=ROLE_NAMES[grant.role],
        )


async def check_acts_for(session: AsyncSession, actor: Actor, person_id: UUID) -> None:
    """Raise NotAllowed unless the actor is the person, or acts for all her employers and could give all her roles."""
    if actor.person_id == person_id:
        return
    for employer_id in await employers_of(session, person_id):
        scope = await find_employer_scope(session, employer_id)
        if scope is None or not any(grant.covers(scope) for grant in actor.grants):
            raise NotAllowed(
                N_("This person works for another employer too: she herself or the project's lead does this."),
                code="person_shared",
            )
    for row in await held_grants(session, person_id):
        grant = grant_of(row)
        if not may_give(actor.grants, grant.role, await scope_of_grant(session, grant)):
            raise NotAllowed(
                N_("This person holds a role that is not yours to give, so you cannot act for her here."),
                code="person_not_yours",
            )


def check_may_unprotect(actor: Actor, person_id: UUID, changes: Mapping[str, object]) -> None:
    """Raise NotAllowed where protection is taken away by another than the person or a project's lead."""
    if changes.get("protected") is False and actor.person_id != person_id and not actor.holds(Role.PROJECT_LEAD):
        raise NotAllowed(
            N_("Only the person herself or the project's lead can say that her identity is no longer protected."),
            code="protection_not_yours",
        )
