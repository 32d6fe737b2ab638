"""What happened to requests, cases, lots, procedures, awards and contracts: who, when, from, to, why.

A bid leaves no row here: that it came must not be seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import ProcurementTable
from services.procurement.copies import find_names
from shared.db import UtcDateTime
from shared.kernel.ids import new_id
from shared.kernel.texts import N_, Text
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


@dataclass(frozen=True, slots=True)
class Change:
    """One change in words, as a page tells it."""

    at: datetime
    text: Text
    actor_name: str | None = None
    reason: str | None = None


_TOLD: Final[Mapping[tuple[str, str | None, str], str]] = {
    ("request", None, "waiting"): N_("Request {name} came in"),
    ("request", "waiting", "in_case"): N_("Request {name} was put in a case"),
    ("request", "in_case", "waiting"): N_("Request {name} went back to the inbox"),
    ("request", "in_case", "ordered"): N_("Training was ordered for request {name}"),
    ("request", "waiting", "declined"): N_("Request {name} was declined"),
    ("request", "declined", "waiting"): N_("Request {name} came in again"),
    ("request", "withdrawn", "waiting"): N_("Request {name} came in again"),
    ("request", "ordered", "ordered"): N_("The employer withdrew request {name}; what was ordered stays ordered"),
    ("case", None, "open"): N_("The case was opened"),
    ("case", "open", "concluded"): N_("The case was concluded: everything in it is bought and ordered"),
    ("case", "open", "cancelled"): N_("The case was cancelled"),
    ("procedure", None, "draft"): N_("The purchase “{name}” was planned"),
    ("procedure", "draft", "invited"): N_("Suppliers were invited to bid on “{name}”"),
    ("procedure", "invited", "invited"): N_("The deadline for bids on “{name}” was moved"),
    ("procedure", "invited", "opened"): N_("The bids on “{name}” were opened"),
    ("procedure", "opened", "awarded"): N_("The award of “{name}” was decided"),
    ("procedure", "awarded", "opened"): N_("The award of “{name}” was revoked"),
    ("procedure", "awarded", "contracted"): N_("“{name}” has its contract"),
    ("contract", None, "draft"): N_("Contract {name} was drafted"),
    ("contract", "draft", "signed"): N_("Contract {name} was signed"),
    ("contract", "draft", "discarded"): N_("The draft {name} was put aside"),
    ("contract", "agreed", "ordered"): N_("Training was ordered under contract {name}"),
}
# from whatever it was
_TOLD_AFTER: Final[Mapping[tuple[str, str], str]] = {
    ("request", "withdrawn"): N_("The employer withdrew request {name}"),
    ("procedure", "cancelled"): N_("The purchase “{name}” was cancelled"),
}
_CHANGED: Final = N_("{name} was changed")
_MOST_CHANGES: Final = 300


async def changes_of(session: AsyncSession, names: Mapping[UUID, str]) -> list[Change]:
    """Return in words what happened to these things, the newest first; `names` says what each is called."""
    rows = await session.exec(
        select(HistoryRow)
        .where(col(HistoryRow.subject_id).in_(list(names)))
        .order_by(col(HistoryRow.at).desc(), col(HistoryRow.id).desc())
        .limit(_MOST_CHANGES)
    )
    found = rows.all()
    people = await find_names(session, {row.actor_id for row in found if row.actor_id is not None})
    return [
        Change(
            at=row.at,
            text=Text(_text_of(row), {"name": names[row.subject_id]}),
            actor_name=people.get(row.actor_id) if row.actor_id else None,
            reason=row.reason,
        )
        for row in found
    ]


def _text_of(row: HistoryRow) -> str:
    told = _TOLD.get((row.kind, row.before, row.after)) or _TOLD_AFTER.get((row.kind, row.after))
    return told or _CHANGED
