"""Who is told of what concerns an employer or a buyer: those who hold a role for it."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.tables import Person, RoleGrant
from shared.contracts.facts import Recipient
from shared.kernel.roles import Role


async def contacts_of(session: AsyncSession, *, project_id: UUID, employer_id: UUID) -> Sequence[UUID]:
    """Return the employer's contacts in the project, by id."""
    return await _holders(session, Role.CONTACT, project_id, col(RoleGrant.employer_id) == employer_id)


async def officers_of(session: AsyncSession, *, project_id: UUID, buyer_id: UUID) -> Sequence[UUID]:
    """Return the buyer's procurement officers for the project, by id."""
    return await _holders(session, Role.PROCUREMENT_OFFICER, project_id, col(RoleGrant.buyer_id) == buyer_id)


async def leads_of(session: AsyncSession, *, project_id: UUID) -> Sequence[UUID]:
    """Return who leads the project, by id."""
    return await _holders(session, Role.PROJECT_LEAD, project_id, col(RoleGrant.project_id).is_not(None))


async def trainers_of(session: AsyncSession, *, project_id: UUID) -> Sequence[UUID]:
    """Return who is a trainer of the project, by id."""
    return await _holders(session, Role.TRAINER, project_id, col(RoleGrant.project_id).is_not(None))


async def coaches_of(session: AsyncSession, *, project_id: UUID, employer_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return who coaches in the whole project, or one of the employers there, by id."""
    in_care = or_(col(RoleGrant.employer_id).is_(None), col(RoleGrant.employer_id).in_(employer_ids))
    return await _holders(session, Role.COACH, project_id, in_care)


async def _holders(session: AsyncSession, role: Role, project_id: UUID, held_for: object) -> Sequence[UUID]:
    statement = (
        select(RoleGrant.person_id)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .where(
            col(RoleGrant.role) == role.value,
            held_for,  # type: ignore[arg-type]  # an SQL condition, typed as a bool
            or_(col(RoleGrant.project_id).is_(None), col(RoleGrant.project_id) == project_id),
            col(RoleGrant.withdrawn_at).is_(None),
            col(Person.erased_at).is_(None),
        )
        .distinct()
        .order_by(col(RoleGrant.person_id))
    )
    return (await session.exec(statement)).all()


def recipients(part: str, people: Iterable[UUID]) -> tuple[Recipient, ...]:
    """Return the people as recipients in one capacity."""
    return tuple(Recipient(kind="person", id=person, part=part) for person in people)
