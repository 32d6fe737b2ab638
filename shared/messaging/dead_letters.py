"""What an operator sees and does about messages that were set aside and keys that the broker refuses.

Replaying is asked for here and done by the worker, with its own code, in the order of the key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.kernel.errors import Conflict, NotFound
from shared.kernel.texts import N_
from shared.messaging import parking
from shared.messaging.parking import Letter

_LIST = text("""
    SELECT id, consumer, topic, partition, "offset", key, message_id, type, standing, cause, stack, tries,
           parked_at, retry_at,
           (SELECT count(*) FROM dead_letters AS behind
             WHERE behind.consumer = letter.consumer AND behind.topic = letter.topic AND behind.key = letter.key
               AND behind.settled_at IS NULL AND behind.id > letter.id) AS followers
      FROM dead_letters AS letter
     WHERE settled_at IS NULL AND standing <> 'follower' AND id > :after
     ORDER BY id
     LIMIT :limit
""")

_FIND = text("SELECT consumer, topic, key FROM dead_letters WHERE id = :id AND settled_at IS NULL")

_ASK = text("UPDATE dead_letters SET retry_at = clock_timestamp(), settled_by = :by WHERE id = :id")

_STOPPED = text("""
    SELECT topic, key, cause, stopped_at,
           (SELECT count(*) FROM outbox WHERE outbox.topic = stopped_keys.topic AND outbox.key = stopped_keys.key)
               AS waiting
      FROM stopped_keys
     ORDER BY stopped_at
""")

_RELEASE = text("DELETE FROM stopped_keys WHERE topic = :topic AND key = :key RETURNING key")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed or waits, with how many of its key wait behind it. Its content is not shown."""

    id: int
    consumer: str
    topic: str
    partition: int
    offset: int
    key: str
    message_id: UUID
    type: str | None
    standing: str
    cause: str
    stack: str
    tries: int
    parked_at: datetime
    retry_at: datetime | None
    followers: int


@dataclass(frozen=True, slots=True)
class StoppedKey:
    """A key whose next row the broker refuses, with how many rows wait."""

    topic: str
    key: UUID
    cause: str
    stopped_at: datetime
    waiting: int


async def list_dead_letters(session: AsyncSession, *, after: int = 0, limit: int = 50) -> Sequence[DeadLetter]:
    """Return messages that failed or wait, oldest first, with ids above `after`."""
    rows = await (await session.connection()).execute(_LIST, {"after": after, "limit": limit})
    return [DeadLetter(**row) for row in rows.mappings()]


async def ask_replay(session: AsyncSession, letter_id: int, *, by: str) -> None:
    """Have the worker try a message again, and after it those that wait behind it.

    Raises NotFound where it is settled, Conflict where it waits behind another.
    """
    letter, _ = await _locked_first(session, letter_id)
    await (await session.connection()).execute(_ASK, {"id": letter.id, "by": by})


async def discard(session: AsyncSession, letter_id: int, *, by: str) -> None:
    """Give a message up; those behind it are tried. Raises as `ask_replay` does."""
    letter, consumer = await _locked_first(session, letter_id)
    await parking.settle(session, consumer, letter, outcome="discarded", by=by)


async def list_stopped_keys(session: AsyncSession) -> Sequence[StoppedKey]:
    """Return the keys that the broker refuses, oldest first."""
    rows = await (await session.connection()).execute(_STOPPED)
    return [StoppedKey(**row) for row in rows.mappings()]


async def release_key(session: AsyncSession, topic: str, key: UUID) -> None:
    """Let the relay try a stopped key again. Raises NotFound where it is not stopped."""
    released: Any = await (await session.connection()).execute(_RELEASE, {"topic": topic, "key": key})
    if released.first() is None:
        raise NotFound(N_("{key} of {topic} is not stopped."), code="key_not_stopped", key=key, topic=topic)


async def _locked_first(session: AsyncSession, letter_id: int) -> tuple[Letter, str]:
    found = (await (await session.connection()).execute(_FIND, {"id": letter_id})).one_or_none()
    letter = await parking.find_open(session, found.consumer, found.topic, found.key, letter_id) if found else None
    if found is None or letter is None:
        raise NotFound(
            N_("There is no open dead letter {id}; it may have been settled meanwhile."),
            code="dead_letter_unknown",
            id=letter_id,
        )
    if found.consumer in parking.PARKING:
        first = await parking.first_open(session, found.consumer, found.topic, found.key)
        if first is not None and first.id != letter_id:
            raise Conflict(
                N_("Dead letter {id} waits behind {first} of the same key. Settle {first} first."),
                code="dead_letter_waits",
                id=letter_id,
                first=first.id,
            )
    return letter, found.consumer
