"""Suppliers, their accounts and claims. A sole trader's number is a personal identity number: stored encrypted only."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from services.procurement.base import ProcurementTable
from shared.db import UtcDateTime, swedish_text
from shared.kernel.ids import new_id


class Supplier(ProcurementTable, table=True):
    """A supplier. `number_lookup` is a keyed hash of the organisation number, for finding it again."""

    __tablename__: ClassVar[str] = "suppliers"
    __table_args__ = (
        CheckConstraint("(organisation_number IS NULL) <> (sealed_number IS NULL)", name="one_number"),
        CheckConstraint("language IN ('sv', 'en')", name="language"),
        Index("ix_suppliers_name_id", "name", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(sa_column=Column(swedish_text(), nullable=False))
    organisation_number: str | None = Field(default=None, unique=True)
    sealed_number: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    number_lookup: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    email: str
    phone: str | None = None
    language: str = "sv"
    version: int = 1
    registered_at: datetime = Field(sa_type=UtcDateTime)


class SupplierAccount(ProcurementTable, table=True):
    """A sign-in that acts for a supplier."""

    __tablename__: ClassVar[str] = "supplier_accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject", "supplier_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    issuer: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    supplier_id: UUID = Field(foreign_key="suppliers.id", index=True)
    made_at: datetime = Field(sa_type=UtcDateTime)


class SupplierClaim(ProcurementTable, table=True):
    """A single-use code for taking charge of a supplier; its times are machine time, as of every credential."""

    __tablename__: ClassVar[str] = "supplier_claims"

    code_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    supplier_id: UUID = Field(foreign_key="suppliers.id", index=True)
    made_by: UUID
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
