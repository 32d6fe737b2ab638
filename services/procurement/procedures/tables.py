"""Procedures, their criteria, openers and invitations. Nothing here changes because of a bid."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.procurement.advice.rules import Route
from services.procurement.base import ProcurementTable, state_column
from services.procurement.buyers.rules import Policy
from services.procurement.procedures.rules import CriterionKind, ProcedureState
from shared.db import UtcDateTime
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class Procedure(ProcurementTable, table=True):
    """How a lot is bought. `policy` is the buyer's as it was when the procedure was planned."""

    __tablename__: ClassVar[str] = "procedures"
    __table_args__ = (
        CheckConstraint(state_check("state", ProcedureState), name="state"),
        CheckConstraint(state_check("route", Route), name="route"),
        CheckConstraint("(opened_at IS NULL) OR state NOT IN ('draft', 'invited')", name="opened"),
        CheckConstraint("questions_until <= deadline", name="questions_until"),
        Index("uq_procedures_lot_id_active", "lot_id", unique=True, postgresql_where=text("state <> 'cancelled'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lot_id: UUID = Field(foreign_key="lots.id")
    case_id: UUID = Field(foreign_key="cases.id", index=True)
    buyer_id: UUID = Field(foreign_key="buyers.id")
    project_id: UUID
    route: Route = Field(sa_column=state_column(Route))
    title: str
    description: str = Field(sa_column=Column(Text, nullable=False))
    deadline: datetime = Field(sa_type=UtcDateTime)
    questions_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    policy: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: ProcedureState = Field(default=ProcedureState.DRAFT, sa_column=state_column(ProcedureState))
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    wrapped_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    invited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_for: str | None = None
    cancel_reason: str | None = None
    version: int = 1

    def its_policy(self) -> Policy:
        """The policy as a value."""
        return Policy.model_validate(self.policy)

    def asked_until(self) -> datetime:
        """Until when those who are invited may ask: until the deadline, where nothing was said of it."""
        return min(self.questions_until or self.deadline, self.deadline)


class Criterion(ProcurementTable, table=True):
    """What bids are judged by; never changed once the procedure is planned."""

    __tablename__: ClassVar[str] = "criteria"
    __table_args__ = (
        UniqueConstraint("procedure_id", "position"),
        CheckConstraint(state_check("kind", CriterionKind), name="kind"),
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    procedure_id: UUID = Field(foreign_key="procedures.id")
    position: int
    name: str
    description: str = Field(sa_column=Column(Text, nullable=False))
    kind: CriterionKind = Field(sa_column=state_column(CriterionKind))
    weight: int | None = None


class Opener(ProcurementTable, table=True):
    """Somebody appointed to open the bids, and when she confirmed that they be opened."""

    __tablename__: ClassVar[str] = "openers"

    procedure_id: UUID = Field(foreign_key="procedures.id", primary_key=True)
    person_id: UUID = Field(primary_key=True)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Invitation(ProcurementTable, table=True):
    """A supplier that is asked to bid."""

    __tablename__: ClassVar[str] = "invitations"
    __table_args__ = (Index("ix_invitations_supplier_id_id", "supplier_id", "id"),)

    id: UUID = Field(default_factory=new_id, unique=True)
    procedure_id: UUID = Field(foreign_key="procedures.id", primary_key=True)
    supplier_id: UUID = Field(foreign_key="suppliers.id", primary_key=True)
    invited_at: datetime = Field(sa_type=UtcDateTime)
    invited_by: UUID
