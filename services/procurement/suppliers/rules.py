"""Claim codes by which somebody who signs in takes charge of a supplier that an officer has added."""

import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

CLAIM_LIFETIME: Final = timedelta(days=14)
_READABLE = "23456789BCDFGHJKMNPQRSTVWXZ"  # no vowels, nothing that looks like something else
_GROUPS, _GROUP_LENGTH = 4, 4


def new_claim_code() -> str:
    """Return a new code such as `7K3M-9XQD-2BWF-HJ4T`; 27^16 of them, so guessing is hopeless."""
    groups = ("".join(secrets.choice(_READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def claim_hash(key: bytes, code: str) -> bytes:
    """Return what is stored of a code; case, spaces and hyphens do not matter."""
    return hmac.digest(key, re.sub(r"[\s-]", "", code).upper().encode(), "sha256")
