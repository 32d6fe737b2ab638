"""The topics, each owned by one service.

Facts cause effects and are kept for a time; states feed copies and are compacted.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a topic carries; never mixed."""

    FACT = "fact"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's name without the namespace, and how Kafka keeps it.

    `keep_days` is how long a fact is kept; states are compacted and kept for as long as they hold.
    """

    name: str
    kind: Kind
    partitions: int = 3
    keep_days: int = 30

    @property
    def owner(self) -> str:
        """The only service that writes to it."""
        return self.name.partition(".")[0]


PROJECTS = Topic("booking.projects", Kind.STATE)
EMPLOYERS = Topic("booking.employers", Kind.STATE)
PEOPLE = Topic("booking.people", Kind.STATE)
SUPPLIERS = Topic("procurement.suppliers", Kind.STATE)

RUNS = Topic("booking.runs", Kind.FACT)
BOOKINGS = Topic("booking.bookings", Kind.FACT)
TRAINING_REQUESTS = Topic("booking.training-requests", Kind.FACT)
ATTENDANCE = Topic("booking.attendance", Kind.FACT)
CASES = Topic("procurement.cases", Kind.FACT)
PROCEDURES = Topic("procurement.procedures", Kind.FACT)
CONTRACTS = Topic("procurement.contracts", Kind.FACT)
NOTIFICATIONS = Topic("notification.notifications", Kind.FACT)

TOPICS = (
    PROJECTS,
    EMPLOYERS,
    PEOPLE,
    SUPPLIERS,
    RUNS,
    BOOKINGS,
    TRAINING_REQUESTS,
    ATTENDANCE,
    CASES,
    PROCEDURES,
    CONTRACTS,
    NOTIFICATIONS,
)
PERSONAL = frozenset({PEOPLE, SUPPLIERS})  # the only topics that may carry personal data
