"""Keys of booking: identity numbers are sealed at rest, and found by a keyed hash.

And what only we can make: links to calendars, and the codes at a door.

Made once in the composition root from the service's root key; nothing else sees that key.
"""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kernel.keys import derived_key

_NONCE_BYTES = 12
_SEALED_FOR = b"booking/identity-number"
_UUID_BYTES = 16
_PROOF_BYTES = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """One key for each purpose."""

    number_sealing: bytes
    number_lookup: bytes
    calendar_links: bytes
    door_codes: bytes

    @classmethod
    def derive(cls, root: bytes) -> "Keys":
        """Return the keys that `root` gives."""
        return cls(
            number_sealing=derived_key(root, "booking/number-sealing"),
            number_lookup=derived_key(root, "booking/number-lookup"),
            calendar_links=derived_key(root, "booking/calendar-links"),
            door_codes=derived_key(root, "booking/door-codes"),
        )

    def seal(self, number: str) -> bytes:
        """Return the number encrypted (AES-256-GCM, a random nonce first)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.number_sealing).encrypt(nonce, number.encode(), _SEALED_FOR)

    def unseal(self, sealed: bytes) -> str:
        """Return the number; raises InvalidTag where it was changed or sealed under another key."""
        nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(self.number_sealing).decrypt(nonce, box, _SEALED_FOR).decode()

    def lookup(self, kind: str, number: str) -> bytes:
        """Return the keyed hash by which the same number of a kind is found again."""
        return hmac.digest(self.number_lookup, f"{kind}:{number}".encode(), sha256)
