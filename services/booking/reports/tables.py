"""Contracts that procurement has told of: what a project has bound itself to pay."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from services.booking.base import BookingTable, moment, prose


class ProjectContract(BookingTable, table=True):
    """A signed contract of a project."""

    __tablename__ = "project_contracts"
    __table_args__ = (CheckConstraint("value_ore >= 0", name="value"),)

    contract_id: UUID = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id", index=True)
    value_ore: int = Field(sa_type=BigInteger)
    currency: str = prose()
    signed_at: datetime = moment()
