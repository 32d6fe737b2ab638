"""An employer registers in a project, with the person who does it as its first contact.

An organisation number that is known already is never taken over: its contact, or the project's lead, invites.
"""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.commands import find_by_number, tell_employer, workplace_row
from services.booking.employers.membership import admitted_workplaces, join
from services.booking.employers.rules import NOT_AFFECTED, EmployerDetails, Statement, size_of
from services.booking.employers.tables import Employer, Undertaking
from services.booking.keys import Keys
from services.booking.people.accounts import bind_account, find_account
from services.booking.people.commands import add_person, locked_person
from services.booking.people.grants import give_role
from services.booking.people.rules import BoundBy, PersonDetails
from services.booking.people.tables import Person
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import Applicant, EmployerKind, SizeClass
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput
from shared.kernel.grants import Grant, Subject
from shared.kernel.identity import is_sole_trader
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.texts import N_


async def register_with_contact(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    project_id: UUID,
    details: EmployerDetails,
    *,
    statement: Statement,
    subject: Subject,
    contact: PersonDetails | None,
) -> tuple[Employer, Person]:
    """Register an employer for the person who is signed in: she becomes its contact, and a new person where unknown.

    Raises as `register_employer` does, and InvalidInput where she is unknown and tells nothing of herself.
    """
    person = await _contact(session, clock, keys, subject, contact)
    employer = await register_employer(session, clock, keys, project_id, details, statement=statement, by=person.id)
    await give_role(session, clock, person, Grant(Role.CONTACT, employer_id=employer.id), by=person.id)
    return employer, person


async def _contact(
    session: AsyncSession, clock: Clock, keys: Keys, subject: Subject, contact: PersonDetails | None
) -> Person:
    account = await find_account(session, subject)
    if account is not None:
        return await locked_person(session, account.person_id)
    if contact is None:
        raise InvalidInput(
            N_("You are new here: tell your name and how to reach you, for you become the employer's contact."),
            code="contact_missing",
            field="contact",
        )
    # told once, with the role that is given at the end
    person = await add_person(session, clock, keys, contact, by=None, tells=False)
    await bind_account(session, clock, person, subject, bound_by=BoundBy.REGISTRATION, by=person.id, tells=False)
    return person


async def register_employer(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    project_id: UUID,
    details: EmployerDetails,
    *,
    statement: Statement = NOT_AFFECTED,
    by: UUID | None,
    employer_id: UUID | None = None,
) -> Employer:
    """Register an employer in a project.

    Raises NotEligible with every reason, Conflict where the number is known here already.
    """
    project = await get_project_row(session, project_id)
    _check_kind(details)
    number_hash = keys.lookup("employer", details.organisation_number)
    await session.exec(select(func.pg_advisory_xact_lock(int.from_bytes(number_hash[:8], signed=True))))
    if await find_by_number(session, keys, details.organisation_number) is not None:
        raise Conflict(
            N_(
                "An employer with this organisation number is registered already. Ask one of its contacts, or the lead "
                "of the project, to invite you; its contacts can let it join another project."
            ),
            code="employer_known",
            field="employer.organisation_number",
        )
    today = legal_day(clock.now())
    size = size_of(details.kind, details.undertaking, today)
    facts = [workplace.facts() for workplace in details.workplaces]
    admitted = admitted_workplaces(project, _applicant(details, size, statement), facts)
    undertaking = Undertaking(
        group_name=details.undertaking.group_name,
        employees=details.undertaking.employees,
        turnover=details.undertaking.turnover.value,
        balance=details.undertaking.balance.value,
        size=size.value,
        stated_on=today,
    )
    session.add(undertaking)
    await session.flush()
    sole_trader = is_sole_trader(details.organisation_number)
    employer = Employer(
        id=employer_id or new_id(),
        name=details.name,
        kind=details.kind.value,
        organisation_number=None if sole_trader else details.organisation_number,
        number_sealed=keys.seal(details.organisation_number) if sole_trader else None,
        number_hash=number_hash,
        undertaking_id=undertaking.id,
        registered_by=by,
        registered_at=clock.now(),
    )
    session.add(employer)
    await session.flush()
    workplaces = [workplace_row(employer.id, workplace) for workplace in details.workplaces]
    session.add_all(workplaces)
    await session.flush()
    await join(session, clock, employer, project, [workplaces[place] for place in admitted], statement, size)
    await tell_employer(session, clock, employer, change="registered", by=by, project_id=project_id)
    return employer


def _check_kind(details: EmployerDetails) -> None:
    if is_sole_trader(details.organisation_number) != (details.kind is EmployerKind.SOLE_TRADER):
        raise InvalidInput(
            N_("The organisation number and the kind of employer do not agree: a sole trader's is a personal number."),
            code="kind_and_number",
            field="employer.kind",
        )


def _applicant(details: EmployerDetails, size: SizeClass, statement: Statement) -> Applicant:
    return Applicant(
        details.kind, size, details.organisation_number, affected_by=statement.affected_by, statement=statement.words
    )
