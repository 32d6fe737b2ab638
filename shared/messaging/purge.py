"""Forgetting by age, in small steps that hold no lock for long.

The inbox is kept twice as long as a topic keeps a fact: a record that can still be read is never forgotten.
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy import TextClause, text

from shared.contracts.topics import TOPICS, Kind
from shared.db import Database

STEP = 1000
INBOX_DAYS = 2 * max(topic.keep_days for topic in TOPICS if topic.kind is Kind.FACT)
SETTLED_LETTER_DAYS = 90
DECISION_DAYS = 730
HALT_DAYS = 1
FORGOTTEN_TIMER_DAYS = 7
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Aged:
    """A table whose rows are forgotten so many days after the time in a column."""

    table: str
    key: str
    column: str
    days: int

    def step(self) -> TextClause:
        """Return what deletes the oldest of them, `step` at most."""
        # of the statement, for with a time that runs on no index would find them
        return text(f"""
            DELETE FROM {self.table}
             WHERE ({self.key}) IN (SELECT {self.key} FROM {self.table}
                                     WHERE {self.column} < statement_timestamp() - :days * interval '1 day'
                                     ORDER BY {self.column} LIMIT :step)
        """)  # noqa: S608 - names of ours


_AGED = (
    Aged("inbox", "message_id, consumer", "seen_at", INBOX_DAYS),
    Aged("dead_letters", "id", "settled_at", SETTLED_LETTER_DAYS),
    Aged("message_decisions", "id", "decided_at", DECISION_DAYS),
    Aged("halted_consumers", "worker, consumer", "noted_at", HALT_DAYS),
    Aged("timer_failures", "timer, row_id", "next_try_at", FORGOTTEN_TIMER_DAYS),
)


async def purge(database: Database, *, step: int = STEP) -> int:
    """Delete all that is too old, `step` rows in a transaction; return how many rows went."""
    gone = 0
    for aged in _AGED:
        while True:
            async with database.engine.begin() as connection:
                count = (await connection.execute(aged.step(), {"days": aged.days, "step": step})).rowcount
            gone += count
            if count < step:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
    return gone
