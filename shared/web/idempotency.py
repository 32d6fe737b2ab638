"""Answers given under an `Idempotency-Key`: the same request again gets the first answer, and is not done again.

Every stored answer is encrypted and padded, whatever the route, so that the table does not tell one kind from another.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from sqlalchemy import delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Database, rows_of
from shared.kernel.clock import machine_now
from shared.kernel.errors import Conflict, InvalidInput
from shared.kernel.grants import Subject
from shared.kernel.keys import derived_key
from shared.kernel.texts import N_
from shared.web.tables import idempotency_keys

KEY_HEADER: Final = "idempotency-key"
LONGEST_KEY: Final = 200
KEPT: Final = timedelta(hours=24)
_KEY_SYNTAX = re.compile(r"[\x21-\x7e]+")
_NONCE_BYTES = 12
_PADDED_TO = 1_024
_CLAIM = """
    SELECT pg_try_advisory_xact_lock($1), kept.fingerprint, kept.answer
      FROM (SELECT) AS asked LEFT JOIN idempotency_keys AS kept ON kept.lookup = $2
"""
_KEEP = """
    INSERT INTO idempotency_keys (lookup, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    RETURNING true
"""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that a committed command gave."""

    status: int
    content: bytes


def checked_key(values: list[str]) -> str | None:
    """Return the key of the headers, None where there is none; raises InvalidInput for one that is not well formed."""
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or len(key) > LONGEST_KEY or not _KEY_SYNTAX.fullmatch(key):
        raise InvalidInput(
            N_("The Idempotency-Key is not well formed: one header of 1 to {longest} visible ASCII characters."),
            code="idempotency_key_malformed",
            longest=LONGEST_KEY,
        )
    return key


class AnswerKeys:
    """The three keys of this table, derived from the service's root key."""

    def __init__(self, root: bytes) -> None:
        self._lookup = derived_key(root, "web/idempotency/lookup")
        self._fingerprint = derived_key(root, "web/idempotency/fingerprint")
        self._seal = AESGCM(derived_key(root, "web/idempotency/seal"))

    def lookup(self, subject: Subject | None, route: str, key: str) -> bytes:
        """Return what stands in the table for who asked for what under which key."""
        who = (subject.issuer, subject.sub) if subject else ("", "")
        return _digest(self._lookup, *(part.encode() for part in (*who, route, key)))

    def fingerprint(self, method: str, address: bytes, body: bytes) -> bytes:
        """Return what two requests have in common only if they are the same."""
        return _digest(self._fingerprint, method.encode(), address, body)

    def seal(self, lookup: bytes, answer: StoredAnswer) -> bytes:
        """Return the answer encrypted, its status too, bound to its row, its length hidden in steps."""
        padded = answer.status.to_bytes(2) + len(answer.content).to_bytes(4) + answer.content
        padded += bytes(-len(padded) % _PADDED_TO)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, padded, lookup)

    def unseal(self, lookup: bytes, sealed: bytes) -> StoredAnswer | None:
        """Return the answer, or None where it was sealed with another key: the service's secret was changed."""
        try:
            padded = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], lookup)
        except InvalidTag:
            return None
        return StoredAnswer(int.from_bytes(padded[:2]), padded[6 : 6 + int.from_bytes(padded[2:6])])


def _digest(key: bytes, *parts: bytes) -> bytes:
    digest = HMAC(key, SHA256())
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.finalize()


async def claim(session: AsyncSession, keys: AnswerKeys, *, lookup: bytes, fingerprint: bytes) -> StoredAnswer | None:
    """Hold the key until the transaction ends, and return the first answer to this request where there is one.

    Raises Conflict while another request holds the key, InvalidInput where the key was used for another request. An
    answer committed between the look and the hold is not seen; then `keep_answer` finds its place taken.
    """
    number = int.from_bytes(lookup[:8], signed=True)
    [(got, known_fingerprint, sealed)] = await rows_of(session, _CLAIM, number, lookup)
    if not got:
        raise _in_use()
    if sealed is None:
        return None
    if known_fingerprint != fingerprint:
        raise InvalidInput(
            N_("This Idempotency-Key was used for another request. Use a new key for each thing that is to be done."),
            code="idempotency_key_reused",
        )
    answer = keys.unseal(lookup, sealed)
    if answer is None:
        raise Conflict(
            N_("This was already done, but its answer can no longer be read. Reload to see how it stands."),
            code="idempotent_answer_lost",
        )
    return answer


def _in_use() -> Conflict:
    return Conflict(
        N_("A request with this Idempotency-Key is being carried out just now. Wait for its answer."),
        code="idempotency_key_in_use",
    )


async def keep_answer(
    session: AsyncSession, keys: AnswerKeys, answer: StoredAnswer, *, lookup: bytes, fingerprint: bytes
) -> None:
    """Store the answer in the command's own transaction. Raises Conflict where another request just stored one."""
    if not await rows_of(session, _KEEP, lookup, fingerprint, keys.seal(lookup, answer), machine_now()):
        raise _in_use()


async def purge_answers(database: Database, *, kept: timedelta = KEPT, step: int = 500) -> int:
    """Delete answers older than `kept`, a few in each transaction; return how many. Run by the worker."""
    table = idempotency_keys.c
    before = machine_now() - kept
    old = select(table.lookup).where(table.created_at < before).limit(step).with_for_update(skip_locked=True)
    purged = 0
    while True:
        async with database.engine.begin() as connection:
            statement = delete(idempotency_keys).where(table.lookup.in_(old)).returning(table.lookup)
            found = len((await connection.execute(statement)).all())
        purged += found
        if found < step:
            return purged
