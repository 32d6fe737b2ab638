"""What happened to requests, cases, lots, procedures, awards and contracts: who, when, from, to, why.

A bid leaves no row here: that it came must not be seen.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import ProcurementTable
from shared.db import UtcDateTime
from shared.kernel.ids import new_id
from shared.web.bodies import View
from shared.web.paging import Page, PageFilter, page_of


class HistoryRow(ProcurementTable, table=True):
    """One change. `actor_id` is none where another service or time caused it."""

    __tablename__: ClassVar[str] = "history"
    __table_args__ = (Index("ix_history_subject_id_id", "subject_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subject_id: UUID
    kind: str
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: UUID | None = None
    before: str | None = None
    after: str
    reason: str | None = None


class HistoryView(View):
    """One change, as it is shown."""

    at: datetime
    actor_id: UUID | None
    before: str | None
    after: str
    reason: str | None


def keep_history(
    session: AsyncSession,
    kind: str,
    subject_id: UUID,
    *,
    at: datetime,
    by: UUID | None,
    after: StrEnum,
    before: StrEnum | None = None,
    reason: str | None = None,
) -> None:
    """Write that the thing went from `before` to `after`."""
    session.add(
        HistoryRow(
            subject_id=subject_id,
            kind=kind,
            at=at,
            actor_id=by,
            before=None if before is None else before.value,
            after=after.value,
            reason=reason,
        )
    )


async def history_of(session: AsyncSession, subject_id: UUID, query: PageFilter) -> Page[HistoryView]:
    """Return what happened to a thing, first things first."""
    page = await page_of(
        session,
        select(HistoryRow).where(col(HistoryRow.subject_id) == subject_id),
        [col(HistoryRow.id)],
        query,
        keys=lambda row: (row.id,),
    )
    return Page(items=[HistoryView.model_validate(row) for row in page.rows], next=page.next)
