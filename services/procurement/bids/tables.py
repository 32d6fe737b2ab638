"""Boxes until the opening; readable bids with their scores after it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.procurement.base import ProcurementTable
from shared.db import UtcDateTime
from shared.kernel.ids import new_id


class SealedBid(ProcurementTable, table=True):
    """A box. The pseudonym is a keyed hash of procedure and supplier, for replacing and withdrawing alone."""

    __tablename__: ClassVar[str] = "sealed_bids"

    procedure_id: UUID = Field(foreign_key="procedures.id", primary_key=True)
    pseudonym: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    late: bool = Field(primary_key=True)
    box: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = Field(sa_type=UtcDateTime)


class Bid(ProcurementTable, table=True):
    """An opened bid; for the case's officers alone until the award decision."""

    __tablename__: ClassVar[str] = "bids"
    __table_args__ = (
        UniqueConstraint("procedure_id", "supplier_id"),
        CheckConstraint("price_ore >= 0", name="price_ore"),
        CheckConstraint("vat_rate BETWEEN 0 AND 100", name="vat_rate"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    procedure_id: UUID = Field(foreign_key="procedures.id")
    supplier_id: UUID = Field(foreign_key="suppliers.id")
    price_ore: int = Field(sa_type=BigInteger)
    vat_rate: Decimal = Field(sa_column=Column(Numeric(4, 2), nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    answers: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    valid_until: date
    received_at: datetime = Field(sa_type=UtcDateTime)
    receipt: str
    disqualified_reason: str | None = Field(default=None, sa_column=Column(Text))


class Score(ProcurementTable, table=True):
    """The points that officers give a bid on a criterion, and why. The price has none: its points follow."""

    __tablename__: ClassVar[str] = "scores"
    __table_args__ = (CheckConstraint("points BETWEEN 0 AND 10", name="points"),)

    bid_id: UUID = Field(foreign_key="bids.id", primary_key=True)
    criterion_id: UUID = Field(foreign_key="criteria.id", primary_key=True)
    points: Decimal = Field(sa_column=Column(Numeric(4, 2), nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    scored_by: UUID
    scored_at: datetime = Field(sa_type=UtcDateTime)
