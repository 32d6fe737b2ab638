"""Marking who was at a meeting, from its beginning on: by whoever holds it, or by a code at the door.

Locked are the run (shared, as for a booking) and the meeting, so that two who mark at once come one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.door import is_shown
from services.booking.attendance.rules import (
    Asked,
    Source,
    asked_at,
    check_at_the_door,
    check_begun,
    check_minutes,
    length_of,
    minutes_from,
    standing_of,
)
from services.booking.attendance.tables import Attendance
from services.booking.attendance.writing import find_signature, happened, lock_attendance, told
from services.booking.base import locked
from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking, Seat
from services.booking.courses.commands import lock_run
from services.booking.courses.rules import RUN, RunState
from services.booking.courses.tables import Meeting
from services.booking.keys import Keys
from shared.contracts.booking import AttendanceCorrected, AttendanceRecorded
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, KurslotsError, NotFound, Refused, Several
from shared.kernel.ids import new_id
from shared.kernel.texts import N_
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Mark:
    """So many minutes of somebody; `field` is where it was typed."""

    person_id: UUID
    minutes: int
    field: str = "marks"


async def mark_meeting(
    session: AsyncSession, clock: Clock, meeting_id: UUID, marks: Sequence[Mark], *, by: UUID | None
) -> int:
    """Mark how long each was there, all or none; return how many are other than before. The same again changes nothing.

    Raises Refused before the meeting begins, Conflict where its run is called off, Several with each mark that cannot
    stand: more minutes than the meeting has, nobody with a seat, or a signed one that is to be corrected with a reason.
    """
    meeting = await _lock_meeting(session, meeting_id)
    now = clock.now()
    check_begun(meeting.starts_at, now)
    return await _write(session, meeting, marks, now, by=by, source=Source.TRAINER)


async def arrive(
    session: AsyncSession, clock: Clock, keys: Keys, meeting_id: UUID, person_id: UUID, code: str
) -> Attendance:
    """Register that somebody with a seat has come, by the code that is shown in the room; coming twice changes nothing.

    Raises Refused outside the meeting's time, InvalidInput for a code that is not shown now or for nobody with a seat.
    """
    meeting = await _lock_meeting(session, meeting_id)
    now = clock.now()
    check_at_the_door(meeting.starts_at, meeting.ends_at, now)
    if not is_shown(keys, meeting_id, code, now):
        raise InvalidInput(
            N_("This is not the code that is shown now. Read it again: it changes every few minutes."),
            code="door_code_wrong",
            field="code",
        )
    known = await _attendances(session, meeting_id, [person_id])
    if person_id not in known:
        minutes = minutes_from(now, meeting.starts_at, meeting.ends_at)
        mark = Mark(person_id, minutes, "code")
        await _write(session, meeting, [mark], now, by=person_id, source=Source.DOOR)
        known = await _attendances(session, meeting_id, [person_id])
    return known[person_id]


async def correct_attendance(
    session: AsyncSession, clock: Clock, attendance_id: UUID, minutes: int, *, reason: str, by: UUID
) -> Attendance:
    """Give other minutes than were told before. A signature of the earlier ones is kept and counts no more.

    Raises Refused where nothing is new, InvalidInput for more minutes than the meeting has.
    """
    found = await lock_attendance(session, attendance_id)
    now = clock.now()
    check_minutes(minutes, found.length)
    if minutes == found.attendance.minutes:
        raise Refused(N_("The time is what is noted already. Change it first."), code="attendance_unchanged")
    await _correct(session, found.attendance, found.meeting, minutes, now, by=by, reason=reason)
    return found.attendance


async def _lock_meeting(session: AsyncSession, meeting_id: UUID) -> Meeting:
    meeting = await session.get(Meeting, meeting_id)
    if meeting is not None:
        run = await lock_run(session, meeting.run_id, shared=True)
        RUN.check(RunState(run.state), RunState.SCHEDULED)
        meeting = await locked(session, Meeting, meeting_id)
    if meeting is None:
        raise NotFound(N_("There is no such meeting."), code="meeting_not_found")
    return meeting


async def _write(
    session: AsyncSession, meeting: Meeting, marks: Sequence[Mark], now: datetime, *, by: UUID | None, source: Source
) -> int:
    length = length_of(meeting.starts_at, meeting.ends_at)
    people = [mark.person_id for mark in marks]
    seats = await _seats(session, meeting.run_id, people)
    known = await _attendances(session, meeting.id, people)
    errors = [error for mark in marks if (error := _wrong_with(mark, length, seats, known)) is not None]
    if len(set(people)) != len(people):
        errors.append(InvalidInput(N_("Somebody is marked twice."), code="marked_twice", field="marks"))
    if errors:
        raise Several(errors)
    changed = 0
    for mark in sorted(marks, key=lambda each: each.person_id):
        row = known.get(mark.person_id)
        if row is None:
            await _add(session, meeting, seats[mark.person_id], mark, now, by=by, source=source)
        elif row.minutes != mark.minutes:
            await _correct(session, row, meeting, mark.minutes, now, by=by)
        else:
            continue
        changed += 1
    return changed


def _wrong_with(
    mark: Mark, length: int, seats: Mapping[UUID, Booking], known: Mapping[UUID, Attendance]
) -> KurslotsError | None:
    try:
        check_minutes(mark.minutes, length, mark.field)
    except InvalidInput as error:
        return error
    row = known.get(mark.person_id)
    if row is None and mark.person_id not in seats:
        return InvalidInput(
            N_("This person has no seat on the course. Load the page again."), code="no_seat", field=mark.field
        )
    if row is not None and row.signed_at is not None and row.minutes != mark.minutes:
        return Refused(
            N_("The participant has signed for {minutes} minutes. Correct it on its own page, with a reason."),
            code="signed_already",
            field=mark.field,
            minutes=row.minutes,
        )
    return None


async def _add(
    session: AsyncSession,
    meeting: Meeting,
    booking: Booking,
    mark: Mark,
    now: datetime,
    *,
    by: UUID | None,
    source: Source,
) -> None:
    row = Attendance(
        id=new_id(),
        project_id=booking.project_id,
        run_id=meeting.run_id,
        meeting_id=meeting.id,
        booking_id=booking.id,
        employer_id=booking.employer_id,
        participant_id=mark.person_id,
        minutes=mark.minutes,
        source=source.value,
        next_check_at=asked_at(meeting.ends_at, now) if mark.minutes else None,
        prove_at=None if mark.minutes else now,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    session.add(happened(row, now, source.value, by=by, after=row.minutes))
    length = length_of(meeting.starts_at, meeting.ends_at)
    fact = AttendanceRecorded(**told(row, length), standing=standing_of(row.minutes, length).value)
    await record(session, fact, version=row.version, at=now)


async def _correct(
    session: AsyncSession,
    row: Attendance,
    meeting: Meeting,
    minutes: int,
    now: datetime,
    *,
    by: UUID | None,
    reason: str | None = None,
) -> None:
    before, was_signed = row.minutes, row.signed_at is not None
    signature = await find_signature(session, row.id) if was_signed else None
    if signature is not None:
        signature.replaced_at = now
        session.add(signature)
    row.minutes, row.signed_at, row.asked = minutes, None, Asked.NOT_YET.value
    row.next_check_at = asked_at(meeting.ends_at, now) if minutes else None
    row.prove_at = now
    row.version += 1
    session.add(row)
    session.add(happened(row, now, "corrected", by=by, before=before, after=minutes, reason=reason))
    length = length_of(meeting.starts_at, meeting.ends_at)
    fact = AttendanceCorrected(
        **told(row, length),
        standing=standing_of(minutes, length).value,
        minutes_before=before,
        was_signed=was_signed,
    )
    await record(session, fact, version=row.version, at=now)


async def _seats(session: AsyncSession, run_id: UUID, people: Sequence[UUID]) -> Mapping[UUID, Booking]:
    """Return the booking by which each of them has a seat on the run now."""
    statement = (
        select(Seat.participant_id, Booking)
        .join(Booking, col(Booking.id) == col(Seat.booking_id))
        .where(col(Seat.run_id) == run_id, col(Seat.participant_id).in_(people), col(Seat.released_at).is_(None))
        .where(col(Booking.state) == BookingState.CONFIRMED.value)
    )
    return {person: booking for person, booking in (await session.exec(statement)).all() if person is not None}


async def _attendances(session: AsyncSession, meeting_id: UUID, people: Sequence[UUID]) -> Mapping[UUID, Attendance]:
    statement = (
        select(Attendance)
        .where(col(Attendance.meeting_id) == meeting_id, col(Attendance.participant_id).in_(people))
        .order_by(col(Attendance.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.participant_id: row for row in await session.exec(statement)}
