"""Questions and their answers. Who asked is kept as a keyed hash alone: that somebody asks hints at who will bid."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text
from sqlmodel import Field

from services.procurement.base import ProcurementTable
from shared.db import UtcDateTime
from shared.kernel.ids import new_id


class Question(ProcurementTable, table=True):
    """A question as it was asked, and as it was told to all with its answer."""

    __tablename__: ClassVar[str] = "questions"
    __table_args__ = (
        CheckConstraint(
            "(answered_at IS NULL) = (answer IS NULL) AND (answered_at IS NULL) = (told IS NULL) "
            "AND (answered_at IS NULL) = (answered_by IS NULL)",
            name="answered",
        ),
        Index("ix_questions_procedure_id_id", "procedure_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    procedure_id: UUID = Field(foreign_key="procedures.id")
    asker: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = Field(sa_type=UtcDateTime)
    told: str | None = Field(default=None, sa_column=Column(Text))
    answer: str | None = Field(default=None, sa_column=Column(Text))
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: UUID | None = None
