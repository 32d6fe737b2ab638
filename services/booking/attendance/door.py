"""The code at the door: six digits that the room is shown, bound to the meeting and another every few minutes.

It is made of the meeting, the time and a key, and kept nowhere. The one before it still opens for whoever types it.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.booking.attendance.rules import DOOR_CODE_LIFE
from services.booking.keys import Keys

_CODES: Final = 1_000_000
_SECONDS: Final = int(DOOR_CODE_LIFE.total_seconds())


def shown_code(keys: Keys, meeting_id: UUID, now: datetime) -> tuple[str, datetime]:
    """Return the code that is shown now, and until when."""
    window = _window(now)
    return _code(keys, meeting_id, window), datetime.fromtimestamp((window + 1) * _SECONDS, UTC)


def is_shown(keys: Keys, meeting_id: UUID, code: str, now: datetime) -> bool:
    """Whether the code is shown now or was the last one before it."""
    window, given = _window(now), code.replace(" ", "").encode()
    return any(hmac.compare_digest(_code(keys, meeting_id, each).encode(), given) for each in (window, window - 1))


def _code(keys: Keys, meeting_id: UUID, window: int) -> str:
    made = hmac.digest(keys.door_codes, meeting_id.bytes + window.to_bytes(8), sha256)
    return f"{int.from_bytes(made[:8]) % _CODES:06d}"


def _window(now: datetime) -> int:
    return int(now.timestamp()) // _SECONDS
