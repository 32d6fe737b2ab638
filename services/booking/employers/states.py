"""The public state of an employer, as the other services copy it. A sole trader's number is never in it."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.rules import Membership
from services.booking.employers.tables import Employer, EmployerProject, Workplace
from shared.contracts.booking import EmployerDescribed, EmployerWorkplace
from shared.contracts.facts import State


async def employer_state(session: AsyncSession, employer: Employer) -> EmployerDescribed:
    """Return what the others are told of the employer."""
    projects = await session.exec(
        select(EmployerProject.project_id)
        .where(
            col(EmployerProject.employer_id) == employer.id,
            col(EmployerProject.membership) == Membership.JOINED.value,
        )
        .order_by(col(EmployerProject.project_id))
    )
    workplaces = await session.exec(
        select(Workplace).where(col(Workplace.employer_id) == employer.id).order_by(col(Workplace.id))
    )
    return EmployerDescribed(
        employer_id=employer.id,
        name=employer.name,
        organisation_number=employer.organisation_number,
        kind=employer.kind,
        project_ids=tuple(projects.all()),
        workplaces=tuple(
            EmployerWorkplace(
                workplace_id=workplace.id,
                name=workplace.name,
                municipality=workplace.municipality,
                sni=workplace.sni,
            )
            for workplace in workplaces
        ),
    )


async def walk_employers(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[tuple[UUID, int, State | None]]:
    """Give the employers above an id with their states, locked against a change that comes meanwhile."""
    statement = select(Employer).order_by(col(Employer.id)).limit(limit).with_for_update(read=True)
    if after is not None:
        statement = statement.where(col(Employer.id) > after)
    employers = (await session.exec(statement)).all()
    return [(employer.id, employer.version, await employer_state(session, employer)) for employer in employers]
