"""Changes to an employer and its workplaces. Each locks its row first, and tells its whole state at the end."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.employers.rules import Membership, UndertakingFacts, WorkplaceDetails, size_of
from services.booking.employers.states import employer_state
from services.booking.employers.tables import (
    Employer,
    EmployerHistory,
    EmployerProject,
    ProjectWorkplace,
    Undertaking,
    Workplace,
)
from services.booking.keys import Keys
from services.booking.projects.rules import EligibilityRules, EmployerKind, Reason, WorkplaceFacts, workplace_reasons
from services.booking.projects.sectors import SniVersion
from services.booking.projects.tables import Project
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.messaging.outbox import describe


async def find_by_number(session: AsyncSession, keys: Keys, organisation_number: str) -> Employer | None:
    """Return the employer with this number in normal form, a sole trader's too."""
    found = await session.exec(
        select(Employer).where(col(Employer.number_hash) == keys.lookup("employer", organisation_number))
    )
    return found.one_or_none()


def number_of(keys: Keys, employer: Employer) -> str:
    """Return the organisation number, unsealed where it is a sole trader's."""
    if employer.organisation_number is not None:
        return employer.organisation_number
    assert employer.number_sealed is not None
    return keys.unseal(employer.number_sealed)


def facts_of(workplace: Workplace) -> WorkplaceFacts:
    """Return what a project's conditions ask of the workplace."""
    version = None if workplace.sni_version is None else SniVersion(workplace.sni_version)
    return WorkplaceFacts(workplace.municipality, workplace.sni, version)


def reasons_against(project: Project, workplace: Workplace) -> Sequence[Reason]:
    """Return why the project's conditions do not let the workplace in; nothing where they do."""
    return workplace_reasons(EligibilityRules.model_validate(project.eligibility), facts_of(workplace))


async def locked_employer(session: AsyncSession, employer_id: UUID) -> Employer:
    """Return the employer, locked; raises NotFound."""
    employer = await locked(session, Employer, employer_id)
    if employer is None:
        raise NotFound(N_("There is no such employer here."), code="employer_not_found")
    return employer


async def tell_employer(
    session: AsyncSession,
    clock: Clock,
    employer: Employer,
    *,
    change: str,
    by: UUID | None,
    project_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Write what was changed into the history and tell the employer's state; its row must be locked or new."""
    now = clock.now()
    employer.version += 1
    session.add(employer)
    session.add(
        EmployerHistory(
            at=now, actor_id=by, change=change, reason=reason, employer_id=employer.id, project_id=project_id
        )
    )
    await session.flush()
    await describe(session, await employer_state(session, employer), version=employer.version, at=now)


async def change_employer(
    session: AsyncSession,
    clock: Clock,
    employer_id: UUID,
    *,
    name: str | None,
    undertaking: UndertakingFacts | None,
    version: int,
    by: UUID,
) -> Employer:
    """Change the name or what is stated of the undertaking; raises Conflict where it was changed meanwhile.

    A new size does not undo the part in a project: it counted on the day of entry.
    """
    employer = await locked_employer(session, employer_id)
    check_version(version, employer.version)
    changed = []
    if name is not None and name != employer.name:
        employer.name = name
        changed.append("name")
    if undertaking is not None:
        row = await session.get_one(Undertaking, employer.undertaking_id)
        today = legal_day(clock.now())
        values: Mapping[str, object] = {
            "group_name": undertaking.group_name,
            "employees": undertaking.employees,
            "turnover": undertaking.turnover.value,
            "balance": undertaking.balance.value,
            "size": size_of(EmployerKind(employer.kind), undertaking, today).value,
        }
        if any(getattr(row, field) != value for field, value in values.items()):
            for field, value in {**values, "stated_on": today}.items():
                setattr(row, field, value)
            session.add(row)
            changed.append("undertaking")
    if changed:
        await tell_employer(session, clock, employer, change=f"changed {', '.join(changed)}", by=by)
    return employer


def workplace_row(employer_id: UUID, details: WorkplaceDetails) -> Workplace:
    """Return a new row, not yet added."""
    return Workplace(
        employer_id=employer_id,
        name=details.name,
        municipality=details.municipality,
        cfar=details.cfar,
        sni=details.sni,
        sni_version=None if details.sni_version is None else details.sni_version.value,
    )


async def admit(session: AsyncSession, clock: Clock, project_id: UUID, workplaces: Sequence[Workplace]) -> None:
    """Let workplaces take part in a project, as from today."""
    today = legal_day(clock.now())
    for workplace in workplaces:
        await session.merge(
            ProjectWorkplace(
                project_id=project_id,
                workplace_id=workplace.id,
                employer_id=workplace.employer_id,
                decided_on=today,
            )
        )
    await session.flush()


async def add_workplace(
    session: AsyncSession, clock: Clock, employer_id: UUID, details: WorkplaceDetails, *, by: UUID
) -> Workplace:
    """Add a workplace; it takes part at once in each joined project whose conditions let it in."""
    employer = await locked_employer(session, employer_id)
    workplace = workplace_row(employer_id, details)
    session.add(workplace)
    await session.flush()
    projects = await session.exec(
        select(Project)
        .join(EmployerProject, col(EmployerProject.project_id) == col(Project.id))
        .where(
            col(EmployerProject.employer_id) == employer_id,
            col(EmployerProject.membership) == Membership.JOINED.value,
        )
        .order_by(col(Project.id))
    )
    for project in projects.all():
        if not reasons_against(project, workplace):
            await admit(session, clock, project.id, [workplace])
    await tell_employer(session, clock, employer, change="workplace added", by=by)
    return workplace
