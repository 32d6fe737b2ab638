"""What notification tells: who was reached, and who was not."""

from uuid import UUID

from shared.contracts.facts import Fact, Recipient
from shared.contracts.topics import NOTIFICATIONS


class _NotificationFact(Fact):
    notification_id: UUID
    kind: str
    channel: str
    recipient: Recipient
    project_id: UUID | None
    employer_id: UUID | None
    cause_id: UUID


class NotificationDelivered(
    _NotificationFact, type="notification.delivered.v1", topic=NOTIFICATIONS, key="notification_id"
):
    """The provider says that it arrived."""


class NotificationFailed(_NotificationFact, type="notification.failed.v1", topic=NOTIFICATIONS, key="notification_id"):
    """The recipient was not reached, for good."""

    cause: str
