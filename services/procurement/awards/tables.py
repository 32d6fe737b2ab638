"""Award decisions; one that is revoked stays, and a new one is made beside it."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import Field

from services.procurement.base import ProcurementTable
from shared.db import UtcDateTime
from shared.kernel.ids import new_id


class Award(ProcurementTable, table=True):
    """A decision. `standstill_until` is the last day of the standstill, none where there is none."""

    __tablename__: ClassVar[str] = "awards"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name="revoked"),
        Index(
            "uq_awards_procedure_id_standing", "procedure_id", unique=True, postgresql_where=text("revoked_at IS NULL")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    procedure_id: UUID = Field(foreign_key="procedures.id")
    bid_id: UUID = Field(foreign_key="bids.id")
    supplier_id: UUID = Field(foreign_key="suppliers.id")
    decided_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: UUID
    reasons: str = Field(sa_column=Column(Text, nullable=False))
    standstill_until: date | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoke_reason: str | None = Field(default=None, sa_column=Column(Text))
