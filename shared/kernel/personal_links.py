"""Links and codes for one person, which two services make of the same key: neither travels on Kafka or is stored.

Whoever sends a message makes them when it is written, and whoever is then shown one makes it again and compares. A link
is for one thing (a meeting) and one person; a code of four digits is for one asking, and its tries are counted where it
is used.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from shared.kernel.keys import derived_key

_UUID_BYTES = 16
_PROOF_BYTES = 12
_CODES = 10_000


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """One key for each purpose."""

    link_key: bytes
    code_key: bytes

    @classmethod
    def derive(cls, root: bytes) -> "PersonalLinks":
        """Return the keys that `root` gives."""
        return cls(derived_key(root, "personal-links/link"), derived_key(root, "personal-links/code"))

    def token(self, thing_id: UUID, person_id: UUID) -> str:
        """Return what stands in the link."""
        packed = thing_id.bytes + person_id.bytes
        return base64.urlsafe_b64encode(packed + self._proof(packed)).decode().rstrip("=")

    def read(self, token: str) -> tuple[UUID, UUID] | None:
        """Return the thing and the person that a link is for, or None where we did not make it."""
        try:
            found = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        packed, proof = found[: 2 * _UUID_BYTES], found[2 * _UUID_BYTES :]
        if len(proof) != _PROOF_BYTES or not hmac.compare_digest(proof, self._proof(packed)):
            return None
        return UUID(bytes=packed[:_UUID_BYTES]), UUID(bytes=packed[_UUID_BYTES:])

    def code(self, asking_id: UUID) -> str:
        """Return the four digits of an asking."""
        number = int.from_bytes(hmac.digest(self.code_key, asking_id.bytes, sha256)[:8]) % _CODES
        return f"{number:04d}"

    def is_code(self, asking_id: UUID, code: str) -> bool:
        """Whether these are the four digits, compared in constant time."""
        return hmac.compare_digest(self.code(asking_id).encode(), code.encode())

    def _proof(self, packed: bytes) -> bytes:
        return hmac.digest(self.link_key, packed, sha256)[:_PROOF_BYTES]
