"""Ids for programs (UUIDv7, in order of making) and short references for people (`B-7K3M9`)."""

import secrets
from uuid import NAMESPACE_URL, UUID, uuid5

import uuid_utils.compat

# No vowels, so that no words appear, and none of 0 O 1 I L, so that it can be read aloud.
_READABLE = "23456789BCDFGHJKMNPQRSTVWXZ"
_REFERENCE_LENGTH = 6
_DATA_FILES = uuid5(NAMESPACE_URL, "urn:kurslots:data-files")


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return uuid_utils.compat.uuid7()


def reference(prefix: str) -> str:
    """Return a new short reference such as `B-7K3M9X`; 27^6 of them, so uniqueness is the database's to hold."""
    return f"{prefix}-{''.join(secrets.choice(_READABLE) for _ in range(_REFERENCE_LENGTH))}"


def stable_id(kind: str, key: str) -> UUID:
    """Return the same id for the same thing each time a data file is read, in every service that reads it."""
    return uuid5(_DATA_FILES, f"{kind}:{key}")
