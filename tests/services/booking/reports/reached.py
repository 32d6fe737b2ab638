"""A project that has reached something of everything that results tell, of two employers in two places."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import meetings_of
from services.booking.employers.tables import Workplace
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import Person
from services.booking.proof.tables import OutsideCourse
from services.booking.seats.tables import WaitingEntry
from shared.kernel.clock import Clock
from shared.kernel.ids import new_id
from tests.services.booking.offered import AnEmployer, AProject, a_clock, a_meeting, a_plan, a_run, an_employer


@dataclass(frozen=True)
class Reached:
    """The two employers: one of Falun in manufacturing, one of Mora whose sector is not known."""

    falun: AnEmployer
    mora: AnEmployer


async def something_reached(session: AsyncSession, project: AProject, clock: Clock | None = None) -> Reached:
    clock = clock or a_clock()
    falun, mora = [await an_employer(session, project) for _ in range(2)]
    workshop = await session.get_one(Workplace, falun.workplace_id)
    workshop.sni, workshop.sni_version = "25.620", "2007"
    (await session.get_one(Workplace, mora.workplace_id)).municipality = "2062"
    known = zip((*falun.people, *mora.people[:2]), ("woman", "woman", "man", "man", "woman", "man"), strict=True)
    for number, (person_id, gender) in enumerate(known):
        person = await session.get_one(Person, person_id)
        person.number_kind, person.number_sealed, person.number_hash = "personal", b"sealed", person_id.bytes
        person.gender, person.birth_year = gender, 1960 + 10 * number
    start = clock.now() + timedelta(days=14)
    days = (a_meeting(start, hours=3), a_meeting(start + timedelta(days=40), hours=2))
    first = await a_run(session, project, clock=clock, plan=a_plan(meetings=days))
    second = await a_run(session, project, clock=clock, plan=a_plan(meetings=(a_meeting(start + timedelta(days=1)),)))
    await book_seats(session, clock, Order(project.id, falun.id, first.id, 5, falun.people))
    await book_seats(session, clock, Order(project.id, mora.id, first.id, 2, mora.people[:2]))
    await book_seats(session, clock, Order(project.id, mora.id, second.id, 3, (mora.people[0], mora.people[3])))
    (meeting, _later) = await meetings_of(session, first.id)
    minutes = dict(zip((*falun.people, *mora.people[:2]), (0, 59, 61, 180, 180, 0), strict=True))
    marks = [Mark(person, many) for person, many in minutes.items()]
    await mark_meeting(session, a_clock(meeting.starts_at), meeting.id, marks, by=None)
    session.add(
        WaitingEntry(
            project_id=project.id,
            employer_id=mora.id,
            run_id=second.id,
            state="waiting",
            turn="ordinary",
            seats=3,
            least=3,
            joined_at=clock.now(),
            place=1,
        )
    )
    for state, length in (("accepted", 90), ("entered", 600)):
        session.add(
            OutsideCourse(
                project_id=project.id,
                employer_id=falun.id,
                participant_id=falun.people[0],
                title=f"Högskolekurs {length}",
                provider="Högskolan Dalarna",
                provider_kind="university",
                starts_on=date(2026, 10, 5),
                ends_on=date(2026, 11, 5),
                minutes=length,
                state=state,
                entered_by=falun.contact,
                entered_at=clock.now(),
                decided_by=None if state == "entered" else falun.contact,
                decided_at=None if state == "entered" else clock.now(),
            )
        )
    await _needs(session, falun, ("nothing", "outside", "set_aside"))
    await session.flush()
    return Reached(falun, mora)


async def _needs(session: AsyncSession, employer: AnEmployer, ways: tuple[str, ...]) -> None:
    survey = NeedSurvey(
        project_id=employer.project_id,
        employer_id=employer.id,
        made_on=date(2026, 10, 5),
        took_part="Ledningen",
        findings="Mycket",
        written_by=employer.contact,
        written_at=a_clock().now(),
    )
    session.add(survey)
    await session.flush()
    plan = TrainingPlan(survey_id=survey.id)
    session.add(plan)
    await session.flush()
    for way in ways:
        await a_need(session, plan.id, way)


async def a_need(session: AsyncSession, plan_id: UUID, way: str) -> UUID:
    need = Need(
        id=new_id(),
        plan_id=plan_id,
        title="Svetsning",
        target_group="Svetsare",
        persons=4,
        minutes=480,
        priority="high",
        met_by=way,
        met_note="sagt" if way in ("outside", "set_aside") else None,
    )
    session.add(need)
    await session.flush()
    return need.id
