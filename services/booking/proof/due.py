"""Whose proof is to be looked at again now: asked by the worker, which loads nothing of the web."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.tables import Attendance


async def find_due_proofs(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return attendances of which something may be proven now that was not, or no longer; the longest due first."""
    due = select(Attendance.id).where(col(Attendance.prove_at) <= now)
    return (await session.exec(due.order_by(col(Attendance.prove_at), col(Attendance.id)).limit(limit))).all()
