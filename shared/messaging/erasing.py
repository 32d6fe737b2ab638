"""Dead letters of what its owner has erased: they may hold a person's whole state, and must not outlive the copy.

A grave and a message that is being set aside lock the key first, so that neither can miss the other.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.messaging.inbox import KeyOnTopic
from shared.messaging.messages import Incoming

BY_GRAVE = "grave"

_LOCK_KEYS = text("""
    SELECT pg_advisory_xact_lock(asked.lock)
      FROM (SELECT hashtextextended('grave ' || topic || ' ' || key, 0) AS lock
              FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) AS asked (topic, key)
             ORDER BY 1) AS asked
""")

# Before the versions are raised: a replay locks its letter first, and then the version.
_LOCK_LETTERS = text("""
    SELECT letter.id
      FROM dead_letters AS letter
      JOIN unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) AS asked (topic, key)
        ON letter.topic = asked.topic AND letter.key = asked.key
     WHERE letter.consumer = :consumer AND letter.settled_at IS NULL
     ORDER BY letter.id
       FOR UPDATE OF letter
""")

_EMPTY = text("""
    UPDATE dead_letters
       SET settled_at = clock_timestamp(), outcome = 'discarded', settled_by = :by, retry_at = NULL,
           value = NULL, record_key = NULL, headers = '[]', stack = ''
     WHERE consumer = :consumer AND topic = :topic AND key = :key AND settled_at IS NULL AND message_id <> :grave
""")

_BURIED = text("""
    SELECT count(*) FROM copy_versions WHERE topic = :topic AND key::text = :key AND grave AND version >= :version
""")


async def lock_letters(session: AsyncSession, consumer: str, keys: Collection[KeyOnTopic]) -> None:
    """Lock these keys against messages that are being set aside, and the letters that are open."""
    if not keys:
        return
    await _lock_keys(session, keys)
    await (await session.connection()).execute(_LOCK_LETTERS, {"consumer": consumer, **_arrays(keys)})


async def empty_letters(session: AsyncSession, consumer: str, key: KeyOnTopic, *, grave: UUID) -> None:
    """Settle the open letters of a key that is buried, and forget what they hold; `grave` is the tombstone's own id."""
    values = {"consumer": consumer, "topic": key[0], "key": key[1], "grave": grave, "by": BY_GRAVE}
    await (await session.connection()).execute(_EMPTY, values)


async def is_buried(session: AsyncSession, incoming: Incoming) -> bool:
    """Whether a message that is to be set aside is about somebody erased; locks its key.

    One whose version cannot be read is: its content must not be kept.
    """
    key = (incoming.record.topic, incoming.key)
    await _lock_keys(session, [key])
    values = {"topic": key[0], "key": key[1], "version": incoming.envelope.version if incoming.envelope else 0}
    return bool((await (await session.connection()).execute(_BURIED, values)).scalar_one())


async def _lock_keys(session: AsyncSession, keys: Collection[KeyOnTopic]) -> None:
    await (await session.connection()).execute(_LOCK_KEYS, _arrays(keys))


def _arrays(keys: Collection[KeyOnTopic]) -> Mapping[str, list[str]]:
    return {"topics": [topic for topic, _ in keys], "keys": [key for _, key in keys]}
