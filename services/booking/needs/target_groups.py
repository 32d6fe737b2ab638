"""An employer's target groups in a project: functions that are to learn something, and how many persons each has."""

from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.employments import check_member
from services.booking.employers.queries import check_in_project
from services.booking.employers.tables import EmployerHistory
from services.booking.needs.tables import TargetGroup
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.web.bodies import Body, Line, View
from shared.web.paging import PageFilter, Rows, page_of

MOST_PERSONS = 100_000


class SetTargetGroup(Body):
    """A group as it shall be; 0 persons take it away."""

    name: Line
    persons: int = Field(ge=0, le=MOST_PERSONS)


class TargetGroupView(View):
    """A group by its name."""

    name: str
    persons: int


async def set_target_group(
    session: AsyncSession,
    clock: Clock,
    project_id: UUID,
    employer_id: UUID,
    group: SetTargetGroup,
    *,
    by: UUID,
) -> TargetGroupView:
    """Add a group, give it another number of persons, or take it away; raises NotFound where there is none to take."""
    await check_member(session, project_id, employer_id)
    found = await session.get(TargetGroup, (project_id, employer_id, group.name), with_for_update=True)
    before = None if found is None else str(found.persons)
    if found is None and group.persons == 0:
        raise NotFound(N_("There is no such target group."), code="target_group_not_found")
    if found is None:
        session.add(TargetGroup(project_id=project_id, employer_id=employer_id, name=group.name, persons=group.persons))
    elif group.persons == 0:
        await session.delete(found)
    else:
        found.persons = group.persons
        session.add(found)
    session.add(
        EmployerHistory(
            at=clock.now(),
            actor_id=by,
            change="target group",
            before=before,
            after=str(group.persons),
            employer_id=employer_id,
            project_id=project_id,
        )
    )
    await session.flush()
    return TargetGroupView(name=group.name, persons=group.persons)


async def list_target_groups(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: PageFilter
) -> Rows[TargetGroup]:
    """Return the employer's target groups by name; raises NotFound."""
    await check_in_project(session, project_id, employer_id)
    page: Rows[Any] = await page_of(
        session,
        select(TargetGroup).where(
            col(TargetGroup.project_id) == project_id, col(TargetGroup.employer_id) == employer_id
        ),
        [col(TargetGroup.name)],
        query,
        keys=lambda group: (group.name,),
    )
    return page
