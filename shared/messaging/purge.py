"""Forgetting by age, in small steps that hold no lock for long.

The inbox is kept twice as long as a topic keeps a fact: a record that can still be read is never forgotten.
"""

import asyncio

from sqlalchemy import text

from shared.contracts.topics import TOPICS, Kind
from shared.db import Database

STEP = 1000
INBOX_DAYS = 2 * max(topic.keep_days for topic in TOPICS if topic.kind is Kind.FACT)
SETTLED_LETTER_DAYS = 90
DECISION_DAYS = 730
HALT_DAYS = 1
FORGOTTEN_TIMER_DAYS = 7
_PAUSE_SECONDS = 0.05

_STEPS = (
    (
        text("""
            DELETE FROM inbox
             WHERE (message_id, consumer) IN (SELECT message_id, consumer FROM inbox
                                               WHERE seen_at < clock_timestamp() - :days * interval '1 day'
                                               ORDER BY seen_at LIMIT :step)
        """),
        INBOX_DAYS,
    ),
    (
        text("""
            DELETE FROM dead_letters
             WHERE id IN (SELECT id FROM dead_letters
                           WHERE settled_at < clock_timestamp() - :days * interval '1 day'
                           ORDER BY settled_at LIMIT :step)
        """),
        SETTLED_LETTER_DAYS,
    ),
    (
        text("""
            DELETE FROM message_decisions
             WHERE id IN (SELECT id FROM message_decisions
                           WHERE decided_at < clock_timestamp() - :days * interval '1 day'
                           ORDER BY decided_at LIMIT :step)
        """),
        DECISION_DAYS,
    ),
    (
        text("""
            DELETE FROM halted_consumers
             WHERE (worker, consumer) IN (SELECT worker, consumer FROM halted_consumers
                                           WHERE noted_at < clock_timestamp() - :days * interval '1 day'
                                           LIMIT :step)
        """),
        HALT_DAYS,
    ),
    (
        text("""
            DELETE FROM timer_failures
             WHERE (timer, row_id) IN (SELECT timer, row_id FROM timer_failures
                                        WHERE next_try_at < clock_timestamp() - :days * interval '1 day'
                                        ORDER BY next_try_at LIMIT :step)
        """),
        FORGOTTEN_TIMER_DAYS,
    ),
)


async def purge(database: Database, *, step: int = STEP) -> int:
    """Delete all that is too old, `step` rows in a transaction; return how many rows went."""
    gone = 0
    for statement, days in _STEPS:
        while True:
            async with database.engine.begin() as connection:
                count = (await connection.execute(statement, {"days": days, "step": step})).rowcount
            gone += count
            if count < step:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
    return gone
