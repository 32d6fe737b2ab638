"""How messaging stands in one service's database: what waits, what is set aside, what is refused."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared import metrics
from shared.db import Database
from shared.messaging.consumer import GroupConsumer
from shared.messaging.relay import Relay
from shared.messaging.standing import OUTBOX_BY_SHARD
from shared.messaging.timers import TimerRunner

_STATE = text("""
    SELECT (SELECT count(*) FROM stopped_keys) AS stopped_keys,
           (SELECT count(*) FROM parked_keys) AS parked_keys,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND standing = 'failed') AS dead_letters,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND retry_at IS NOT NULL) AS waiting,
           (SELECT count(*) FROM timer_failures) AS timer_failures
""")


@dataclass(frozen=True, slots=True)
class ShardState:
    """What waits in one relay's part of the outbox. `rows` stops counting at ten thousand."""

    shard: int
    rows: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class MessagingState:
    """`waiting` are messages that will be tried again by themselves."""

    shards: tuple[ShardState, ...]
    stopped_keys: int
    parked_keys: int
    dead_letters: int
    waiting: int
    timer_failures: int

    @property
    def outbox_rows(self) -> int:
        """How many rows wait to be published, in all shards."""
        return sum(shard.rows for shard in self.shards)


async def read_state(database: Database, *, shards: int = 1) -> MessagingState:
    """Return how messaging stands, the outbox by so many shards."""
    async with database.sessions() as session:
        connection = await session.connection()
        row = (await connection.execute(_STATE)).mappings().one()
        parts = (await connection.execute(OUTBOX_BY_SHARD, {"shards": shards})).all()
    return MessagingState(
        shards=tuple(ShardState(part.shard, part.rows, float(part.oldest_seconds)) for part in parts), **row
    )


def show(service: str, state: MessagingState) -> None:
    """Set the gauges of what the database says."""
    for shard in state.shards:
        metrics.OUTBOX_ROWS.labels(service, shard.shard).set(shard.rows)
        metrics.OUTBOX_OLDEST_SECONDS.labels(service, shard.shard).set(shard.oldest_seconds)
    metrics.RELAY_STOPPED_KEYS.labels(service).set(state.stopped_keys)
    metrics.PARKED_KEYS.labels(service).set(state.parked_keys)
    metrics.DEAD_LETTERS.labels(service).set(state.dead_letters)
    metrics.TIMERS_LEFT_ALONE.labels(service).set(state.timer_failures)


def show_parts(service: str, relays: Iterable[Relay], consumers: Iterable[GroupConsumer]) -> None:
    """Set the gauges of what the process knows by itself."""
    for relay in relays:
        metrics.RELAY_ACTIVE.labels(service, relay.place.shard).set(relay.is_active)
    for consumer in consumers:
        metrics.CONSUMER_HALTED.labels(service, consumer.group).set(consumer.halted_because is not None)
        metrics.CONSUMER_STANDING_STILL.labels(service, consumer.group).set(len(consumer.standing_still))
        consumer.show_lag()


class LateTimers:
    """Sees which due rows are not acted on. A row that comes due between two looks is not late yet.

    Machine time is counted, from the first look that saw the row: business time may be stepped.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, UUID], float] = {}

    async def look(self, service: str, timers: TimerRunner) -> None:
        """Look at every timer, and set the gauges."""
        seen: dict[tuple[str, UUID], float] = {}
        for timer, due in (await timers.list_due()).items():
            now = time.monotonic()
            late = [now - self._seen[timer, row_id] for row_id in due if (timer, row_id) in self._seen]
            metrics.TIMERS_LATE_ROWS.labels(service, timer).set(len(late))
            metrics.TIMERS_LATE_SECONDS.labels(service, timer).set(max(late, default=0.0))
            seen |= {(timer, row_id): self._seen.get((timer, row_id), now) for row_id in due}
        self._seen = seen
