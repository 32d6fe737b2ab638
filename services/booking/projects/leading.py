"""What the pages of whoever leads a project have in common: which project, and whether the reader leads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.queries import get_project_row
from services.booking.projects.tables import Project
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.web.exchange import exchange_of


@dataclass(frozen=True, slots=True)
class Led:
    """A project as its own pages name it, and what the reader is in it."""

    id: UUID
    name: str
    leads: bool
    coaches: bool
    operates: bool
    demonstration: bool

    @property
    def people_address(self) -> str:
        """Where one is led on from adding or ending a participation: a coach sees no list of all who take part."""
        return self.address("/participants" if self.leads else "/figures")

    def address(self, rest: str = "") -> str:
        """Return the address of one of its pages."""
        return f"/booking/projects/{self.id}{rest}"


async def led_project(request: Request, session: AsyncSession, project_id: UUID) -> Led:
    """Return the project for one of its own pages; raises NotFound."""
    project = await get_project_row(session, project_id)
    return led(request, project)


def led(request: Request, project: Project) -> Led:
    """Return a project that was read already for one of its own pages."""
    actor = exchange_of(request).actor
    return Led(
        project.id,
        project.name,
        leads=actor is not None and leads(actor, project.id),
        coaches=actor is not None and _holds(actor, Role.COACH, project.id),
        operates=actor is not None and actor.holds(Role.OPERATOR),
        demonstration=project.demonstration,
    )


def leads(actor: Actor, project_id: UUID) -> bool:
    """Whether the person leads the project."""
    return _holds(actor, Role.PROJECT_LEAD, project_id)


def _holds(actor: Actor, role: Role, project_id: UUID) -> bool:
    scope = Scope(projects=frozenset({project_id}))
    return any(grant.covers(scope) for grant in actor.grants_of(role))


async def projects_led_by(session: AsyncSession, actor: Actor) -> Sequence[Project]:
    """Return the projects that the person leads, by name."""
    ids = {grant.project_id for grant in actor.grants_of(Role.PROJECT_LEAD) if grant.project_id is not None}
    found = await session.exec(select(Project).where(col(Project.id).in_(ids)).order_by(col(Project.name)))
    return found.all()
