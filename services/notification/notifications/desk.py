"""What both halves of sending know: the desk they work at, and what one hands to the other."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from services.notification.channels.channel import Sending
from services.notification.kinds import ChannelName
from services.notification.notifications.rules import Schedule
from services.notification.notifications.unsubscribing import Unsubscribing
from services.notification.wordings.catalogue import Wordings
from shared.kernel.personal_links import PersonalLinks


@dataclass(frozen=True, slots=True)
class Desk:
    """What is the same for every notification."""

    wordings: Wordings
    schedule: Schedule
    unsubscribing: Unsubscribing
    links: PersonalLinks
    origin: str
    mail_from: str
    honours_key: frozenset[ChannelName] = field(default_factory=frozenset)
    soft_suppression: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text that may now be handed to its channel, and the trace of the fact because of which it was made."""

    attempt_id: UUID
    notification_id: UUID
    channel: ChannelName
    sending: Sending
    traceparent: str | None


def receipt_hash(token: str) -> bytes:
    """Return what is kept of a receipt's token."""
    return hashlib.sha256(token.encode()).digest()
