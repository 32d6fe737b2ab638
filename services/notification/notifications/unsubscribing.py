"""One-click unsubscribing (RFC 8058): an address that only we could have made, for one kind of notification."""

import base64
import binascii
import hmac
from hashlib import sha256
from uuid import UUID

from shared.kernel.keys import derived_key

_UUID_BYTES = 16
_PROOF_BYTES = 16


class Unsubscribing:
    """Makes and reads the tokens. A token holds the notification's id and the proof that we wrote it."""

    def __init__(self, root_key: bytes, origin: str) -> None:
        self._key = derived_key(root_key, "notification/unsubscribe")
        self._origin = origin

    def url(self, notification_id: UUID) -> str:
        """Return the address to put into an e-mail's List-Unsubscribe."""
        return f"{self._origin}/notification/api/v1/unsubscribe/{self.token(notification_id)}"

    def token(self, notification_id: UUID) -> str:
        """Return the token for a notification."""
        return base64.urlsafe_b64encode(notification_id.bytes + self._proof(notification_id)).decode().rstrip("=")

    def read(self, token: str) -> UUID | None:
        """Return the notification that a token is for, or None where we did not write it."""
        try:
            packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        if len(packed) != _UUID_BYTES + _PROOF_BYTES:
            return None
        notification_id = UUID(bytes=packed[:_UUID_BYTES])
        return notification_id if hmac.compare_digest(packed[_UUID_BYTES:], self._proof(notification_id)) else None

    def _proof(self, notification_id: UUID) -> bytes:
        return hmac.digest(self._key, notification_id.bytes, sha256)[:_PROOF_BYTES]
