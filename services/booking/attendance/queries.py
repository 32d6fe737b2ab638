"""Reads of attendance: a meeting's sheet, rows of a run, a booking, a project or a person, and one with its history.

A row stands for somebody and a meeting; where nothing is marked yet there is no attendance in it. Of a participant with
protected identity or who was erased no name is read out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Subquery, and_, func, or_, union
from sqlalchemy import select as select_many
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.rules import Standing, length_of, standing_of
from services.booking.attendance.tables import Attendance, AttendanceHistory, Signature
from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking, Seat
from services.booking.courses.queries import TRAINERS_OF_RUN, scope_of, trained_by
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Course, Meeting, Run
from services.booking.employers.tables import Employer
from services.booking.people.tables import Person
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import PageFilter, Rows, page_of

_ANY_CASE = "und-x-icu"
_MEETING_SCOPE: Final = f"""
    SELECT run.project_id, {TRAINERS_OF_RUN} FROM meetings AS m JOIN runs AS run ON run.id = m.run_id WHERE m.id = $1
"""  # noqa: S608 - of our own texts alone
_ATTENDANCE_SCOPE: Final = f"""
    SELECT a.project_id, {TRAINERS_OF_RUN}, a.employer_id, a.participant_id
      FROM attendances AS a JOIN meetings AS m ON m.id = a.meeting_id JOIN runs AS run ON run.id = m.run_id
     WHERE a.id = $1
"""  # noqa: S608 - of our own texts alone
# whoever has a seat of a booking that waits for approval is expected nowhere yet
_CONFIRMED = and_(col(Booking.id) == col(Seat.booking_id), col(Booking.state) == BookingState.CONFIRMED.value)


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """Somebody and a meeting, with what is marked of it; `name` is none of whoever must not be named."""

    meeting: Meeting
    run_reference: str
    course_title: str
    person_id: UUID
    name: str | None
    employer_name: str
    attendance: Attendance | None
    way: str | None

    @property
    def length(self) -> int:
        """The meeting's length in whole minutes."""
        return length_of(self.meeting.starts_at, self.meeting.ends_at)

    @property
    def minutes(self) -> int | None:
        """The minutes that are marked."""
        return None if self.attendance is None else self.attendance.minutes

    @property
    def standing(self) -> Standing:
        """How she stands with the meeting."""
        return standing_of(self.minutes, self.length)

    @property
    def lacks_signature(self) -> bool:
        """Whether there is time that is not signed for."""
        return bool(self.minutes) and self.attendance is not None and self.attendance.signed_at is None


class Shown(StrEnum):
    """Which rows are asked for."""

    UNMARKED = "unmarked"
    NO_SHOW = "no_show"
    ATTENDED = "attended"
    UNSIGNED = "unsigned"
    SIGNED = "signed"


class AttendanceSearch(ListFilter):
    """What is asked of a list of attendance."""

    shown: Shown | None = Field(default=None, description="Not marked, no-shows, attended, not signed, signed")


class AttendanceFilter(PageFilter):
    """What a program asks of a list of attendance."""

    shown: Shown | None = Field(default=None, description="Not marked, no-shows, attended, not signed, signed")

    def search(self) -> AttendanceSearch:
        """Return it as the lists take it."""
        return AttendanceSearch(after=self.after, limit=self.limit, shown=self.shown)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A participant on the sheet of a meeting."""

    person_id: UUID
    name: str | None
    employer_name: str
    seat: str
    attendance: Attendance | None


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """A meeting in the list of whoever holds it."""

    meeting: Meeting
    run_reference: str
    course_title: str
    named: int
    marked: int


def _shown_name(person: Person) -> str | None:
    hidden = person.protected or person.erased_at is not None
    return None if hidden else f"{person.given_name} {person.family_name}"


async def get_meeting(session: AsyncSession, meeting_id: UUID) -> Meeting:
    """Return the meeting; raises NotFound."""
    meeting = await session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound(N_("There is no such meeting."), code="meeting_not_found")
    return meeting


async def sheet_of(session: AsyncSession, meeting: Meeting) -> Sequence[SheetRow]:
    """Return everybody who has a named seat on the meeting's run or is marked already, by name."""
    seated = (
        select(Seat.participant_id, Seat.booking_id, Seat.number)
        .join(Booking, _CONFIRMED)
        .where(col(Seat.run_id) == meeting.run_id, col(Seat.released_at).is_(None))
        .where(col(Seat.participant_id).is_not(None))
        .subquery()
    )
    marked = select(Attendance).where(col(Attendance.meeting_id) == meeting.id).subquery()
    person_id = func.coalesce(marked.c.participant_id, seated.c.participant_id)
    booking_id = func.coalesce(marked.c.booking_id, seated.c.booking_id)
    joined = seated.join(marked, marked.c.participant_id == seated.c.participant_id, full=True)
    statement: Any = (
        select_many(Person, col(Booking.reference), seated.c.number, col(Employer.name), Attendance)
        .select_from(joined)
        .join(Person, col(Person.id) == person_id)
        .join(Booking, col(Booking.id) == booking_id)
        .join(Employer, col(Employer.id) == col(Booking.employer_id))
        .outerjoin(Attendance, col(Attendance.id) == marked.c.id)
        .order_by(col(Person.family_name), col(Person.given_name), col(Person.id))
    )
    return [
        SheetRow(person.id, _shown_name(person), employer, f"{reference}:{number or 0}", attendance)
        for person, reference, number, employer, attendance in (await session.exec(statement)).all()
    ]


async def list_meetings(
    session: AsyncSession, query: PageFilter, *, held_by: Actor, since: datetime, until: datetime | None
) -> Rows[MeetingRow]:
    """Return the meetings that one leads or holds, that end after `since` and begin before `until`, the first first."""
    named = (
        select(func.count())
        .select_from(Seat)
        .join(Booking, _CONFIRMED)
        .where(col(Seat.run_id) == col(Meeting.run_id), col(Seat.released_at).is_(None))
        .where(col(Seat.participant_id).is_not(None))
        .scalar_subquery()
    )
    marked = select(func.count()).where(col(Attendance.meeting_id) == col(Meeting.id)).scalar_subquery()
    statement: Any = (
        select_many(Meeting, col(Run.reference), col(Course.title), named, marked)
        .join(Run, col(Run.id) == col(Meeting.run_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .where(
            _held(held_by),
            col(Run.state) == RunState.SCHEDULED.value,
            col(Meeting.ends_at) > since,
        )
    )
    if until is not None:
        statement = statement.where(col(Meeting.starts_at) < until)
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Meeting.starts_at), col(Meeting.id)],
        query,
        keys=lambda row: (row[0].starts_at, row[0].id),
        descending=until is not None,
    )
    return Rows([MeetingRow(*row) for row in page.rows], page.next)


def _held(actor: Actor) -> ColumnElement[bool]:
    led, trained = (
        {grant.project_id for grant in actor.grants_of(role)} - {None} for role in (Role.PROJECT_LEAD, Role.TRAINER)
    )
    return or_(col(Run.project_id).in_(led), and_(col(Run.project_id).in_(trained), trained_by(actor.person_id)))


async def rows_of_run(session: AsyncSession, run_id: UUID, query: AttendanceSearch) -> Rows[AttendanceRow]:
    """Return every participant of the run and meeting, marked or not, by meeting and name."""
    return await _page(session, _pairs(col(Meeting.run_id) == run_id), query)


async def rows_of_booking(session: AsyncSession, booking_id: UUID, query: AttendanceSearch) -> Rows[AttendanceRow]:
    """Return the same of a booking: an employer's own people."""
    return await _page(session, _pairs(col(Booking.id) == booking_id, col(Attendance.booking_id) == booking_id), query)


async def rows_of_project(session: AsyncSession, project_id: UUID, query: AttendanceSearch) -> Rows[AttendanceRow]:
    """Return all that is marked in the project, the first meeting first."""
    marked = select(Attendance.meeting_id, Attendance.participant_id, Attendance.booking_id).where(
        col(Attendance.project_id) == project_id
    )
    return await _page(session, marked.subquery(), query)


async def unsigned_rows(session: AsyncSession, project_id: UUID, query: AttendanceSearch) -> Rows[AttendanceRow]:
    """Return the project's attended time that nobody has signed for, the first meeting first."""
    unsigned = (
        select(Attendance.meeting_id, Attendance.participant_id, Attendance.booking_id)
        .where(col(Attendance.project_id) == project_id, col(Attendance.minutes) > 0)
        .where(col(Attendance.signed_at).is_(None))
    )
    return await _page(session, unsigned.subquery(), query)


async def rows_of_person(session: AsyncSession, person_id: UUID, query: AttendanceSearch) -> Rows[AttendanceRow]:
    """Return the person's own: every meeting that she has a seat on or is marked at, the last first."""
    pairs = _pairs(col(Seat.participant_id) == person_id, col(Attendance.participant_id) == person_id)
    return await _page(session, pairs, query, descending=True)


async def find_row(session: AsyncSession, meeting_id: UUID, person_id: UUID) -> AttendanceRow | None:
    """Return somebody's row of a meeting; None where she has neither a seat nor a mark."""
    pairs = _pairs(
        and_(col(Meeting.id) == meeting_id, col(Seat.participant_id) == person_id),
        and_(col(Attendance.meeting_id) == meeting_id, col(Attendance.participant_id) == person_id),
    )
    found = await _page(session, pairs, AttendanceSearch(limit=1))
    return found.rows[0] if found.rows else None


def _pairs(seats: ColumnElement[bool], marks: ColumnElement[bool] | None = None) -> Subquery:
    """Return who is to be at which meeting by a seat, and who is marked at one whatever became of her seat."""
    by_seat = (
        select(Meeting.id, Seat.participant_id, Seat.booking_id)
        .join(Seat, col(Seat.run_id) == col(Meeting.run_id))
        .join(Booking, _CONFIRMED)
        .join(Run, col(Run.id) == col(Meeting.run_id))
        .where(seats, col(Seat.released_at).is_(None), col(Seat.participant_id).is_not(None))
        .where(col(Run.state) == RunState.SCHEDULED.value)
    )
    by_mark = select(Attendance.meeting_id, Attendance.participant_id, Attendance.booking_id).join(
        Meeting, col(Meeting.id) == col(Attendance.meeting_id)
    )
    return union(by_seat, by_mark.where(seats if marks is None else marks)).subquery()


async def _page(
    session: AsyncSession,
    pair: Subquery,
    query: AttendanceSearch,
    *,
    descending: bool = False,
) -> Rows[AttendanceRow]:
    meeting_id, participant_id, booking_id = pair.c
    statement: Any = (
        select_many(
            Meeting,
            col(Run.reference),
            col(Course.title),
            Person,
            col(Employer.name),
            Attendance,
            col(Signature.way),
        )
        .select_from(pair)
        .join(Meeting, col(Meeting.id) == meeting_id)
        .join(Run, col(Run.id) == col(Meeting.run_id))
        .join(Course, col(Course.id) == col(Run.course_id))
        .join(Person, col(Person.id) == participant_id)
        .outerjoin(
            Attendance,
            and_(col(Attendance.meeting_id) == meeting_id, col(Attendance.participant_id) == participant_id),
        )
        # whoever changed bookings after she was marked is shown with the booking that she was marked by
        .join(Booking, col(Booking.id) == func.coalesce(col(Attendance.booking_id), booking_id))
        .join(Employer, col(Employer.id) == col(Booking.employer_id))
        .outerjoin(
            Signature, and_(col(Signature.attendance_id) == col(Attendance.id), col(Signature.replaced_at).is_(None))
        )
        .where(or_(col(Attendance.id).is_(None), col(Attendance.booking_id) == booking_id), *_asked(query))
    )
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Meeting.starts_at), col(Person.family_name), col(Person.id), col(Meeting.id)],
        query,
        keys=lambda row: (row[0].starts_at, row[3].family_name, row[3].id, row[0].id),
        descending=descending,
    )
    return Rows([_row(row) for row in page.rows], page.next)


def _asked(query: AttendanceSearch) -> list[ColumnElement[bool]]:
    minutes = col(Attendance.minutes)
    conditions: dict[Shown | None, list[ColumnElement[bool]]] = {
        None: [],
        Shown.UNMARKED: [col(Attendance.id).is_(None)],
        Shown.NO_SHOW: [minutes == 0],
        Shown.ATTENDED: [minutes > 0],
        Shown.UNSIGNED: [minutes > 0, col(Attendance.signed_at).is_(None)],
        Shown.SIGNED: [col(Attendance.signed_at).is_not(None)],
    }
    asked = list(conditions[query.shown])
    for word in (query.q or "").split()[:8]:
        name = col(Person.given_name).collate(_ANY_CASE) + " " + col(Person.family_name)
        named = and_(
            name.icontains(word, autoescape=True),
            col(Person.protected).is_(False),
            col(Person.erased_at).is_(None),
        )
        of_employer = col(Employer.name).collate(_ANY_CASE).icontains(word, autoescape=True)
        in_title = col(Course.title).collate(_ANY_CASE).icontains(word, autoescape=True)
        asked.append(or_(named, of_employer, in_title))
    return asked


def _row(row: Any) -> AttendanceRow:  # noqa: ANN401 - a row of the statement above
    meeting, reference, title, person, employer, attendance, way = row
    return AttendanceRow(meeting, reference, title, person.id, _shown_name(person), employer, attendance, way)


async def get_attendance(session: AsyncSession, attendance_id: UUID) -> Attendance:
    """Return somebody's attendance; raises NotFound."""
    row = await session.get(Attendance, attendance_id)
    if row is None:
        raise NotFound(N_("There is no such attendance."), code="attendance_not_found")
    return row


async def get_row(session: AsyncSession, attendance_id: UUID) -> AttendanceRow:
    """Return the row of an attendance; raises NotFound."""
    attendance = await get_attendance(session, attendance_id)
    row = await find_row(session, attendance.meeting_id, attendance.participant_id)
    if row is None:
        raise AssertionError("an attendance without its row")
    return row


async def signatures_of(session: AsyncSession, attendance_id: UUID) -> Sequence[Signature]:
    """Return every signature, those that count no more among them, the last first."""
    statement = select(Signature).where(col(Signature.attendance_id) == attendance_id)
    return (await session.exec(statement.order_by(col(Signature.at).desc(), col(Signature.id).desc()))).all()


async def attendance_history(session: AsyncSession, attendance_id: UUID) -> Sequence[AttendanceHistory]:
    """Return what has happened, the first first."""
    statement = select(AttendanceHistory).where(col(AttendanceHistory.attendance_id) == attendance_id)
    return (await session.exec(statement.order_by(col(AttendanceHistory.id)))).all()


async def find_meeting_scope(session: AsyncSession, meeting_id: UUID) -> Scope | None:
    """Return whose a meeting is, and which trainers alone reach it where its run names any."""
    return scope_of(await rows_of(session, _MEETING_SCOPE, meeting_id))


async def find_attendance_scope(session: AsyncSession, attendance_id: UUID) -> Scope | None:
    """Return whose an attendance is, and which trainers alone reach it where its run names any."""
    found = await rows_of(session, _ATTENDANCE_SCOPE, attendance_id)
    if not found:
        return None
    project_id, named, employer_id, person_id = found[0]
    return Scope(
        projects=frozenset({project_id}),
        employers=frozenset({employer_id}),
        persons=frozenset({person_id}),
        trainers=frozenset(named) if named else None,
    )
