"""What a calendar can follow, and the secret links by which calendars ask for it.

A link is made of the feed's id and a keyed fingerprint of it: the database holds nothing that would open a feed.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from shared.contracts.facts import RunSummary

CALLED_OFF_KEPT: Final = timedelta(days=30)
PAST_KEPT: Final = timedelta(days=180)
_ID_LENGTH: Final = 32


class FeedKind(StrEnum):
    """Whose meetings a calendar follows: one's own as a participant, those one holds, an employer's, or one run's."""

    OWN = "own"
    TRAINER = "trainer"
    EMPLOYER = "employer"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A feed as it is wished."""

    kind: FeedKind
    employer_id: UUID | None = None
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FollowedRun:
    """A run in a calendar. `is_gone`: it is called off, or the reader has no part in it any more."""

    run: RunSummary
    sequence: int
    changed_at: datetime
    is_gone: bool
    seats: int | None = None


def token_of(key: bytes, feed_id: UUID) -> str:
    """Return what stands in the link of a feed."""
    mark = hmac.digest(key, b"calendar:" + feed_id.bytes, sha256)
    return feed_id.hex + urlsafe_b64encode(mark).decode().rstrip("=")


def feed_of(key: bytes, token: str) -> UUID | None:
    """Return which feed a link opens, or None; how long it takes tells nothing of how nearly it was right."""
    try:
        feed_id = UUID(hex=token[:_ID_LENGTH])
    except ValueError:
        return None
    return feed_id if hmac.compare_digest(token_of(key, feed_id).encode(), token.encode()) else None
