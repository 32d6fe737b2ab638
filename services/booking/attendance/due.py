"""Which signatures are to be followed up now: asked by the worker, which loads nothing of the web."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.tables import Attendance


async def find_due_signings(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return attendances of which a signature is to be asked for, reminded of or given up, the longest due first."""
    due = select(Attendance.id).where(col(Attendance.next_check_at) <= now)
    return (await session.exec(due.order_by(col(Attendance.next_check_at), col(Attendance.id)).limit(limit))).all()
