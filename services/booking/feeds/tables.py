"""Links to calendars: whose, of what, and until when. The secret part is made of the id, and is nowhere here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.booking.base import BookingTable, moment, prose
from services.booking.feeds.rules import FeedKind
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class CalendarFeed(BookingTable, table=True):
    """A link that its owner made; withdrawn, it opens nothing for ever."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        CheckConstraint(state_check("kind", FeedKind), name="kind"),
        CheckConstraint(
            "(kind = 'employer') = (employer_id IS NOT NULL) AND (kind = 'run') = (run_id IS NOT NULL)", name="of"
        ),
        Index(
            "uq_calendar_feeds_open",
            "owner_id",
            "kind",
            "employer_id",
            "run_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID = Field(foreign_key="persons.id")
    kind: str = prose()
    employer_id: UUID | None = Field(default=None, foreign_key="employers.id")
    run_id: UUID | None = Field(default=None, foreign_key="runs.id")
    made_at: datetime = moment()
    withdrawn_at: datetime | None = moment(default=None)
