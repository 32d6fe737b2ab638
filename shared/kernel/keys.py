"""Keys for one purpose each, derived from a service's root key, so that no key is used for two things."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


def derived_key(root: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for `purpose` (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"kurslots/{purpose}".encode()).derive(root)
