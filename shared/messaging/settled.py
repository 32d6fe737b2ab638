"""Whether everything that was caused has happened: outboxes empty, nothing due, nothing read late, nothing waiting.

One look is not enough, for a message may pass from one place to the next behind it. Two looks that find nothing, with
nothing written to Kafka in between, are.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database, why_away
from shared.kernel.clock import Clock
from shared.messaging.copies import COPIES
from shared.messaging.effects import EFFECTS
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.lag import Lag, read_lag
from shared.messaging.reactions import Copies, Reactions, Timers
from shared.messaging.timers import TimerRunner
from shared.settings import SharedSettings

_BETWEEN_LOOKS_SECONDS = 0.3

# Rows of a stopped key wait for an operator, and so do dead letters that are not tried by themselves: not counted.
_UNSETTLED = text("""
    SELECT (SELECT count(*) FROM outbox
             WHERE NOT EXISTS (SELECT FROM stopped_keys AS stopped
                                WHERE stopped.topic = outbox.topic AND stopped.key = outbox.key)) AS outbox,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND retry_at IS NOT NULL) AS waiting
""")


class NotSettled(Exception):  # noqa: N818 - named for what is found
    """The time is up; `waits` says what was found last."""

    def __init__(self, waits: Sequence[str]) -> None:
        self.waits = tuple(waits)
        super().__init__("; ".join(waits))


@dataclass(frozen=True, slots=True)
class ServicePart:
    """What must be known of a service to see whether it is settled."""

    service: str
    database: Database
    reactions: Reactions
    copies: Copies
    timers: Timers
    clock: Clock


async def wait_until_settled(parts: Sequence[ServicePart], settings: SharedSettings, *, seconds: float = 60.0) -> float:
    """Return, once everything is settled, how many seconds that took. Raises NotSettled when the time is up."""
    begun = time.monotonic()
    before: int | None = None
    while True:
        waits, written = await _look(parts, settings)
        if not waits and written == before:
            return time.monotonic() - begun
        if time.monotonic() - begun > seconds:
            raise NotSettled(waits or ["messages are still being written"])
        before = None if waits else written
        await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)


async def _look(parts: Sequence[ServicePart], settings: SharedSettings) -> tuple[list[str], int]:
    waits: list[str] = []
    for part in parts:
        try:
            waits += await _look_at_database(part)
        except (SQLAlchemyError, OSError) as error:
            waits.append(f"{part.service}: the database does not answer ({why_away(error)})")
    try:
        lag = await _lag(parts, settings)
    except (KafkaError, OSError) as error:
        return [*waits, f"Kafka does not answer ({await KafkaConnection.of(settings).why_away(error)})"], -1
    waits += [f"{group}: {count} records behind" for group, count in lag.behind.items() if count]
    return waits, lag.written


async def _look_at_database(part: ServicePart) -> list[str]:
    async with part.database.engine.connect() as connection:
        row = (await connection.execute(_UNSETTLED)).one()
    due = await TimerRunner(part.timers, part.database, part.clock).count_due()
    counts = {"rows in the outbox": row.outbox, "messages that wait": row.waiting, "rows due": due}
    return [f"{part.service}: {count} {what}" for what, count in counts.items() if count]


async def _lag(parts: Sequence[ServicePart], settings: SharedSettings) -> Lag:
    groups = {}
    for part in parts:
        for name, topics in ((EFFECTS, part.reactions.topics), (COPIES, part.copies.topics)):
            if topics:
                groups[settings.topic(f"{part.service}.{name}")] = [settings.topic(topic.name) for topic in topics]
    return await read_lag(KafkaConnection.of(settings), groups)
