"""Training requests as procurement sees them, cases, declarations, lots, and the advice recorded on each lot."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.procurement.advice.rules import Route
from services.procurement.base import ProcurementTable, state_column
from services.procurement.cases.rules import CaseState, RequestState
from shared.db import UtcDateTime
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Case(ProcurementTable, table=True):
    """A procurement file of one buyer for one project."""

    __tablename__: ClassVar[str] = "cases"
    __table_args__ = (
        UniqueConstraint("buyer_id", "registration_number"),
        CheckConstraint(state_check("state", CaseState), name="state"),
        Index("ix_cases_buyer_id_id", "buyer_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    buyer_id: UUID = Field(foreign_key="buyers.id")
    project_id: UUID = Field(index=True)
    registration_number: str
    title: str
    state: CaseState = Field(default=CaseState.OPEN, sa_column=state_column(CaseState))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: UUID
    version: int = 1


class CaseNumber(ProcurementTable, table=True):
    """The last number given in a buyer's series in a year; its row lock keeps the series without gaps."""

    __tablename__: ClassVar[str] = "case_numbers"

    buyer_id: UUID = Field(foreign_key="buyers.id", primary_key=True)
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class TrainingRequest(ProcurementTable, table=True):
    """A request as booking told it, and what an officer has done with it.

    `contacts` are the people whom booking wants told. A withdrawn request keeps its case, as a trace.
    """

    __tablename__: ClassVar[str] = "training_requests"
    __table_args__ = (
        CheckConstraint(state_check("state", RequestState), name="state"),
        CheckConstraint("state NOT IN ('in_case', 'ordered') OR case_id IS NOT NULL", name="in_case"),
        Index("ix_training_requests_buyer_id_state_id", "buyer_id", "state", "id"),
    )

    id: UUID = Field(primary_key=True)
    reference: str
    buyer_id: UUID = Field(foreign_key="buyers.id")
    project_id: UUID
    employer_id: UUID
    title: str
    description: str
    persons: int
    minutes: int
    wished_from: date | None = None
    wished_to: date | None = None
    wished_time: str
    mode: str
    municipality: str
    language: str
    pool: str | None = None
    contacts: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    state: RequestState = Field(default=RequestState.WAITING, sa_column=state_column(RequestState))
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    reason: str | None = None
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class Declaration(ProcurementTable, table=True):
    """Whether somebody has a conflict of interest in a case, by her own word."""

    __tablename__: ClassVar[str] = "declarations"

    case_id: UUID = Field(foreign_key="cases.id", primary_key=True)
    person_id: UUID = Field(primary_key=True)
    conflict: bool
    statement: str | None = None
    declared_at: datetime = Field(sa_type=UtcDateTime)


class Lot(ProcurementTable, table=True):
    """What is bought. `value_ore` is the buyer's whole foreseeable need without VAT, with options and extensions."""

    __tablename__: ClassVar[str] = "lots"
    __table_args__ = (
        CheckConstraint("value_ore > 0", name="value_ore"),
        CheckConstraint("outside_ore >= 0", name="outside_ore"),
        CheckConstraint("pooled = (not_pooled_reason IS NULL)", name="pooled"),
        Index("ix_lots_cpv_group", text("left(cpv, 3)")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    buyer_id: UUID = Field(foreign_key="buyers.id", index=True)
    title: str
    cpv: str
    value_ore: int = Field(sa_type=BigInteger)
    value_basis: str = Field(sa_column=Column(Text, nullable=False))
    outside_ore: int = Field(sa_type=BigInteger)
    outside_statement: str = Field(sa_column=Column(Text, nullable=False))
    pooled: bool = True
    not_pooled_reason: str | None = None
    added_at: datetime = Field(sa_type=UtcDateTime)
    added_by: UUID


class LotAdvice(ProcurementTable, table=True):
    """The advice as it was given, and what the officer chose by it. The newest row of a lot is the one that counts."""

    __tablename__: ClassVar[str] = "lot_advice"
    __table_args__ = (CheckConstraint(state_check("route", Route), name="route"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lot_id: UUID = Field(foreign_key="lots.id", index=True)
    day: date
    given_at: datetime = Field(sa_type=UtcDateTime)
    given_to: UUID
    stated: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    advice: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    annex2: bool
    route: Route = Field(sa_column=state_column(Route))
    reason: str = Field(sa_column=Column(Text, nullable=False))
