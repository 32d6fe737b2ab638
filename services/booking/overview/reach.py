"""Which employers and which of their projects a person reaches by her grants, as conditions of a statement."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, true
from sqlmodel import col, select

from services.booking.employers.tables import Employer, EmployerProject
from services.booking.projects.tables import ProjectBuyer
from shared.kernel.grants import Actor, Grant
from shared.kernel.roles import Role

SEES_EMPLOYERS = (
    Role.CONTACT,
    Role.COACH,
    Role.PROJECT_LEAD,
    Role.PROCUREMENT_OFFICER,
    Role.AWARD_DELEGATE,
    Role.OPERATOR,
)
"""As the permit of an employer's page says."""


def part_reached(grants: Sequence[Grant]) -> ColumnElement[bool]:
    """Return the condition on `EmployerProject` rows that one of the grants covers."""
    employer, project = col(EmployerProject.employer_id), col(EmployerProject.project_id)
    if any(grant == Grant(grant.role) for grant in grants):
        return true()
    alternatives: list[ColumnElement[bool]] = []
    if employers := [grant.employer_id for grant in grants if grant.project_id is None and grant.employer_id]:
        alternatives.append(employer.in_(employers))
    if projects := {
        grant.project_id for grant in grants if grant.project_id and not (grant.employer_id or grant.buyer_id)
    }:
        alternatives.append(project.in_(projects))
    chosen: dict[UUID, list[UUID]] = {}
    for grant in grants:
        if grant.project_id is not None and grant.employer_id is not None:
            chosen.setdefault(grant.project_id, []).append(grant.employer_id)
    alternatives += [and_(project == only, employer.in_(few)) for only, few in chosen.items()]
    for grant in grants:
        if grant.buyer_id is not None:
            buys = select(ProjectBuyer.project_id).where(col(ProjectBuyer.buyer_id) == grant.buyer_id)
            alternatives.append(
                and_(project.in_(buys), true() if grant.project_id is None else project == grant.project_id)
            )
    return or_(*alternatives) if alternatives else false()


def employer_reached(actor: Actor, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition on `Employer` rows that the person reaches, by a part that meets `conditions`."""
    reached = part_reached(actor.grants_of(*SEES_EMPLOYERS))
    return exists().where(col(EmployerProject.employer_id) == col(Employer.id), reached, *conditions)
