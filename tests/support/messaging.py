"""Messages for tests, and their delivery without Kafka by the code that delivers them in the product.

    await deliver(REACTIONS, a_message(BookingConfirmed, seats=2), database)

Every delivery is done twice, and the second must change nothing in any table.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text

import shared.contracts
from shared.contracts.envelope import Envelope
from shared.contracts.facts import Fact, Message, State
from shared.contracts.topics import Topic
from shared.db import Database
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.ids import new_id
from shared.messaging.copies import CopyKeeper
from shared.messaging.effects import Effects
from shared.messaging.messages import Incoming, Reading, Record, read_record
from shared.messaging.outbox import encoded
from shared.messaging.reactions import Copies, Reactions, Timers
from shared.messaging.taking import Taker
from shared.messaging.timers import TimerRunner
from shared.messaging.worker import Worker

MessageT = TypeVar("MessageT", bound=Message)
_GOLDEN = Path(str(shared.contracts.__file__)).parent / "golden"
SOME_TIME = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def a_message(message: type[MessageT], **changes: object) -> MessageT:
    """Return the golden sample of a message, about a new aggregate, with some fields changed."""
    sample = max((_GOLDEN / message.type_name).glob("*.json"))
    golden = message.model_validate_json(sample.read_bytes())
    return message.model_validate({**golden.model_dump(), message.key_field: new_id(), **changes})


def a_record(
    message: Message, *, version: int = 1, message_id: UUID | None = None, traceparent: str | None = None
) -> Record:
    """Return a message as it comes from Kafka."""
    envelope = an_envelope(type(message), message.key, version=version, message_id=message_id, traceparent=traceparent)
    return _record(message.topic, envelope, encoded(message))


def a_grave(state: type[State], key: UUID, *, version: int) -> Record:
    """Return a tombstone as it comes from Kafka."""
    return _record(state.topic, an_envelope(state, key, version=version), None)


def an_envelope(
    message: type[Message],
    key: UUID,
    *,
    version: int = 1,
    message_id: UUID | None = None,
    traceparent: str | None = None,
) -> Envelope:
    """Return what surrounds a message."""
    return Envelope(
        id=message_id or new_id(),
        type=message.type_name,
        source=f"/{message.topic.owner}",
        subject=key,
        time=SOME_TIME,
        version=version,
        traceparent=traceparent,
    )


def _record(topic: Topic, envelope: Envelope, value: bytes | None) -> Record:
    return Record(topic.name, 0, 0, str(envelope.subject).encode(), tuple(envelope.headers()), value)


async def deliver(
    reactions: Reactions,
    fact: Fact,
    database: Database,
    *,
    version: int = 1,
    message_id: UUID | None = None,
    clock: Clock | None = None,
) -> None:
    """Deliver a fact twice, as the consumer does: inbox, reaction, commit. Raises what the reaction raises."""
    assert type(fact) in reactions.handlers, f"{reactions.service} does not act on {type(fact).__name__}"
    record = a_record(fact, version=version, message_id=message_id)
    await _deliver_twice(Effects(reactions, database, clock or SystemClock()), read_record(record, fact.topic))


async def deliver_state(
    copies: Copies, state: State, database: Database, *, version: int = 1, clock: Clock | None = None
) -> None:
    """Deliver a state twice, as the consumer does."""
    taker = CopyKeeper(copies, database, clock or SystemClock())
    await _deliver_twice(taker, read_record(a_record(state, version=version), state.topic))


async def deliver_grave(
    copies: Copies, state: type[State], key: UUID, database: Database, *, version: int, clock: Clock | None = None
) -> None:
    """Deliver a tombstone twice, as the consumer does."""
    taker = CopyKeeper(copies, database, clock or SystemClock())
    await _deliver_twice(taker, read_record(a_grave(state, key, version=version), state.topic))


async def run_timers(timers: Timers, database: Database, clock: Clock) -> int:
    """Run everything that is due by `clock`, once; return how many rows were acted on."""
    return await TimerRunner(timers, database, clock).run_due()


async def _deliver_twice(taker: Taker, incoming: Incoming) -> None:
    assert incoming.reading in (Reading.MESSAGE, Reading.GRAVE), incoming.cause
    await taker.in_one_transaction([incoming])
    before = await content_of(taker.database)
    await taker.in_one_transaction([incoming])
    after = await content_of(taker.database)
    changed = [table for table, digest in after.items() if before.get(table) != digest]
    assert not changed, f"the second delivery of {incoming.type_name} changed {', '.join(changed)}"


async def content_of(database: Database) -> dict[str, str]:
    """Return a digest of every table's rows."""
    async with database.engine.connect() as connection:
        tables = (await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
        digests = {}
        for (table,) in tables:
            query = f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" AS t"  # noqa: S608 - words and ids of our own
            digests[table] = (await connection.execute(text(query))).scalar_one()
        return digests


async def rows_of(database: Database, query: str, **values: object) -> list[Any]:
    """Return the rows of a query."""
    async with database.engine.connect() as connection:
        return list((await connection.execute(text(query), values)).all())


async def until(condition: Callable[[], Awaitable[object]], *, seconds: float = 40.0, what: str = "it") -> None:
    """Return when the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[Worker]:
    """Run a worker in this process, in the order of the product."""
    async with worker.lifespan():
        await worker.broker.start()
        try:
            yield worker
        finally:
            worker.stop_consumers_soon()
            await worker.broker.stop()
