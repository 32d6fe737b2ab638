"""Plain factories for a meeting that is held: a run, its people, and clocks by the meeting's own time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.tables import Attendance
from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.tables import Booking
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Meeting, Run
from shared.kernel.clock import FixedClock
from shared.kernel.personal_links import PersonalLinks
from tests.services.booking.offered import AnEmployer, AProject, a_clock, a_project, a_run, an_employer

LINKS = PersonalLinks.derive(b"links of the tests")
LENGTH = 180


@dataclass(frozen=True)
class Held:
    """A meeting of three hours on which the employer's people have seats."""

    project: AProject
    employer: AnEmployer
    run: Run
    meeting: Meeting
    booking: Booking
    people: tuple[UUID, ...]

    def after(self, minutes: float) -> FixedClock:
        """Return a clock so many minutes after the meeting has begun."""
        return a_clock(self.at(minutes))

    def at(self, minutes: float) -> datetime:
        """Return the instant so many minutes after the meeting has begun."""
        return self.meeting.starts_at + timedelta(minutes=minutes)


async def a_held_meeting(session: AsyncSession, *, people: int = 3, project: AProject | None = None) -> Held:
    project = project or await a_project(session)
    employer = await an_employer(session, project, people=people)
    run = await a_run(session, project)
    order = Order(project.id, employer.id, run.id, people, employer.people)
    booking = await book_seats(session, a_clock(), order)
    meeting = (await meetings_of(session, run.id))[0]
    return Held(project, employer, run, meeting, booking, employer.people)


async def attendance_of(session: AsyncSession, held: Held, person: UUID) -> Attendance:
    statement = select(Attendance).where(
        col(Attendance.meeting_id) == held.meeting.id, col(Attendance.participant_id) == person
    )
    return (await session.exec(statement.execution_options(populate_existing=True))).one()
