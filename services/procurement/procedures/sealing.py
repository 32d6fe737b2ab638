"""The key pair of a procedure.

Whoever has the public key can seal; the private one is wrapped by a key that is not in the database, and only the
opening unwraps it.
"""

import secrets
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.public import PrivateKey

from services.procurement.base import Keys

_NONCE_BYTES = 12


def new_key_pair(keys: Keys, procedure_id: UUID) -> tuple[bytes, bytes]:
    """Return a new public key (Curve25519) and the wrapped private key of a procedure."""
    private = PrivateKey.generate()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    wrapped = AESGCM(keys.opening_keys).encrypt(nonce, bytes(private), procedure_id.bytes)
    return bytes(private.public_key), nonce + wrapped


def unwrap_key(keys: Keys, procedure_id: UUID, wrapped: bytes) -> PrivateKey:
    """Return the private key of a procedure; only the opening may ask for it."""
    nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    return PrivateKey(AESGCM(keys.opening_keys).decrypt(nonce, sealed, procedure_id.bytes))
