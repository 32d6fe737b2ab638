"""The issuer's signing keys, kept in the home folder and rotated on request.

The first key signs. Older ones stay published, so that tokens signed before a rotation are good until they expire.
"""

import json
import os
from pathlib import Path

from joserfc.jwk import KeySet, RSAKey

ALGORITHM = "RS256"
PUBLISHED_KEYS = 3
_BITS = 2048


class SigningKeys:
    """The keys of one file; made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = self._read() if path.exists() else []
        if not self._keys:
            self.rotate()

    @property
    def signing(self) -> KeySet:
        """The key that signs, as a set of one: so its `kid` gets into the token's header."""
        return KeySet([self._keys[0]])

    @property
    def published(self) -> KeySet:
        """Every key that a token may still be signed with."""
        return KeySet(list(self._keys))

    def rotate(self) -> str:
        """Make a new signing key and return its id; the oldest key goes when there are too many."""
        fresh = RSAKey.generate_key(_BITS, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        keys = [fresh, *self._keys][:PUBLISHED_KEYS]
        self._write(keys)
        self._keys = keys
        assert fresh.kid is not None
        return fresh.kid

    def _read(self) -> list[RSAKey]:
        document = json.loads(self._path.read_text(encoding="utf-8"))
        return [RSAKey.import_key(key) for key in document["keys"]]

    def _write(self, keys: list[RSAKey]) -> None:
        """Replace the file whole; a crash leaves the old one."""
        aside = self._path.with_suffix(".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"keys": [key.as_dict(private=True) for key in keys]}, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path)
