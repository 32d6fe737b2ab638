"""What an operator sees and does about messages that were set aside and keys that the broker refuses.

Replaying is asked for here and done by the worker, with its own code, in the order of the key. Every decision leaves a
row that says who, when, what and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.kernel.errors import Conflict, InvalidInput, NotFound
from shared.kernel.texts import N_
from shared.messaging import parking
from shared.messaging.parking import Letter
from shared.messaging.tables import message_decisions

REASON_LENGTH: Final = 500

_LETTER = """
    SELECT id, consumer, topic, partition, "offset", key, message_id, type, standing, cause, stack, tries,
           parked_at, retry_at,
           CASE WHEN consumer = ANY(:parking) THEN
               (SELECT count(*) FROM dead_letters AS behind
                 WHERE behind.consumer = letter.consumer AND behind.topic = letter.topic AND behind.key = letter.key
                   AND behind.settled_at IS NULL AND behind.id > letter.id)
           ELSE 0 END AS followers
      FROM dead_letters AS letter
     WHERE settled_at IS NULL AND standing <> 'follower'
"""
_LIST = text(f"{_LETTER} AND id > :after ORDER BY id LIMIT :limit")
_ONE = text(f"{_LETTER} AND id = :id")

_FIND = text("SELECT consumer, topic, key, type, cause FROM dead_letters WHERE id = :id AND settled_at IS NULL")

_ASK = text("UPDATE dead_letters SET retry_at = clock_timestamp(), settled_by = :by WHERE id = :id")

_STOPPED = """
    SELECT topic, key, cause, stopped_at,
           (SELECT count(*) FROM outbox WHERE outbox.topic = stopped_keys.topic AND outbox.key = stopped_keys.key)
               AS waiting
      FROM stopped_keys
"""
_LIST_STOPPED = text(f"{_STOPPED} ORDER BY stopped_at LIMIT :limit")
_ONE_STOPPED = text(f"{_STOPPED} WHERE topic = :topic AND key = :key")

_RELEASE = text("DELETE FROM stopped_keys WHERE topic = :topic AND key = :key RETURNING cause")

_DECISIONS = text("""
    SELECT decision.id, decided_at, action, actor_id, actor_name, reason, letter_id,
           decision.topic, decision.key, decision.type, decision.cause,
           letter.outcome, letter.settled_at, letter.cause AS cause_now, letter.retry_at IS NOT NULL AS is_asked
      FROM message_decisions AS decision
      LEFT JOIN dead_letters AS letter ON letter.id = decision.letter_id
     WHERE decision.id < :before
     ORDER BY decision.id DESC
     LIMIT :limit
""")
_NEWEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides: a person who is signed in, or a system user at a command line."""

    person_id: UUID | None = None
    name: str | None = None

    def __str__(self) -> str:
        return str(self.person_id or self.name)


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


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided, and what came of it: `outcome` is None while the message is still set aside."""

    id: int
    decided_at: datetime
    action: str
    actor_id: UUID | None
    actor_name: str | None
    reason: str
    letter_id: int | None
    topic: str
    key: str
    type: str | None
    cause: str
    outcome: str | None
    settled_at: datetime | None
    cause_now: str | None
    is_asked: bool


async def list_dead_letters(session: AsyncSession, *, after: int = 0, limit: int = 50) -> Sequence[DeadLetter]:
    """Return messages that failed or wait, oldest first, with ids above `after`."""
    values = {"after": after, "limit": limit, "parking": list(parking.PARKING)}
    rows = await (await session.connection()).execute(_LIST, values)
    return [DeadLetter(**row) for row in rows.mappings()]


async def get_dead_letter(session: AsyncSession, letter_id: int) -> DeadLetter:
    """Return a message that failed or waits; raises NotFound where it is settled, or waits behind another."""
    rows = await (await session.connection()).execute(_ONE, {"id": letter_id, "parking": list(parking.PARKING)})
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_open(letter_id)
    return DeadLetter(**row)


async def ask_replay(session: AsyncSession, letter_id: int, *, by: Decider, reason: str = "") -> None:
    """Have the worker try a message again, and after it those that wait behind it.

    Raises NotFound where it is settled, Conflict where it waits behind another.
    """
    letter, found = await _locked_first(session, letter_id)
    await (await session.connection()).execute(_ASK, {"id": letter.id, "by": str(by)})
    await _note(session, "replay", by, _reason(reason, required=False), letter_id=letter_id, **found)


async def discard(session: AsyncSession, letter_id: int, *, by: Decider, reason: str) -> None:
    """Give a message up; those behind it are tried. Raises as `ask_replay` does, and InvalidInput with no reason.

    The reason must name nobody: it is kept when those whom the message was about are erased.
    """
    why = _reason(reason)
    letter, found = await _locked_first(session, letter_id)
    await parking.settle(session, found["consumer"], letter, outcome="discarded", by=str(by))
    await _note(session, "discard", by, why, letter_id=letter_id, **found)


async def list_stopped_keys(session: AsyncSession, *, limit: int = 1000) -> Sequence[StoppedKey]:
    """Return the keys that the broker refuses, oldest first."""
    rows = await (await session.connection()).execute(_LIST_STOPPED, {"limit": limit})
    return [StoppedKey(**row) for row in rows.mappings()]


async def get_stopped_key(session: AsyncSession, topic: str, key: UUID) -> StoppedKey:
    """Return a key that the broker refuses; raises NotFound where it is not stopped."""
    rows = await (await session.connection()).execute(_ONE_STOPPED, {"topic": topic, "key": key})
    row = rows.mappings().one_or_none()
    if row is None:
        raise _not_stopped(topic, key)
    return StoppedKey(**row)


async def release_key(session: AsyncSession, topic: str, key: UUID, *, by: Decider, reason: str) -> None:
    """Let the relay try a stopped key again. Raises NotFound where it is not stopped, InvalidInput with no reason."""
    why = _reason(reason)
    released: Any = await (await session.connection()).execute(_RELEASE, {"topic": topic, "key": key})
    row = released.one_or_none()
    if row is None:
        raise _not_stopped(topic, key)
    await _note(session, "release", by, why, topic=topic, key=str(key), cause=row.cause)


async def list_decisions(session: AsyncSession, *, before: int | None = None, limit: int = 50) -> Sequence[Decision]:
    """Return what was decided, newest first, with ids below `before`."""
    values = {"before": _NEWEST if before is None else before, "limit": limit}
    rows = await (await session.connection()).execute(_DECISIONS, values)
    return [Decision(**row) for row in rows.mappings()]


async def _locked_first(session: AsyncSession, letter_id: int) -> tuple[Letter, dict[str, Any]]:
    """Return the letter, locked, and what a decision about it keeps."""
    row = (await (await session.connection()).execute(_FIND, {"id": letter_id})).mappings().one_or_none()
    if row is None:
        raise _not_open(letter_id)
    consumer, topic, key = row["consumer"], row["topic"], row["key"]
    letter = await parking.find_open(session, consumer, topic, key, letter_id)
    if letter is None:
        raise _not_open(letter_id)
    if consumer in parking.PARKING:
        first = await parking.first_open(session, consumer, topic, key)
        if first is not None and first.id != letter_id:
            raise Conflict(
                N_("Dead letter {id} waits behind {first} of the same key. Settle {first} first."),
                code="dead_letter_waits",
                id=letter_id,
                first=first.id,
            )
    return letter, dict(row)


async def _note(session: AsyncSession, action: str, by: Decider, reason: str, **about: object) -> None:
    row = {"action": action, "actor_id": by.person_id, "actor_name": by.name, "reason": reason, **about}
    await (await session.connection()).execute(insert(message_decisions).values(row))


def _reason(reason: str, *, required: bool = True) -> str:
    said = reason.strip()
    if required and not said:
        raise InvalidInput(
            N_("Say why: whoever comes after you must be able to understand it."), code="reason_missing", field="reason"
        )
    if len(said) > REASON_LENGTH:
        raise InvalidInput(
            N_("The reason is longer than {longest} characters."),
            code="reason_too_long",
            field="reason",
            longest=REASON_LENGTH,
        )
    return said


def _not_open(letter_id: int) -> NotFound:
    return NotFound(
        N_("There is no open dead letter {id}; it may have been settled meanwhile."),
        code="dead_letter_unknown",
        id=letter_id,
    )


def _not_stopped(topic: str, key: UUID) -> NotFound:
    return NotFound(N_("{key} of {topic} is not stopped."), code="key_not_stopped", key=key, topic=topic)
