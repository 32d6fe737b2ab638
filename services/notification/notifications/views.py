"""Notifications as a reader of the API sees them: recipients by id, never an address or what was said."""

from datetime import datetime
from uuid import UUID

from services.notification.base import Holder
from services.notification.kinds import ChannelName
from services.notification.notifications.queries import Whole
from services.notification.notifications.rules import State
from services.notification.notifications.tables import Notification
from shared.web.bodies import View


class RecipientView(View):
    """Who is told, and in what capacity."""

    kind: Holder
    id: UUID
    part: str


class NotificationView(View):
    """A notification and where it stands."""

    notification_id: UUID
    kind: str
    channel: ChannelName
    recipient: RecipientView
    project_id: UUID | None
    employer_id: UUID | None
    state: State
    cause: str | None
    fact: str
    tries: int
    urgent: bool
    next_check_at: datetime | None
    created_at: datetime
    changed_at: datetime


class ChangeView(View):
    """A change of state: when, from what to what, and why."""

    at: datetime
    before: str | None
    after: State
    cause: str | None
    actor_id: UUID | None


class AttemptView(View):
    """One call of the provider. Cost is in 1/10 000 SEK."""

    number: int
    begun_at: datetime
    ended_at: datetime | None
    result: str | None
    cause: str | None
    provider_id: str | None
    parts: int | None
    cost: int | None


class ReceiptView(View):
    """What the provider said afterwards; one that came too late changed nothing."""

    status: str
    received_at: datetime
    applied: bool


class WholeNotificationView(NotificationView):
    """A notification with all that came of it."""

    history: list[ChangeView]
    attempts: list[AttemptView]
    receipts: list[ReceiptView]


def notification_view(row: Notification) -> NotificationView:
    """Return the view of a notification."""
    return NotificationView.model_validate(_fields(row))


def whole_view(whole: Whole) -> WholeNotificationView:
    """Return the view of a notification with its history."""
    return WholeNotificationView(
        **_fields(whole.notification),
        history=[ChangeView.model_validate(change) for change in whole.history],
        attempts=[AttemptView.model_validate(attempt) for attempt in whole.attempts],
        receipts=[ReceiptView.model_validate(receipt) for receipt in whole.receipts],
    )


def _fields(row: Notification) -> dict[str, object]:
    return {
        "notification_id": row.id,
        "kind": row.kind,
        "channel": row.channel,
        "recipient": RecipientView(kind=row.recipient_kind, id=row.recipient_id, part=row.part),
        "project_id": row.project_id,
        "employer_id": row.employer_id,
        "state": row.state,
        "cause": row.state_cause,
        "fact": row.cause_type,
        "tries": row.tries,
        "urgent": row.urgent,
        "next_check_at": row.next_check_at,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
    }
