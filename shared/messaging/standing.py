"""What an operator is told of a service at a glance, from its database alone: what waits to be sent or was set aside.

How far consumers are behind Kafka is known to the workers, and is in their metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.messaging.halts import Halt, list_halts

MOST_COUNTED: Final = 10_000
_MOST_FAILURES: Final = 50

# counted up to a limit in each shard, so that looking costs the same when a million rows wait
OUTBOX_BY_SHARD: Final = text(f"""
    SELECT shard, counted.rows, counted.oldest AS oldest_at,
           coalesce(extract(epoch FROM clock_timestamp() - counted.oldest), 0) AS oldest_seconds
      FROM generate_series(0, CAST(:shards AS integer) - 1) AS shard
     CROSS JOIN LATERAL (SELECT count(*) AS rows, min(recorded_at) AS oldest
                           FROM (SELECT recorded_at FROM outbox
                                  WHERE slot % CAST(:shards AS integer) = shard
                                  ORDER BY id LIMIT {MOST_COUNTED}) AS first) AS counted
     ORDER BY shard
""")  # noqa: S608 - the only thing put in is our own number
_SET_ASIDE = text("""
    SELECT standing, count(*) AS waiting, min(parked_at) AS oldest_at
      FROM dead_letters WHERE settled_at IS NULL GROUP BY standing
""")
_STOPPED = text("SELECT count(*) AS waiting, min(stopped_at) AS oldest_at FROM stopped_keys")
_TIMERS = text("""
    SELECT timer, count(*) AS rows, max(failures) AS failures, min(first_failed_at) AS first_failed_at,
           min(next_try_at) AS next_try_at, min(cause) AS cause
      FROM timer_failures GROUP BY timer ORDER BY min(first_failed_at) LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the oldest does."""

    waiting: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailingTimer:
    """A timer with rows that failed: how many, how often at most, and when the next is tried again."""

    timer: str
    rows: int
    failures: int
    first_failed_at: datetime
    next_try_at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a service stands. `outbox` is by shard of the relay, each counted to `MOST_COUNTED`."""

    outbox: Mapping[int, Waiting]
    set_aside: Mapping[str, Waiting]
    stopped: Waiting
    halts: Sequence[Halt]
    timers: Sequence[FailingTimer]

    @property
    def is_well(self) -> bool:
        """Whether nothing waits for a person: what is on its way is not counted."""
        return not (self.halts or self.timers or self.stopped.waiting or self.set_aside)


async def standing_of(session: AsyncSession, *, shards: int) -> Standing:
    """Return how the service stands now."""
    connection = await session.connection()
    outbox = (await connection.execute(OUTBOX_BY_SHARD, {"shards": shards})).all()
    set_aside = (await connection.execute(_SET_ASIDE)).all()
    stopped = (await connection.execute(_STOPPED)).one()
    timers = (await connection.execute(_TIMERS, {"most": _MOST_FAILURES})).mappings().all()
    return Standing(
        outbox={row.shard: Waiting(row.rows, row.oldest_at) for row in outbox},
        set_aside={row.standing: Waiting(row.waiting, row.oldest_at) for row in set_aside},
        stopped=Waiting(stopped.waiting, stopped.oldest_at),
        halts=await list_halts(session),
        timers=[FailingTimer(**row) for row in timers],
    )
