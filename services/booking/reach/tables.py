"""Who was not reached. Only people: what a supplier was or was not told is nobody's business here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.booking.base import BookingTable, moment, prose


class Unreached(BookingTable, table=True):
    """A notification that did not arrive; `reached_at` where a late receipt says that it did after all."""

    __tablename__ = "unreached"
    __table_args__ = (
        Index("ix_unreached_project_id", "project_id", "notification_id"),
        Index("ix_unreached_person_id", "person_id"),
    )

    notification_id: UUID = Field(primary_key=True)
    person_id: UUID
    project_id: UUID | None = Field(default=None, foreign_key="projects.id")
    employer_id: UUID | None = Field(default=None, foreign_key="employers.id")
    kind: str = prose()
    channel: str = prose()
    cause: str = prose()
    failed_at: datetime = moment()
    reached_at: datetime | None = moment(default=None)
