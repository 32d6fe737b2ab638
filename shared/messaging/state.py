"""How messaging stands in one service's database: what waits, what is set aside, what is refused."""

from dataclasses import dataclass

from sqlalchemy import text

from shared import metrics
from shared.db import Database

_COUNT_LIMIT = 10_000  # a gauge need not be exact beyond this, and must stay cheap

_STATE = text(f"""
    SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT {_COUNT_LIMIT}) AS counted) AS outbox_rows,
           (SELECT extract(epoch FROM clock_timestamp() - recorded_at) FROM outbox ORDER BY id LIMIT 1)
               AS oldest_seconds,
           (SELECT count(*) FROM stopped_keys) AS stopped_keys,
           (SELECT count(*) FROM parked_keys) AS parked_keys,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND standing = 'failed') AS dead_letters,
           (SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND retry_at IS NOT NULL) AS waiting,
           (SELECT count(*) FROM timer_failures) AS timer_failures
""")  # noqa: S608 - the only thing put in is our own number


@dataclass(frozen=True, slots=True)
class MessagingState:
    """`outbox_rows` stops counting at ten thousand. `waiting` are messages that will be tried again by themselves."""

    outbox_rows: int
    oldest_seconds: float
    stopped_keys: int
    parked_keys: int
    dead_letters: int
    waiting: int
    timer_failures: int


async def read_state(database: Database) -> MessagingState:
    """Return how messaging stands."""
    async with database.sessions() as session:
        row = (await (await session.connection()).execute(_STATE)).mappings().one()
    return MessagingState(**{**row, "oldest_seconds": float(row["oldest_seconds"] or 0)})


def show(service: str, state: MessagingState) -> None:
    """Set the gauges."""
    metrics.OUTBOX_ROWS.labels(service).set(state.outbox_rows)
    metrics.OUTBOX_OLDEST_SECONDS.labels(service).set(state.oldest_seconds)
    metrics.RELAY_STOPPED_KEYS.labels(service).set(state.stopped_keys)
    metrics.PARKED_KEYS.labels(service).set(state.parked_keys)
    metrics.DEAD_LETTERS.labels(service).set(state.dead_letters)
