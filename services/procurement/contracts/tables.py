"""Contracts, their lines, and what was ordered of each line."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.procurement.base import ProcurementTable, state_column
from services.procurement.contracts.rules import ContractKind, ContractState, LineState, MeetingMode
from shared.db import UtcDateTime
from shared.kernel.ids import new_id, reference
from shared.kernel.states import state_check


class Contract(ProcurementTable, table=True):
    """A contract; the amount is in öre without VAT, the VAT rate in percent."""

    __tablename__: ClassVar[str] = "contracts"
    __table_args__ = (
        CheckConstraint(state_check("state", ContractState), name="state"),
        CheckConstraint(state_check("kind", ContractKind), name="kind"),
        CheckConstraint("value_ore >= 0", name="value_ore"),
        CheckConstraint("vat_rate BETWEEN 0 AND 100", name="vat_rate"),
        CheckConstraint("ends_on >= starts_on", name="term"),
        CheckConstraint("(state = 'signed') = (signed_at IS NOT NULL)", name="signed"),
        Index(
            "uq_contracts_procedure_id_standing",
            "procedure_id",
            unique=True,
            postgresql_where=text("state <> 'discarded'"),
        ),
        Index("ix_contracts_project_id_id", "project_id", "id"),
        Index("ix_contracts_supplier_id_id", "supplier_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(default_factory=lambda: reference("A"), unique=True)
    kind: ContractKind = Field(default=ContractKind.SINGLE, sa_column=state_column(ContractKind))
    procedure_id: UUID = Field(foreign_key="procedures.id")
    award_id: UUID = Field(foreign_key="awards.id")
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    buyer_id: UUID = Field(foreign_key="buyers.id")
    project_id: UUID
    supplier_id: UUID = Field(foreign_key="suppliers.id")
    title: str
    value_ore: int = Field(sa_type=BigInteger)
    currency: str = "SEK"
    vat_rate: Decimal = Field(sa_column=Column(Numeric(5, 2), nullable=False))
    starts_on: date
    ends_on: date
    state: ContractState = Field(default=ContractState.DRAFT, sa_column=state_column(ContractState))
    drafted_at: datetime = Field(sa_type=UtcDateTime)
    drafted_by: UUID
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signed_by: UUID | None = None
    version: int = 1


class ContractLine(ProcurementTable, table=True):
    """One training that the contract gives; ordering it fixes its meetings and for whom its seats are."""

    __tablename__: ClassVar[str] = "contract_lines"
    __table_args__ = (
        UniqueConstraint("contract_id", "position"),
        CheckConstraint(state_check("state", LineState), name="state"),
        CheckConstraint(state_check("mode", MeetingMode), name="mode"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("price_ore >= 0", name="price_ore"),
        CheckConstraint("(state = 'ordered') = (\"order\" IS NOT NULL)", name="ordered"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    contract_id: UUID = Field(foreign_key="contracts.id")
    position: int
    title: str
    description: str = Field(sa_column=Column(Text, nullable=False))
    language: str
    mode: MeetingMode = Field(sa_column=state_column(MeetingMode))
    seats: int
    price_ore: int = Field(sa_type=BigInteger)
    state: LineState = Field(default=LineState.AGREED, sa_column=state_column(LineState))
    order: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    ordered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ordered_by: UUID | None = None
