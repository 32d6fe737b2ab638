"""The public state of a project, as the other services copy it."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.tables import FundProgramme, Project, ProjectBuyer
from shared.contracts.booking import ProjectBuyer as BuyerPart
from shared.contracts.booking import ProjectDescribed
from shared.contracts.facts import State


async def project_state(session: AsyncSession, project: Project) -> ProjectDescribed:
    """Return what the others are told of the project."""
    programme = await session.get_one(FundProgramme, project.programme_id)
    buyers = await session.exec(
        select(ProjectBuyer)
        .where(col(ProjectBuyer.project_id) == project.id)
        .order_by(col(ProjectBuyer.organisation_number))
    )
    return ProjectDescribed(
        project_id=project.id,
        code=project.code,
        name=project.name,
        demonstration=project.demonstration,
        programme=programme.name,
        owner_name=project.owner_name,
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        buyers=tuple(
            BuyerPart(buyer_id=buyer.buyer_id, name=buyer.name, organisation_number=buyer.organisation_number)
            for buyer in buyers
        ),
    )


async def walk_projects(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[tuple[UUID, int, State | None]]:
    """Give the projects above an id with their states, locked against a change that comes meanwhile."""
    statement = select(Project).order_by(col(Project.id)).limit(limit).with_for_update(read=True)
    if after is not None:
        statement = statement.where(col(Project.id) > after)
    projects = (await session.exec(statement)).all()
    return [(project.id, project.version, await project_state(session, project)) for project in projects]
