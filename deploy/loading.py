"""Putting the projects, their people and their catalogues into the services' databases, by the services' own commands.

All files are read before anything is written; each service is then changed in one transaction. Twice changes nothing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.people import ReadyMade, ReadyMadePerson, load_ready_made
from deploy.project_files import EmployerEntry, ProjectFile, read_project_files
from services.booking.employers.employments import Employee, add_employee
from services.booking.employers.membership import join_project
from services.booking.employers.registration import register_employer
from services.booking.employers.tables import Employer, EmployerProject, ProjectWorkplace
from services.booking.keys import Keys as BookingKeys
from services.booking.people.accounts import bind_account
from services.booking.people.commands import add_person, start_participation
from services.booking.people.grants import give_role
from services.booking.people.rules import BoundBy, PersonDetails
from services.booking.people.tables import Person
from services.booking.projects.commands import load_project, project_id_of
from services.booking.projects.tables import Project
from services.booking.seats.catalogue import load_catalogue
from services.booking.settings import BookingSettings
from services.procurement.buyers.commands import buyer_id, load_buyer
from services.procurement.settings import ProcurementSettings
from services.procurement.suppliers.commands import SupplierInput, load_supplier
from shared.db import open_database
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.grants import Grant, Subject
from shared.kernel.ids import stable_id
from shared.kernel.phone import e164
from shared.kernel.roles import Role
from shared.settings import ServiceSettings

_NO_SHIFT = timedelta(0)


async def load_all(paths: Sequence[Path] | None = None) -> list[ProjectFile]:
    """Load the files given, or all that the product ships, with the ready-made people of an embedded system.

    Raises DataFileError before anything is written where a file is wrong.
    """
    files = read_project_files(paths)
    booking, procurement = BookingSettings(), ProcurementSettings()
    ready_made = load_ready_made() if booking.is_embedded else ReadyMade({}, {})
    issuer = booking.oidc_issuer_alias
    clock = booking.make_clock()
    async with _transaction(procurement) as session:
        for file in files:
            for buyer in file.buyers:
                await load_buyer(session, clock, buyer)
        await _load_suppliers(session, clock, procurement, ready_made, issuer)
    async with _transaction(booking) as session:
        loading = _Loading(session, clock, BookingKeys.derive(booking.secret_key))
        for file in files:
            await loading.project(file)
        await loading.people(ready_made, issuer, {file.project.code for file in files})
    return files


@asynccontextmanager
async def _transaction(settings: ServiceSettings) -> AsyncIterator[AsyncSession]:
    database = open_database(settings.database_url.get_secret_value(), name=f"kurslots-{settings.SERVICE}-loading")
    try:
        async with database.sessions() as session, session.begin():
            yield session
    finally:
        await database.close()


async def _load_suppliers(
    session: AsyncSession, clock: Clock, settings: ProcurementSettings, ready_made: ReadyMade, issuer: str
) -> None:
    for person in ready_made.people.values():
        if person.role is not Role.SUPPLIER or person.supplier is None:
            continue
        supplier = SupplierInput(
            name=ready_made.organisations[person.supplier].name,
            organisation_number=person.supplier,
            email=person.email,
            phone=person.phone,
            language="en" if person.language == "en" else "sv",
        )
        await load_supplier(session, clock, settings.keys, supplier, subjects=(Subject(issuer, person.sub),))


class _Loading:
    """One transaction of booking's in which files are loaded."""

    def __init__(self, session: AsyncSession, clock: Clock, keys: BookingKeys) -> None:
        self._session = session
        self._clock = clock
        self._keys = keys

    async def project(self, file: ProjectFile) -> None:
        """Load a project and its demonstration copy, with employers and courses."""
        await load_project(self._session, self._clock, file.project)
        await self._content(file, file.project.code, _NO_SHIFT)
        shift = await self._shift(file)
        await load_project(self._session, self._clock, file.demonstration_copy(shift))
        await self._content(file, file.copy_code(), shift)

    async def _shift(self, file: ProjectFile) -> timedelta:
        """A copy that is there keeps its dates: loading it on a later day must change nothing."""
        there = await self._session.get(Project, project_id_of(file.copy_code()))
        if there is not None:
            return there.starts_on - file.project.starts_on
        return file.shift_to(legal_day(self._clock.now()))

    async def _content(self, file: ProjectFile, code: str, shift: timedelta) -> None:
        project_id = project_id_of(code)
        for entry in file.employers:
            await self._employer(entry, project_id)
        await load_catalogue(self._session, self._clock, file.catalogue(project_id, code, shift))

    async def _employer(self, entry: EmployerEntry, project_id: UUID) -> None:
        key = stable_id("employer", entry.organisation_number)
        if await self._session.get(Employer, key) is None:
            await register_employer(
                self._session,
                self._clock,
                self._keys,
                project_id,
                entry.details(),
                statement=entry.says(),
                by=None,
                employer_id=key,
            )
        elif await self._session.get(EmployerProject, (key, project_id)) is None:
            await join_project(self._session, self._clock, self._keys, key, project_id, statement=entry.says(), by=None)

    async def people(self, ready_made: ReadyMade, issuer: str, codes: set[str]) -> None:
        """Give the ready-made people their accounts and grants, in a project and in its copy."""
        for person in ready_made.people.values():
            if person.role in {None, Role.SUPPLIER} or (person.project and person.project not in codes):
                continue
            projects = [project_id_of(code) for code in _with_copy(person.project)]
            row = await self._person(person, projects)
            await bind_account(
                self._session, self._clock, row, Subject(issuer, person.sub), bound_by=BoundBy.LOADING, by=None
            )
            for grant in _grants(person, projects):
                await give_role(self._session, self._clock, row, grant, by=None)

    async def _person(self, person: ReadyMadePerson, projects: Sequence[UUID]) -> Person:
        key = stable_id("person", person.sub)
        row = await self._session.get(Person, key, with_for_update=True)
        if row is not None:
            return row
        details = PersonDetails(
            person.given_name, person.family_name, person.email, e164(person.phone), person.language
        )
        if person.role is not Role.PARTICIPANT or person.employer is None:
            return await add_person(self._session, self._clock, self._keys, details, by=None, person_id=key)
        employer = stable_id("employer", person.employer)
        today = legal_day(self._clock.now())
        first, *others = projects
        employee = Employee(details, await self._admitted_workplace(employer), today)
        row = await add_employee(
            self._session, self._clock, self._keys, first, employer, employee, by=None, person_id=key
        )
        for project_id in others:
            await start_participation(self._session, self._clock, row, project_id, starts_on=today, by=None)
        return row

    async def _admitted_workplace(self, employer: UUID) -> UUID:
        found = await self._session.exec(
            select(ProjectWorkplace.workplace_id)
            .where(col(ProjectWorkplace.employer_id) == employer)
            .order_by(col(ProjectWorkplace.workplace_id))
            .limit(1)
        )
        return found.one()


def _with_copy(code: str | None) -> tuple[str, ...]:
    return () if code is None else (code, f"{code}-demo")


def _grants(person: ReadyMadePerson, projects: Sequence[UUID]) -> list[Grant]:
    """Return what the person is given: for a buyer or employer once, otherwise for each of the projects."""
    role = person.role
    assert role is not None
    if person.buyer is not None:
        return [Grant(role, buyer_id=buyer_id(person.buyer))]
    employer = None if person.employer is None else stable_id("employer", person.employer)
    if role is Role.CONTACT:
        return [Grant(role, employer_id=employer)]
    if not projects:
        return [Grant(role)]
    return [Grant(role, project_id=project_id, employer_id=employer) for project_id in projects]
