"""Writing what is drawn, by booking's own commands: each thing at the time at which it would have happened.

Several transactions at once, each of a few things. Who is broken off leaves what is written; all of it is whole.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.seeding.answering import answered
from deploy.seeding.drawing import NoRoomError, draw, organisation_numbers
from deploy.seeding.drawn import Attended, Days, Drawn, DrawnEmployer, DrawnPerson, DrawnRun, DrawnWishes, Group, Wanted
from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.rules import length_of
from services.booking.attendance.signing import sign_attendance
from services.booking.attendance.tables import Attendance
from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.commands import add_course
from services.booking.courses.queries import meetings_of
from services.booking.courses.rules import CourseKind, CoursePlan
from services.booking.courses.tables import Course, Meeting, Run
from services.booking.employers.commands import find_by_number
from services.booking.employers.employments import Employee, add_employee
from services.booking.employers.registration import register_employer
from services.booking.employers.tables import EmployerProject, ProjectWorkplace
from services.booking.keys import Keys
from services.booking.needs.commands import add_need, write_survey
from services.booking.people.grants import give_role
from services.booking.projects.rules import EligibilityRules, SigningWay
from services.booking.projects.tables import Project
from services.booking.requests.commands import draft_request, submit_request
from services.booking.seats.commands import schedule_run_with_pools
from services.booking.seats.waiting import Wish
from services.booking.settings import BookingSettings
from services.booking.waiting.commands import join_queue
from shared.db import Database, open_database
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock, FixedClock
from shared.kernel.grants import Grant
from shared.kernel.roles import Role

Tell = Callable[[str, int, int], None]
"""Told as it goes: of what, how many are done, of how many."""
Each = TypeVar("Each")

_IN_ONE, _AT_ONCE = 20, 3  # things in a transaction, transactions at once
_LONGEST_PAST: Final = timedelta(days=240)
_SIGNED_AFTER: Final = timedelta(hours=3)


class CannotSeed(Exception):  # noqa: N818 - said as it is, to a person
    """There is nothing that could be filled so; the message says why, and what to do."""


async def fill(settings: BookingSettings, clock: Clock, code: str, wanted: Wanted, number: int, tell: Tell) -> Drawn:
    """Fill the project of this code with what the number draws; raises CannotSeed before anything is written.

    An embedded system's alone: what is invented does not belong among real employers.
    """
    if not settings.is_embedded:
        raise CannotSeed("Invented employers and people are for an embedded system alone; this one is not.")
    keys, now = Keys.derive(settings.secret_key), clock.now()
    database = open_database(settings.database_url.get_secret_value(), name="kurslots-booking-seeding")
    try:
        async with database.sessions() as session:
            project = await _project(session, code, legal_day(now))
            if await find_by_number(session, keys, next(organisation_numbers(number))) is not None:
                raise CannotSeed(f"What --seed {number} draws is here already. Give another number.")
            members = await _members(session, project.id)
        last = project.ends_on or legal_day(now + _LONGEST_PAST)
        days = Days(max(project.starts_on, legal_day(now - _LONGEST_PAST)), now, last)
        try:
            drawn = draw(
                number, wanted, EligibilityRules.model_validate(project.eligibility), days, members=len(members)
            )
        except NoRoomError as error:
            raise CannotSeed(f"Nobody could be invented who may join {code!r}: {error}.") from error
        await _Filling(database, keys, days, project, members, tell).all(drawn)
        return drawn
    finally:
        await database.close()


async def _project(session: AsyncSession, code: str, today: date) -> Project:
    project = (await session.exec(select(Project).where(col(Project.code) == code))).one_or_none()
    if project is None:
        known = ", ".join(await session.exec(select(Project.code).order_by(col(Project.code))))
        raise CannotSeed(f"There is no project {code!r} here. Load it first, or choose one of: {known or 'none'}.")
    if not project.starts_on < today < (project.ends_on or date.max):
        raise CannotSeed(
            f"The project {code!r} does not go on today ({project.starts_on} to {project.ends_on}), so nobody could"
            " book. Choose its demonstration copy, or another project."
        )
    return project


async def _members(session: AsyncSession, project_id: UUID) -> Sequence[tuple[UUID, UUID]]:
    """Return the employers that take part already, each with one of its workplaces."""
    statement = (
        select(ProjectWorkplace.employer_id, ProjectWorkplace.workplace_id)
        .join(EmployerProject, col(EmployerProject.employer_id) == col(ProjectWorkplace.employer_id))
        .where(col(ProjectWorkplace.project_id) == project_id, col(EmployerProject.project_id) == project_id)
        .ext(distinct_on(col(ProjectWorkplace.employer_id)))
        .order_by(col(ProjectWorkplace.employer_id), col(ProjectWorkplace.workplace_id))
    )
    return (await session.exec(statement)).all()


class _Filling:
    """The ids of what is written, by place; each is known before anybody means it."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        days: Days,
        project: Project,
        members: Sequence[tuple[UUID, UUID]],
        tell: Tell,
    ) -> None:
        self._database, self._keys, self._days, self._tell = database, keys, days, tell
        self._project_id = project.id
        self._signs_by_link = SigningWay.LINK in project.signing_ways
        self._employers = dict(enumerate(members))
        self._people: dict[int, UUID] = {}
        self._courses: list[UUID] = []

    async def all(self, drawn: Drawn) -> None:
        new = list(enumerate(drawn.employers, drawn.members))
        await self._each("Employers", new, self._employer)
        contacts = [each for each in enumerate(drawn.persons) if each[1].is_contact]
        await self._each("Contacts", contacts, self._person)
        others = [each for each in enumerate(drawn.persons) if not each[1].is_contact]
        await self._each("People", others, self._person)
        await self._each("Needs and requests", drawn.wishes, self._wish(drawn))
        async with self._writing() as session:
            self._courses = [await self._course(session, *course) for course in drawn.courses]
        await self._each("Runs with bookings and attendance", drawn.runs, self._run, in_one=1)

    async def _each(
        self,
        of: str,
        things: Sequence[Each],
        write: Callable[[AsyncSession, Each], Awaitable[None]],
        *,
        in_one: int = _IN_ONE,
    ) -> None:
        """Write all of the things, some in each transaction, several transactions at once."""
        batches = iter([things[first : first + in_one] for first in range(0, len(things), in_one)])
        done = 0

        async def work() -> None:
            nonlocal done
            for batch in batches:
                async with self._writing() as session:
                    for thing in batch:
                        await write(session, thing)
                done += len(batch)
                self._tell(of, done, len(things))

        self._tell(of, 0, len(things))
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        async with self._database.sessions() as session, session.begin():
            yield session

    async def _employer(self, session: AsyncSession, numbered: tuple[int, DrawnEmployer]) -> None:
        place, drawn = numbered
        employer = await register_employer(
            session,
            FixedClock(drawn.at),
            self._keys,
            self._project_id,
            drawn.details,
            statement=drawn.statement,
            by=None,
        )
        workplaces = select(ProjectWorkplace.workplace_id).where(col(ProjectWorkplace.employer_id) == employer.id)
        self._employers[place] = employer.id, (await session.exec(workplaces)).one()

    async def _person(self, session: AsyncSession, numbered: tuple[int, DrawnPerson]) -> None:
        place, drawn = numbered
        employer_id, workplace_id = self._employers[drawn.employer]
        clock = FixedClock(self._days.now)
        employee = Employee(drawn.details, workplace_id, self._days.first)
        person = await add_employee(session, clock, self._keys, self._project_id, employer_id, employee, by=None)
        if drawn.is_contact:
            await give_role(session, clock, person, Grant(Role.CONTACT, employer_id=employer_id), by=None)
        self._people[place] = person.id

    def _wish(self, drawn: Drawn) -> Callable[[AsyncSession, DrawnWishes], Awaitable[None]]:
        async def write(session: AsyncSession, wishes: DrawnWishes) -> None:
            employer_id, _ = self._employers[drawn.persons[wishes.contact].employer]
            by = self._people[wishes.contact]
            if wishes.survey is not None:
                clock = FixedClock(wishes.surveyed_at)
                survey = await answered(session, self._project_id, wishes.survey)
                _, plan = await write_survey(
                    session, clock, self._project_id, employer_id, survey, workplace_id=None, by=by
                )
                for need in wishes.needs:
                    await add_need(session, clock, plan.id, need, by=by)
            if wishes.request is not None:
                clock = FixedClock(wishes.requested_at)
                request = await draft_request(
                    session, clock, wishes.request, project_id=self._project_id, employer_id=employer_id, by=by
                )
                await submit_request(session, clock, request.id, by=by)

        return write

    async def _course(self, session: AsyncSession, area: str, title: str) -> UUID:
        plan = CoursePlan(title, f"{title}: en kurs som företag delar.", CourseKind.OPEN, area=area)
        course = await add_course(session, FixedClock(self._days.now), project_id=self._project_id, plan=plan)
        return course.id

    async def _run(self, session: AsyncSession, drawn: DrawnRun) -> None:
        course = await session.get_one(Course, self._courses[drawn.course])
        # scheduled as of now, so that nobody is reminded of a meeting that is over
        run = await schedule_run_with_pools(session, FixedClock(self._days.now), course=course, plan=drawn.plan)
        for group in drawn.booked:
            await self._book(session, run, group)
        for group in drawn.waiting:
            employer_id, _ = self._employers[group.employer]
            wish = Wish(self._project_id, employer_id, run.id, group.seats, group.seats)
            await join_queue(session, FixedClock(group.at), wish, by=self._people[group.contact])
        if drawn.attended:
            for meeting, attended in zip(await meetings_of(session, run.id), drawn.attended, strict=True):
                await self._attend(session, meeting, attended)

    async def _book(self, session: AsyncSession, run: Run, group: Group) -> None:
        employer_id, _ = self._employers[group.employer]
        people = tuple(self._people[place] for place in group.people)
        order = Order(self._project_id, employer_id, run.id, group.seats, people)
        await book_seats(session, FixedClock(group.at), order, by=self._people[group.contact])

    async def _attend(self, session: AsyncSession, meeting: Meeting, attended: Sequence[Attended]) -> None:
        length = length_of(meeting.starts_at, meeting.ends_at)
        minutes = {self._people[each.person]: int(length * each.share) for each in attended}
        marks = [Mark(person, minutes[person]) for person in minutes]
        await mark_meeting(session, FixedClock(meeting.ends_at), meeting.id, marks, by=None)
        if not self._signs_by_link:
            return
        clock = FixedClock(meeting.ends_at + _SIGNED_AFTER)
        rows = select(Attendance.participant_id, Attendance.id).where(col(Attendance.meeting_id) == meeting.id)
        of_person = dict((await session.exec(rows)).all())
        for person in (self._people[each.person] for each in attended if each.signs):
            await sign_attendance(session, clock, of_person[person], person_id=person, minutes=minutes[person])
