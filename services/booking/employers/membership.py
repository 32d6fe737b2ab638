"""An employer's part in projects: joining by the project's conditions, and leaving."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.employers.commands import admit, facts_of, locked_employer, number_of, tell_employer
from services.booking.employers.rules import MEMBERSHIP, NOT_AFFECTED, Membership, Statement
from services.booking.employers.tables import Employer, EmployerProject, Undertaking, Workplace
from services.booking.keys import Keys
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import (
    Applicant,
    EligibilityRules,
    EmployerKind,
    NotEligible,
    Reason,
    SizeClass,
    WorkplaceFacts,
    decide,
)
from services.booking.projects.tables import Project
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_


def admitted_workplaces(
    project: Project, applicant: Applicant, workplaces: Sequence[WorkplaceFacts]
) -> tuple[int, ...]:
    """Return the places of the workplaces that may take part; raises NotEligible where none may."""
    decision = decide(EligibilityRules.model_validate(project.eligibility), applicant, workplaces)
    if not decision.is_eligible:
        raise NotEligible(project.name, decision.reasons)
    return decision.workplaces


async def join(
    session: AsyncSession,
    clock: Clock,
    employer: Employer,
    project: Project,
    workplaces: Sequence[Workplace],
    statement: Statement,
    size: SizeClass,
) -> None:
    today = legal_day(clock.now())
    session.add(
        EmployerProject(
            employer_id=employer.id,
            project_id=project.id,
            membership=Membership.JOINED.value,
            affected_by=None if statement.affected_by is None else statement.affected_by.value,
            statement=statement.words,
            size_at_entry=size.value,
            joined_on=today,
        )
    )
    await session.flush()
    await admit(session, clock, project.id, workplaces)


async def join_project(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    employer_id: UUID,
    project_id: UUID,
    *,
    statement: Statement = NOT_AFFECTED,
    by: UUID | None,
) -> Employer:
    """Let a registered employer join another project, or again one that it left; raises NotEligible, Conflict."""
    employer = await locked_employer(session, employer_id)
    project = await get_project_row(session, project_id)
    known = await locked(session, EmployerProject, (employer_id, project_id))
    if known is not None:
        MEMBERSHIP.check(Membership(known.membership), Membership.JOINED)
    undertaking = await session.get_one(Undertaking, employer.undertaking_id)
    found = await session.exec(
        select(Workplace).where(col(Workplace.employer_id) == employer_id).order_by(col(Workplace.id))
    )
    workplaces = found.all()
    applicant = Applicant(
        EmployerKind(employer.kind),
        SizeClass(undertaking.size),
        number_of(keys, employer),
        affected_by=statement.affected_by,
        statement=statement.words,
    )
    admitted = admitted_workplaces(project, applicant, [facts_of(workplace) for workplace in workplaces])
    chosen = [workplaces[place] for place in admitted]
    if known is None:
        await join(session, clock, employer, project, chosen, statement, SizeClass(undertaking.size))
    else:
        known.membership = Membership.JOINED.value
        known.left_on = None
        session.add(known)
        await admit(session, clock, project_id, chosen)
    await tell_employer(session, clock, employer, change="joined", by=by, project_id=project_id)
    return employer


async def reasons_of(session: AsyncSession, keys: Keys, employer_id: UUID, project: Project) -> Sequence[Reason]:
    """Return why the project would not let the registered employer in, whatever it states; nothing where it would."""
    employer = await session.get_one(Employer, employer_id)
    undertaking = await session.get_one(Undertaking, employer.undertaking_id)
    found = await session.exec(
        select(Workplace).where(col(Workplace.employer_id) == employer_id).order_by(col(Workplace.id))
    )
    applicant = Applicant(EmployerKind(employer.kind), SizeClass(undertaking.size), number_of(keys, employer))
    # what is stated is asked for on the form
    rules = EligibilityRules.model_validate(project.eligibility).model_copy(update={"affected_by": ()})
    decision = decide(rules, applicant, [facts_of(workplace) for workplace in found])
    return () if decision.is_eligible else decision.reasons


async def leave_project(
    session: AsyncSession, clock: Clock, employer_id: UUID, project_id: UUID, *, reason: str, by: UUID
) -> None:
    """End an employer's part in a project; what was booked stays until it is cancelled."""
    employer = await locked_employer(session, employer_id)
    joined = await locked(session, EmployerProject, (employer_id, project_id))
    if joined is None:
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")
    MEMBERSHIP.check(Membership(joined.membership), Membership.LEFT)
    joined.membership = Membership.LEFT.value
    joined.left_on = legal_day(clock.now())
    session.add(joined)
    await session.flush()
    await tell_employer(session, clock, employer, change="left", by=by, project_id=project_id, reason=reason)
