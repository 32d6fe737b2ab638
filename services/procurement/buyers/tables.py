"""Buyers, loaded from the project files."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.procurement.base import ProcurementTable, state_column
from services.procurement.buyers.rules import BuyerKind, Policy
from shared.db import UtcDateTime, swedish_text
from shared.kernel.states import state_check


class Buyer(ProcurementTable, table=True):
    """One buyer. `policy` is a `Policy`; `series` begins its registration numbers."""

    __tablename__: ClassVar[str] = "buyers"
    __table_args__ = (CheckConstraint(state_check("kind", BuyerKind), name="kind"),)

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(swedish_text(), nullable=False))
    organisation_number: str = Field(unique=True)
    kind: BuyerKind = Field(sa_column=state_column(BuyerKind))
    policy: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    series: str
    loaded_at: datetime = Field(sa_type=UtcDateTime)

    def its_policy(self) -> Policy:
        """The policy as a value."""
        return Policy.model_validate(self.policy)
