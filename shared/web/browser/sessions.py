"""Web sessions as rows of a service's database. The browser holds a random id; the row holds only its hash.

All times are machine time. A session ends after an hour without use and after twelve in any case; what ended is
forgotten by the worker.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Database
from shared.kernel.clock import machine_now
from shared.kernel.grants import Subject
from shared.kernel.keys import derived_key
from shared.web.tables import sign_in_attempts, web_sessions

IDLE: Final = timedelta(hours=1)
ABSOLUTE: Final = timedelta(hours=12)
ATTEMPT_LIFE: Final = timedelta(minutes=10)
_SEEN_STEP: Final = timedelta(minutes=1)  # a session in use is noted as seen at most this often
_ID_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURGE_STEP: Final = 500


def new_random() -> str:
    """Return an id that nobody guesses, as text for a cookie."""
    return secrets.token_urlsafe(_ID_BYTES)


def digest(text: str) -> bytes:
    """Return what stands in the database for a random text."""
    return hashlib.sha256(text.encode()).digest()


def csrf_token_of(session_id: str) -> str:
    """Return the token that forms of this session bring: it follows from the secret id and does not tell it."""
    return hmac.digest(session_id.encode(), b"kurslots form token", "sha256").hex()


async def begin_session(database: Database, subject: Subject, *, hint: str | None, instead_of: str | None) -> str:
    """Begin a session and return its id, which is always new; the browser's session before it ends."""
    session_id = new_random()
    now = machine_now()
    row = {
        "id_hash": digest(session_id),
        "issuer": subject.issuer,
        "subject": subject.sub,
        "sealed_hint": None if hint is None else _sealed(session_id, hint),
        "made_at": now,
        "seen_at": now,
    }
    async with database.engine.begin() as connection:
        if instead_of is not None:
            await connection.execute(delete(web_sessions).where(web_sessions.c.id_hash == digest(instead_of)))
        await connection.execute(insert(web_sessions).values(row))
    return session_id


async def find_session(database: Database, session_id: str, *, is_use: bool = True) -> Subject | None:
    """Return whose session it is, and note that it is used; None where it is unknown or has ended.

    What a page asks by itself (`is_use` is false) must not keep the session of somebody who has left.
    """
    table, now = web_sessions.c, machine_now()
    mine = table.id_hash == digest(session_id)
    async with database.engine.connect() as connection:
        row = (
            await connection.execute(
                select(table.issuer, table.subject, table.seen_at).where(
                    mine, table.seen_at > now - IDLE, table.made_at > now - ABSOLUTE
                )
            )
        ).one_or_none()
    if row is None:
        return None
    if is_use and row.seen_at < now - _SEEN_STEP:
        async with database.engine.begin() as connection:
            await connection.execute(update(web_sessions).where(mine).values(seen_at=now))
    return Subject(row.issuer, row.subject)


async def end_session(database: Database, session_id: str) -> str | None:
    """End a session; return the identity token that it began with, where that was kept."""
    async with database.engine.begin() as connection:
        gone = await connection.execute(
            delete(web_sessions)
            .where(web_sessions.c.id_hash == digest(session_id))
            .returning(web_sessions.c.sealed_hint)
        )
        sealed = gone.scalar_one_or_none()
    return None if sealed is None else _unsealed(session_id, sealed)


async def end_sessions_of(session: AsyncSession, subject: Subject) -> None:
    """End every session of a sign-in, in the caller's transaction: it is nobody's any longer."""
    table = web_sessions.c
    connection = await session.connection()
    await connection.execute(delete(web_sessions).where(table.issuer == subject.issuer, table.subject == subject.sub))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a sign-in that is under way must end with, and where it leads."""

    state: str
    nonce: str
    code_verifier: str
    return_to: str


async def keep_attempt(database: Database, attempt: Attempt, *, browser: str) -> None:
    """Keep a sign-in that a browser begins."""
    async with database.engine.begin() as connection:
        await connection.execute(
            insert(sign_in_attempts).values(
                state_hash=digest(attempt.state),
                browser_hash=digest(browser),
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
                return_to=attempt.return_to,
                made_at=machine_now(),
            )
        )


async def take_attempt(database: Database, state: str, *, browser: str) -> Attempt | None:
    """Return the sign-in that this browser began with this state, once; None where there is none, or it is too old."""
    table = sign_in_attempts.c
    async with database.engine.begin() as connection:
        taken = await connection.execute(
            delete(sign_in_attempts)
            .where(table.state_hash == digest(state), table.browser_hash == digest(browser))
            .returning(table.nonce, table.code_verifier, table.return_to, table.made_at)
        )
        row = taken.one_or_none()
    if row is None or row.made_at < machine_now() - ATTEMPT_LIFE:
        return None
    return Attempt(state, row.nonce, row.code_verifier, row.return_to)


async def purge_sessions(database: Database) -> int:
    """Forget sessions that have ended and sign-ins that nobody finished; return how many. Run by the worker."""
    sessions, attempts, now = web_sessions.c, sign_in_attempts.c, machine_now()
    gone = 0
    for table, key, is_old in (
        (web_sessions, sessions.id_hash, (sessions.seen_at < now - IDLE) | (sessions.made_at < now - ABSOLUTE)),
        (sign_in_attempts, attempts.state_hash, attempts.made_at < now - ATTEMPT_LIFE),
    ):
        old = select(key).where(is_old).limit(_PURGE_STEP).with_for_update(skip_locked=True)
        while True:
            async with database.engine.begin() as connection:
                found = (await connection.execute(delete(table).where(key.in_(old)))).rowcount
            gone += found
            if found < _PURGE_STEP:
                break
    return gone


def _sealed(session_id: str, hint: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _seal(session_id).encrypt(nonce, hint.encode(), None)


def _unsealed(session_id: str, sealed: bytes) -> str | None:
    try:
        return _seal(session_id).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
    except InvalidTag:
        return None


def _seal(session_id: str) -> AESGCM:
    # from the id itself: without the browser's cookie nobody, and no backup, can read what the issuer said of a person
    return AESGCM(derived_key(session_id.encode(), "web/session/hint"))
