"""Setting messages aside: a failing one, and in order those of its key that come after it.

Parking takes the inbox row too, so that a message is applied or parked and never both. The mark on the key goes in the
transaction that settles the last of its messages.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.messaging.inbox import lock_parked
from shared.messaging.messages import Incoming, Record

PARKING = frozenset({"effects"})  # a copy's messages do not wait for one another

_MARK = text("""
    INSERT INTO parked_keys (consumer, topic, key) VALUES (:consumer, :topic, :key) ON CONFLICT DO NOTHING
""")

_SET_ASIDE = text("""
    INSERT INTO dead_letters (consumer, topic, partition, "offset", key, message_id, type, standing,
                              record_key, headers, value, cause, stack, tries, retry_at)
    VALUES (:consumer, :topic, :partition, :offset, :key, :message_id, :type, :standing,
            :record_key, CAST(:headers AS jsonb), :value, :cause, :stack, :tries,
            clock_timestamp() + CAST(:retry_seconds AS float8) * interval '1 second')
""")

_OPEN = """
    SELECT id, topic, partition, "offset", key, message_id, type, standing, record_key, headers, value, tries, retry_at,
           COALESCE(retry_at <= clock_timestamp(), false) AS is_due,
           extract(epoch FROM clock_timestamp() - parked_at) AS age_seconds
      FROM dead_letters
     WHERE consumer = :consumer AND topic = :topic AND key = :key AND settled_at IS NULL
"""
_FIRST_OPEN = text(f"{_OPEN} ORDER BY id LIMIT 1 FOR UPDATE")
_FIRST_DUE = text(f"{_OPEN} AND retry_at <= clock_timestamp() ORDER BY id LIMIT 1 FOR UPDATE")
_STILL_OPEN = text(f"{_OPEN} AND id = :id FOR UPDATE")

_SETTLE = text("""
    UPDATE dead_letters
       SET settled_at = clock_timestamp(), outcome = :outcome, retry_at = NULL,
           settled_by = COALESCE(CAST(:by AS text), settled_by, 'worker'),
           value = NULL, record_key = NULL, headers = '[]', stack = ''
     WHERE id = :id
""")

_TRY_NEXT = text("""
    UPDATE dead_letters
       SET retry_at = clock_timestamp()
     WHERE id = (SELECT min(id) FROM dead_letters AS open
                  WHERE open.consumer = :consumer AND open.topic = :topic AND open.key = :key
                    AND open.settled_at IS NULL)
""")

_UNMARK_WHEN_EMPTY = text("""
    DELETE FROM parked_keys
     WHERE consumer = :consumer AND topic = :topic AND key = :key
       AND NOT EXISTS (SELECT FROM dead_letters AS open
                        WHERE open.consumer = :consumer AND open.topic = :topic AND open.key = :key
                          AND open.settled_at IS NULL)
""")

_FAIL_AGAIN = text("""
    UPDATE dead_letters
       SET standing = :standing, cause = :cause, stack = :stack, tries = tries + 1,
           retry_at = clock_timestamp() + CAST(:retry_seconds AS float8) * interval '1 second'
     WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class SetAside:
    """Why a message is set aside. With `retry_seconds` the worker tries again by itself."""

    standing: str
    cause: str
    stack: str = ""
    tries: int = 0
    retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was set aside, with the record as it came."""

    id: int
    record: Record
    key: str
    message_id: UUID
    standing: str
    tries: int
    age_seconds: float
    retry_at: datetime | None
    is_due: bool


async def mark_parked(session: AsyncSession, consumer: str, topic: str, key: str) -> None:
    """Mark a key: what comes on it is set aside from now on."""
    await _run(session, _MARK, {"consumer": consumer, "topic": topic, "key": key})


async def set_aside(session: AsyncSession, consumer: str, incoming: Incoming, why: SetAside) -> None:
    """Keep a message, whole, until somebody settles it."""
    record = incoming.record
    await _run(
        session,
        _SET_ASIDE,
        {
            "consumer": consumer,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": incoming.key,
            "message_id": incoming.message_id,
            "type": incoming.envelope.type[:200] if incoming.envelope else None,
            "standing": why.standing,
            "record_key": record.key,
            "headers": _packed(record.headers),
            "value": record.value,
            "cause": why.cause[:500],
            "stack": why.stack,
            "tries": why.tries,
            "retry_seconds": why.retry_seconds,
        },
    )


async def first_open(session: AsyncSession, consumer: str, topic: str, key: str) -> Letter | None:
    """Return the message that a key waits for, locked; None where nothing waits."""
    return await _locked(session, _FIRST_OPEN, consumer, topic, key)


async def next_due(session: AsyncSession, consumer: str, topic: str, key: str) -> Letter | None:
    """Return the message of a key that is to be tried now, locked; None where its time has not come."""
    if consumer not in PARKING:
        return await _locked(session, _FIRST_DUE, consumer, topic, key)
    first = await first_open(session, consumer, topic, key)
    return first if first and first.is_due else None


async def find_open(session: AsyncSession, consumer: str, topic: str, key: str, letter_id: int) -> Letter | None:
    """Return a message that was set aside, locked; None where it is settled."""
    return await _locked(session, _STILL_OPEN, consumer, topic, key, letter_id)


async def settle(session: AsyncSession, consumer: str, letter: Letter, *, outcome: str, by: str | None = None) -> None:
    """Close a message that was set aside and forget its content. The next of its key is tried, or the key is free.

    Without `by` it is the doing of whoever asked for it, or else of the worker.
    """
    place = {"consumer": consumer, "topic": letter.record.topic, "key": letter.key}
    await _run(session, _SETTLE, {"id": letter.id, "outcome": outcome, "by": by})
    if consumer in PARKING:
        await _run(session, _TRY_NEXT, place)
    await _run(session, _UNMARK_WHEN_EMPTY, place)


async def fail_again(session: AsyncSession, letter: Letter, why: SetAside) -> None:
    """Note that trying again did not help."""
    await _run(
        session,
        _FAIL_AGAIN,
        {
            "id": letter.id,
            "standing": why.standing,
            "cause": why.cause[:500],
            "stack": why.stack,
            "retry_seconds": why.retry_seconds,
        },
    )


async def _locked(
    session: AsyncSession,
    statement: Any,  # noqa: ANN401 - Core text
    consumer: str,
    topic: str,
    key: str,
    letter_id: int | None = None,
) -> Letter | None:
    await lock_parked(session, consumer, {(topic, key)})
    place: dict[str, Any] = {"consumer": consumer, "topic": topic, "key": key}
    values = place if letter_id is None else {**place, "id": letter_id}
    row = (await (await session.connection()).execute(statement, values)).one_or_none()
    if row is None:
        return None
    record = Record(row.topic, row.partition, row.offset, row.record_key, _unpacked(row.headers), row.value)
    age = float(row.age_seconds)
    return Letter(row.id, record, row.key, row.message_id, row.standing, row.tries, age, row.retry_at, row.is_due)


async def _run(session: AsyncSession, statement: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - Core text
    connection = await session.connection()
    await connection.execute(statement, values)


def _packed(headers: tuple[tuple[str, bytes], ...]) -> str:
    return json.dumps([[name.replace("\x00", ""), base64.b64encode(value).decode()] for name, value in headers])


def _unpacked(headers: list[list[str]]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, base64.b64decode(value)) for name, value in headers)
