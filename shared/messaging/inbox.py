"""The inbox: which facts have taken effect here, kept in the same transaction as the effects.

The order is fixed, for consumer and replay alike: parked keys are locked first, in sorted order, then ids are taken.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

KeyOnTopic = tuple[str, str]

_LOCK_PARKED = text("""
    SELECT parked.topic, parked.key
      FROM parked_keys AS parked
      JOIN unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) AS asked (topic, key)
        ON parked.topic = asked.topic AND parked.key = asked.key
     WHERE parked.consumer = :consumer
     ORDER BY parked.topic, parked.key
       FOR UPDATE OF parked
""")

_TAKE = text("""
    INSERT INTO inbox (message_id, consumer)
    SELECT asked.id, :consumer FROM unnest(CAST(:ids AS uuid[])) AS asked (id) ORDER BY asked.id
    ON CONFLICT DO NOTHING
    RETURNING message_id
""")


async def lock_parked(session: AsyncSession, consumer: str, keys: Collection[KeyOnTopic]) -> set[KeyOnTopic]:
    """Return which of these keys are parked, locked until the transaction ends."""
    if not keys:
        return set()
    asked = sorted(set(keys))
    connection = await session.connection()
    rows = await connection.execute(
        _LOCK_PARKED,
        {"consumer": consumer, "topics": [topic for topic, _ in asked], "keys": [key for _, key in asked]},
    )
    return {(row.topic, row.key) for row in rows}


async def take(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these messages are new here, and take them: nobody else will get them, if this commits."""
    if not ids:
        return set()
    connection = await session.connection()
    rows = await connection.execute(_TAKE, {"consumer": consumer, "ids": list(set(ids))})
    return {row.message_id for row in rows}
