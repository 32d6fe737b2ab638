"""What every change of somebody's attendance has in common: the locked row, its history, and what is told of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.rules import length_of
from services.booking.attendance.tables import Attendance, AttendanceHistory, Signature
from services.booking.base import locked
from services.booking.courses.queries import get_run, summary_of
from services.booking.courses.tables import Meeting
from shared.contracts.facts import Recipient
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody's attendance, and its meeting."""

    attendance: Attendance
    meeting: Meeting

    @property
    def length(self) -> int:
        """The meeting's length in whole minutes."""
        return length_of(self.meeting.starts_at, self.meeting.ends_at)


async def lock_attendance(session: AsyncSession, attendance_id: UUID) -> Found:
    """Return somebody's attendance, locked until this transaction ends; raises NotFound."""
    row = await locked(session, Attendance, attendance_id)
    if row is None:
        raise NotFound(N_("There is no such attendance."), code="attendance_not_found")
    return Found(row, await session.get_one(Meeting, row.meeting_id))


async def find_signature(session: AsyncSession, attendance_id: UUID) -> Signature | None:
    """Return the signature that counts, if there is one."""
    statement = select(Signature).where(
        col(Signature.attendance_id) == attendance_id, col(Signature.replaced_at).is_(None)
    )
    return (await session.exec(statement)).one_or_none()


def happened(
    row: Attendance,
    at: datetime,
    change: str,
    *,
    by: UUID | None,
    before: object = None,
    after: object = None,
    reason: str | None = None,
) -> AttendanceHistory:
    """Return the row of history that says what happened."""
    return AttendanceHistory(
        attendance_id=row.id,
        at=at,
        actor_id=by,
        change=change,
        before=None if before is None else str(before),
        after=None if after is None else str(after),
        reason=reason,
    )


def told(row: Attendance, length: int) -> dict[str, Any]:
    """Return what every fact of attendance tells: ids and minutes."""
    return {
        "attendance_id": row.id,
        "project_id": row.project_id,
        "employer_id": row.employer_id,
        "run_id": row.run_id,
        "meeting_id": row.meeting_id,
        "person_id": row.participant_id,
        "minutes": row.minutes,
        "meeting_minutes": length,
    }


async def told_to_participant(session: AsyncSession, found: Found) -> dict[str, Any]:
    """Return what a message to the participant needs besides."""
    row = found.attendance
    return {
        **told(row, found.length),
        "run": await summary_of(session, await get_run(session, row.run_id)),
        "starts_at": found.meeting.starts_at,
        "recipients": (Recipient(kind="person", id=row.participant_id, part="participant"),),
    }
