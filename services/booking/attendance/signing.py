"""Signing for attended time: by the participant with a link or a code, or noted from paper or e-mail, and followed up.

Everything here locks the one row of attendance first. A code's digits and a link's proof are made again and compared.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.rules import (
    BY_HERSELF,
    CODE_LIFE,
    CODE_TRIES,
    MOST_CODES_IN_AN_HOUR,
    NEXT_ASKED,
    Asked,
    check_seen,
    check_signable,
    check_way,
)
from services.booking.attendance.tables import Attendance, Signature, SigningCode
from services.booking.attendance.writing import Found, happened, lock_attendance, told, told_to_participant
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import SigningWay
from shared.contracts.booking import (
    AttendanceLeftUnsigned,
    AttendanceSigned,
    AttendanceSigningAsked,
    SigningCodeDrawn,
)
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused, TooOften
from shared.kernel.ids import new_id
from shared.kernel.personal_links import PersonalLinks
from shared.kernel.texts import N_
from shared.messaging.outbox import record

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Noted:
    """A signature that came on paper or by e-mail: who saw it, and what it is and where it is kept."""

    way: SigningWay
    evidence: str
    by: UUID


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a code that was typed; a wrong one has been counted."""

    is_right: bool
    tries_left: int


async def sign_attendance(
    session: AsyncSession, clock: Clock, attendance_id: UUID, *, person_id: UUID, minutes: int
) -> Attendance:
    """Sign as the participant, who saw these minutes; signing again what is signed changes nothing.

    Raises NotFound where it is somebody else's, Conflict where the minutes are others by now, Refused where there is
    nothing to sign, it is too early, or the project does not take it.
    """
    found = await lock_attendance(session, attendance_id)
    if found.attendance.participant_id != person_id:
        raise NotFound(N_("There is no such attendance."), code="attendance_not_found")
    await _sign(session, found, clock.now(), SigningWay.LINK, seen=minutes)
    return found.attendance


async def note_signature(
    session: AsyncSession, clock: Clock, attendance_id: UUID, noted: Noted, *, minutes: int
) -> Attendance:
    """Note that the participant has signed on paper or by e-mail. Raises as `sign_attendance`."""
    found = await lock_attendance(session, attendance_id)
    if found.attendance.signed_at is not None:
        raise Refused(N_("The participant has signed for this time already."), code="signed_already")
    await _sign(session, found, clock.now(), noted.way, seen=minutes, noted=noted)
    return found.attendance


async def send_code(session: AsyncSession, clock: Clock, attendance_id: UUID, *, by: UUID) -> SigningCode:
    """Send the participant a code to sign with; an earlier one works no longer.

    Raises Refused as `sign_attendance` does, TooOften where several were sent within the hour.
    """
    found = await lock_attendance(session, attendance_id)
    row, now = found.attendance, clock.now()
    await _check_signable(session, found, SigningWay.CODE, now)
    if row.signed_at is not None:
        raise Refused(N_("The participant has signed for this time already."), code="signed_already")
    recent = select(func.count()).where(
        col(SigningCode.attendance_id) == row.id, col(SigningCode.made_at) > now - _HOUR
    )
    if (await session.exec(recent)).one() >= MOST_CODES_IN_AN_HOUR:
        raise TooOften(
            N_("Several codes were sent already. Wait an hour, or sign in another way."),
            code="codes_too_often",
            seconds=int(_HOUR.total_seconds()),
        )
    await _end_codes(session, row, now)
    code = SigningCode(
        id=new_id(), attendance_id=row.id, made_at=now, expires_at=now + CODE_LIFE, tries_left=CODE_TRIES
    )
    session.add(code)
    session.add(happened(row, now, "code_sent", by=by))
    row.version += 1
    session.add(row)
    fact = SigningCodeDrawn(**await told_to_participant(session, found), code_id=code.id, expires_at=code.expires_at)
    await record(session, fact, version=row.version, at=now)
    return code


async def sign_by_code(
    session: AsyncSession, clock: Clock, links: PersonalLinks, attendance_id: UUID, code: str
) -> Tried:
    """Sign with a code of four digits. A wrong one is counted, which holds only once this is committed.

    Raises Refused where no code is open: none was sent, its time is over, or it was tried too often.
    """
    found = await lock_attendance(session, attendance_id)
    now = clock.now()
    sent = await _open_code(session, attendance_id)
    if sent is None or now >= sent.expires_at or not sent.tries_left:
        raise Refused(
            N_("No code can be used now: none was sent, its time is over, or it was tried too often. Send a new one."),
            code="no_open_code",
            field="code",
        )
    if not links.is_code(sent.id, code):
        sent.tries_left -= 1
        session.add(sent)
        return Tried(is_right=False, tries_left=sent.tries_left)
    await _sign(session, found, now, SigningWay.CODE, seen=found.attendance.minutes)
    return Tried(is_right=True, tries_left=sent.tries_left)


async def follow_up(session: AsyncSession, clock: Clock, attendance_id: UUID) -> bool:
    """Ask for a signature, remind of it, or give it up, whichever is due; whether anything was."""
    found = await lock_attendance(session, attendance_id)
    row, now = found.attendance, clock.now()
    if row.next_check_at is None or row.next_check_at > now:
        return False
    project = await get_project_row(session, row.project_id)
    row.asked = NEXT_ASKED[Asked(row.asked)].value
    row.next_check_at = None if row.asked == Asked.GIVEN_UP else now + timedelta(days=project.signing_days)
    row.version += 1
    session.add(row)
    by_herself = BY_HERSELF & {SigningWay(way) for way in project.signing_ways}
    if row.asked == Asked.GIVEN_UP:
        session.add(happened(row, now, row.asked, by=None))
        await record(session, AttendanceLeftUnsigned(**told(row, found.length)), version=row.version, at=now)
    elif by_herself:
        session.add(happened(row, now, row.asked, by=None))
        is_reminder = row.asked == Asked.REMINDED
        fact = AttendanceSigningAsked(**await told_to_participant(session, found), is_reminder=is_reminder)
        await record(session, fact, version=row.version, at=now)
    return True


async def _check_signable(session: AsyncSession, found: Found, way: SigningWay, now: datetime) -> None:
    project = await get_project_row(session, found.attendance.project_id)
    check_way(way, project.signing_ways)
    check_signable(found.attendance.minutes, found.meeting.starts_at, now)


async def _sign(
    session: AsyncSession, found: Found, now: datetime, way: SigningWay, *, seen: int, noted: Noted | None = None
) -> None:
    row = found.attendance
    check_seen(seen, row.minutes)
    if row.signed_at is not None:
        return
    await _check_signable(session, found, way, now)
    await _end_codes(session, row, now)
    row.signed_at, row.next_check_at, row.prove_at = now, None, now
    row.version += 1
    session.add(row)
    session.add(
        Signature(
            attendance_id=row.id,
            minutes=row.minutes,
            way=way.value,
            at=now,
            noted_by=noted.by if noted else None,
            evidence=noted.evidence if noted else None,
        )
    )
    by = noted.by if noted else row.participant_id
    session.add(happened(row, now, f"signed_{way.value}", by=by, after=row.minutes))
    fact = AttendanceSigned(**told(row, found.length), way=way.value, signed_at=now)
    await record(session, fact, version=row.version, at=now)


async def _open_code(session: AsyncSession, attendance_id: UUID) -> SigningCode | None:
    statement = select(SigningCode).where(
        col(SigningCode.attendance_id) == attendance_id, col(SigningCode.ended_at).is_(None)
    )
    return (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()


async def _end_codes(session: AsyncSession, row: Attendance, now: datetime) -> None:
    await session.exec(
        update(SigningCode)
        .where(col(SigningCode.attendance_id) == row.id, col(SigningCode.ended_at).is_(None))
        .values(ended_at=now)
    )
