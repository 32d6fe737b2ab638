"""Plain factories for what is offered and booked: a project with a buyer, employers with people, courses and runs."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.commands import add_course
from services.booking.courses.rules import CourseKind, CoursePlan, MeetingPlan, Mode, RunPlan
from services.booking.courses.tables import Run
from services.booking.employers.rules import Membership
from services.booking.employers.tables import (
    Employer,
    EmployerProject,
    Employment,
    ProjectWorkplace,
    Undertaking,
    Workplace,
)
from services.booking.keys import Keys
from services.booking.people.tables import Participation, Person, RoleGrant
from services.booking.projects.tables import FundProgramme, Project, ProjectBuyer
from services.booking.seats.commands import schedule_run_with_pools
from shared.contracts.booking import KeptSeats
from shared.contracts.facts import Fact
from shared.contracts.registry import message_class
from shared.db import Database
from shared.kernel.clock import Clock, FixedClock
from shared.kernel.ids import new_id
from shared.kernel.roles import Role

MONDAY_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
IN_TWO_WEEKS = MONDAY_MORNING + timedelta(days=14)
TODAY = date(2026, 11, 23)
A_KEYS = Keys.derive(b"a root key for what is offered....")
_OWN_OUTBOX = "SELECT type, payload FROM outbox WHERE xmin = pg_current_xact_id()::xid ORDER BY id"


@dataclass(frozen=True)
class AProject:
    """A project and in whose name it buys."""

    id: UUID
    buyers: tuple[UUID, ...]


@dataclass(frozen=True)
class AnEmployer:
    """An employer in a project, with a contact and people who work for it."""

    id: UUID
    project_id: UUID
    workplace_id: UUID
    contact: UUID
    people: tuple[UUID, ...]


def a_clock(now: datetime = MONDAY_MORNING) -> FixedClock:
    return FixedClock(now)


async def a_project(
    session: AsyncSession,
    *,
    buyers: int = 1,
    free_cancellation_days: int = 7,
    **settings: Any,  # noqa: ANN401 - any setting of it
) -> AProject:
    programme = FundProgramme(id=new_id(), code=f"p-{new_id()}", name="ESF+", starts_on=TODAY, ends_on=TODAY)
    session.add(programme)
    await session.flush()
    project = Project(
        id=new_id(),
        code=f"project-{new_id()}",
        name="Lyftkraft",
        summary="Kurser",
        programme_id=programme.id,
        owner_name="Region Dalarna",
        starts_on=date(2026, 1, 1),
        who_may_join="Företag i länet",
        eligibility={},
        described={
            "tracks": [],
            "ways": [],
            "partners": [],
            "principles": [],
            "reached": [],
            "public_record": {},
        },
        aid_basis="none",
        hour_rounding="exact",
        queue_passes=3,
        free_cancellation_days=free_cancellation_days,
        offer_hours=48,
        reminder_days=1,
        demonstration=False,
        content=b"",
        version=1,
        created_at=MONDAY_MORNING,
        **settings,
    )
    session.add(project)
    await session.flush()
    found = [new_id() for _ in range(buyers)]
    session.add_all(
        ProjectBuyer(
            project_id=project.id,
            buyer_id=buyer,
            name="Region Dalarna",
            organisation_number=f"232100-{number:04d}",
            kind="municipality_or_region",
        )
        for number, buyer in enumerate(found)
    )
    await session.flush()
    return AProject(project.id, tuple(found))


async def a_person(session: AsyncSession, *, name: str = "Anna", protected: bool = False) -> UUID:
    person = Person(given_name=name, family_name="Berg", protected=protected, created_at=MONDAY_MORNING)
    session.add(person)
    await session.flush()
    return person.id


async def a_grant(session: AsyncSession, person: UUID, role: Role, **held_for: Any) -> None:  # noqa: ANN401 - any field of it
    session.add(RoleGrant(person_id=person, role=role.value, granted_at=MONDAY_MORNING, **held_for))
    await session.flush()


async def an_employer(
    session: AsyncSession, project: AProject, *, people: int = 4, group: str | None = None
) -> AnEmployer:
    undertaking = Undertaking(
        group_name=group, employees=20, turnover="small", balance="small", size="small", stated_on=TODAY
    )
    session.add(undertaking)
    await session.flush()
    employer_id = new_id()
    session.add(
        Employer(
            id=employer_id,
            name="Verkstaden AB",
            kind="company",
            organisation_number=f"556-{employer_id}",
            number_hash=hashlib.sha256(employer_id.bytes).digest(),
            undertaking_id=undertaking.id,
            registered_at=MONDAY_MORNING,
        )
    )
    await session.flush()
    workplace = Workplace(employer_id=employer_id, name="Falun", municipality="2080")
    part = EmployerProject(
        employer_id=employer_id,
        project_id=project.id,
        membership=Membership.JOINED.value,
        size_at_entry="small",
        joined_on=TODAY,
    )
    session.add_all([workplace, part])
    await session.flush()
    session.add(
        ProjectWorkplace(project_id=project.id, workplace_id=workplace.id, employer_id=employer_id, decided_on=TODAY)
    )
    contact = await a_person(session, name="Kim")
    await a_grant(session, contact, Role.CONTACT, employer_id=employer_id)
    employees = tuple([await an_employee(session, project.id, workplace.id) for _ in range(people)])
    return AnEmployer(employer_id, project.id, workplace.id, contact, employees)


async def an_employee(session: AsyncSession, project_id: UUID, workplace_id: UUID, **facts: Any) -> UUID:  # noqa: ANN401 - any field of it
    person = await a_person(session, **facts)
    session.add(Employment(person_id=person, workplace_id=workplace_id, starts_on=TODAY))
    session.add(
        Participation(
            person_id=person,
            project_id=project_id,
            starts_on=TODAY,
            status_at_entry="employed",
            education_at_entry="unknown",
            reportable=False,
        )
    )
    await session.flush()
    return person


def a_meeting(starts_at: datetime = IN_TWO_WEEKS, *, hours: int = 3, **changes: Any) -> MeetingPlan:  # noqa: ANN401 - any field of it
    given = {"mode": Mode.PHYSICAL, "place": "Magasinet, Falun"} | changes
    return MeetingPlan(starts_at, starts_at + timedelta(hours=hours), **given)


def a_plan(*, capacity: int = 12, meetings: tuple[MeetingPlan, ...] = (), **changes: Any) -> RunPlan:  # noqa: ANN401 - any field of it
    given = {"municipality": "2080"} | changes
    return RunPlan(capacity=capacity, meetings=meetings or (a_meeting(),), **given)


async def a_run(
    session: AsyncSession,
    project: AProject,
    *,
    clock: Clock | None = None,
    plan: RunPlan | None = None,
    kept: dict[UUID, int] | None = None,
) -> Run:
    clock = clock or a_clock()
    course = await add_course(
        session, clock, project_id=project.id, plan=CoursePlan("Svetsning", "Grunder", CourseKind.OPEN)
    )
    held = [KeptSeats(employer_id=employer, seats=seats, request_id=None) for employer, seats in (kept or {}).items()]
    return await schedule_run_with_pools(session, clock, course=course, plan=plan or a_plan(), kept=held)


async def told(session: AsyncSession) -> list[Fact]:
    """Return the facts that this transaction would tell, in order."""
    connection = await session.connection()
    rows = (await connection.execute(text(_OWN_OUTBOX))).all()
    facts = []
    for kind, payload in rows:
        message = message_class(kind)
        assert message is not None
        fact = message.model_validate_json(payload)
        if isinstance(fact, Fact):
            facts.append(fact)
    return facts


def parts(fact: Any) -> set[tuple[str, UUID]]:  # noqa: ANN401 - any fact with recipients
    """Return who is told by a fact, and in what capacity."""
    return {(recipient.part, recipient.id) for recipient in fact.recipients}


async def seats_agree(database: Database, run: Run) -> None:
    """Assert that a run's pools say what is so: taken is what bookings have and open offers hold, within capacity.

    And that the open one counts those who wait, whose places are 1, 2, 3 and so on.
    """
    query = text(
        "WITH held AS ("
        "  SELECT p.id, p.capacity, p.taken,"
        "         (SELECT count(*) FROM seats s WHERE s.pool_id = p.id AND s.released_at IS NULL)"
        "         + (SELECT coalesce(sum(CASE WHEN p.holder_id IS NULL THEN o.open ELSE o.kept END), 0)"
        "              FROM seat_offers o JOIN waiting_entries e ON e.id = o.entry_id"
        "             WHERE o.run_id = p.run_id AND o.state = 'open'"
        "               AND (p.holder_id IS NULL OR p.holder_id = e.employer_id)) AS claimed"
        "    FROM seat_pools p WHERE p.run_id = :run_id)"
        " SELECT id FROM held WHERE taken <> claimed OR claimed > capacity"
        " UNION ALL SELECT p.id FROM seat_pools p WHERE p.run_id = :run_id AND p.waiting <>"
        "   (SELECT count(*) FROM waiting_entries e"
        "     WHERE e.run_id = p.run_id AND e.state = 'waiting' AND p.holder_id IS NULL)"
        " UNION ALL SELECT e.id FROM"
        "   (SELECT e.id, e.place, row_number() OVER (ORDER BY e.place) AS number FROM waiting_entries e"
        "     WHERE e.run_id = :run_id AND e.state = 'waiting') e WHERE e.place <> e.number"
    )
    async with database.engine.connect() as connection:
        wrong = (await connection.execute(query, {"run_id": run.id})).all()
    assert not wrong
