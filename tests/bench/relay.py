"""Publishing events that wait in a table: the relay against the producer alone, and against simpler relays.

Every event is 280 bytes of JSON on one of 500 keys, in order within its key, with the same headers and `acks=all`.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker, KafkaResponse
from faststream_outbox import OutboxBroker, make_outbox_table
from prometheus_client import REGISTRY
from sqlalchemy import MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.envelope import Envelope
from shared.db import Database, open_database
from shared.kernel.clock import machine_now
from shared.messaging import tables
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.outbox import SLOTS
from shared.messaging.relay import Relay, RelayPlace
from tests.bench.parts import Parts
from tests.bench.rounds import OURS, Aim, Bench, Contender
from tests.bench.size import Size
from tests.bench.topics import check_topic, fresh_topic
from tests.support.messaging import until

TOPIC = "booking.bookings"
TYPE = "booking.confirmed.v1"
KEYS = 500
PAYLOAD_BYTES = 280
ALONE = "aiokafka alone, from memory"
ORDERED = "faststream-outbox, one worker, batches of 500"
DEFAULT = "faststream-outbox, as it comes"
ONE_ROW = "a row at a time"
_LONGEST_SECONDS = 600.0  # a turn's own limit is shorter

_FILL = """
    INSERT INTO outbox (event_id, topic, key, slot, type, version, at, traceparent, payload)
    SELECT gen_random_uuid(), $1, k.key, k.slot, $2, n, now(), NULL, convert_to(
               rpad('{"n":' || n || ',"text":"', $5 - 2, 'x') || '"}', 'UTF8')
      FROM generate_series($7::int, $3) AS n
      JOIN unnest($4::uuid[], $6::int[]) WITH ORDINALITY AS k (key, slot, place) ON k.place = n % cardinality($4) + 1
     ORDER BY n
"""
_NEXT = "SELECT id, event_id, topic, key, type, version, at, traceparent, payload FROM outbox ORDER BY id LIMIT 1"


@dataclass(frozen=True, slots=True)
class Event:
    """An event in memory, ready for the wire."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def keys() -> list[UUID]:
    """Return the keys, always the same."""
    return [UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128) for number in range(KEYS)]


def event(number: int) -> Event:
    """Return the event with this number as the relay sends it."""
    key = keys_by_place()[number % KEYS]
    envelope = Envelope(UUID(int=number), TYPE, "/booking", key, machine_now(), number)
    return Event(str(key).encode(), payload(number), envelope.headers())


def payload(number: int) -> bytes:
    """Return 280 bytes of JSON."""
    begun = f'{{"n":{number},"text":"'
    return begun.ljust(PAYLOAD_BYTES - 2, "x").encode() + b'"}'


_KEYS: list[UUID] = []


def keys_by_place() -> Sequence[UUID]:
    """Return the keys by `number % KEYS`."""
    if not _KEYS:
        _KEYS.extend(keys())
    return _KEYS


def a_producer(bootstrap: str) -> AIOKafkaProducer:
    """Return the producer of every contender that has one of its own."""
    return AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=256 * 1024)


@asynccontextmanager
async def contenders(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give the contenders, on a database of their own."""
    metadata = MetaData()
    foreign = make_outbox_table(metadata, table_name="foreign_outbox")
    url = await parts.blank_database(tables.metadata, metadata)
    database = open_database(url, name="bench relay")
    try:
        yield contenders_on(parts, size, url, database, foreign)
    finally:
        await database.close()
        await parts.drop(url)


def contenders_on(parts: Parts, size: Size, url: str, database: Database, foreign: Table) -> Sequence[Contender]:
    """Return the contenders on this database."""
    few = size.slow_events
    return [
        _contender(OURS, parts, size.events, partial(publish_with_relay, parts, url, database, size.events)),
        _contender(ALONE, parts, size.events, lambda namespace: _alone(parts, namespace, size.events)),
        _contender(
            ORDERED,
            parts,
            few,
            lambda namespace: _foreign(
                parts,
                database,
                foreign,
                namespace,
                few,
                fetch_batch_size=500,
                terminal_flush_batch_size=1,
                min_fetch_interval=0.01,
            ),
        ),
        _contender(DEFAULT, parts, few, lambda namespace: _foreign(parts, database, foreign, namespace, few)),
        _contender(ONE_ROW, parts, few, lambda namespace: _one_row(parts, url, namespace, few)),
    ]


def _contender(name: str, parts: Parts, count: int, publish: Callable[[str], Awaitable[float]]) -> Contender:
    async def run() -> Mapping[str, float]:
        async with fresh_topic(parts.bootstrap, TOPIC) as namespace:
            seconds = await publish(namespace)
            await check_topic(parts.bootstrap, f"{namespace}.{TOPIC}", count=count, keys=KEYS)
        return {name: count / seconds}

    return Contender(name, run)


async def fill(url: str, first: int, last: int) -> None:
    """Put events into the outbox, in one transaction."""
    connection = await asyncpg.connect(url)
    try:
        found = list(keys_by_place())
        slots = [zlib.crc32(key.bytes) % SLOTS for key in found]
        await connection.execute(_FILL, TOPIC, TYPE, last, found, PAYLOAD_BYTES, slots, first)
    finally:
        await connection.close()


async def publish_with_relay(parts: Parts, url: str, database: Database, count: int, namespace: str) -> float:
    """Let a relay publish `count` events; return how many seconds it took from the commit to the empty outbox."""
    relay = Relay(database, RelayPlace("booking", namespace, KafkaConnection(parts.bootstrap)))
    running = asyncio.create_task(relay.run())
    try:
        await until(lambda: _is(relay.is_active))
        await fill(url, 1, 1)  # its producer is connected with the first
        relay.wake()
        await _until_empty(database, "outbox")
        await fill(url, 2, count)
        started = time.perf_counter()
        relay.wake()
        # its own count, not the table: who asks again and again for what is left slows down what takes it away
        await until(lambda: _is(_published(relay) == count), seconds=_LONGEST_SECONDS, what="every event published")
        seconds = time.perf_counter() - started
        await _until_empty(database, "outbox")
        return seconds
    finally:
        relay.stop()
        await running


def _published(relay: Relay) -> float | None:
    labels = {"service": relay.place.service, "topic": relay.place.topic(TOPIC)}
    return REGISTRY.get_sample_value("kurslots_relay_published_total", labels)


async def _until_empty(database: Database, table: str) -> None:
    autocommit = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommit.connect() as connection:
        query = text(f"SELECT NOT EXISTS (SELECT FROM {table})")  # noqa: S608 - a name of ours

        async def is_empty() -> bool:
            return bool((await connection.execute(query)).scalar_one())

        await until(is_empty, seconds=_LONGEST_SECONDS, what="an empty outbox")


async def _is(value: bool) -> bool:  # noqa: FBT001 - what `until` waits for
    return value


async def _alone(parts: Parts, namespace: str, count: int) -> float:
    events = [event(number) for number in range(1, count + 1)]
    producer = a_producer(parts.bootstrap)
    await producer.start()
    try:
        topic = f"{namespace}.{TOPIC}"
        started = time.perf_counter()
        sent = [await producer.send(topic, value=each.value, key=each.key, headers=each.headers) for each in events]
        await asyncio.gather(*sent)
        return time.perf_counter() - started
    finally:
        await producer.stop()


async def _foreign(
    parts: Parts,
    database: Database,
    table: Table,
    namespace: str,
    count: int,
    **options: Any,  # noqa: ANN401 - of its subscriber
) -> float:
    outbox = OutboxBroker(database.engine, outbox_table=table, logger=None)
    kafka = KafkaBroker(parts.bootstrap, acks="all", enable_idempotence=True, logger=None)

    @kafka.publisher(f"{namespace}.{TOPIC}")
    @outbox.subscriber("events", **options)
    async def relay(body: dict[str, Any]) -> KafkaResponse:
        each = event(body["n"])
        return KafkaResponse(body, key=each.key, headers={name: value.decode() for name, value in each.headers})

    async with AsyncSession(database.engine) as session, session.begin():  # it calls what SQLModel's session deprecates
        for number in range(1, count + 1):
            await outbox.publish({"n": number, "text": "x" * (PAYLOAD_BYTES - 17)}, queue="events", session=session)
    await kafka.connect()
    try:
        started = time.perf_counter()
        await outbox.start()
        await _until_empty(database, "foreign_outbox")
        return time.perf_counter() - started
    finally:
        await outbox.stop()
        await kafka.stop()


async def _one_row(parts: Parts, url: str, namespace: str, count: int) -> float:
    await fill(url, 1, count)
    producer = a_producer(parts.bootstrap)
    connection = await asyncpg.connect(url)
    await producer.start()
    try:
        started = time.perf_counter()
        while row := await connection.fetchrow(_NEXT):
            envelope = Envelope(
                row["event_id"], row["type"], "/booking", row["key"], row["at"], row["version"], row["traceparent"]
            )
            await producer.send_and_wait(
                f"{namespace}.{row['topic']}",
                value=row["payload"],
                key=str(row["key"]).encode(),
                headers=envelope.headers(),
            )
            await connection.execute("DELETE FROM outbox WHERE id = $1", row["id"])
        return time.perf_counter() - started
    finally:
        await producer.stop()
        await connection.close()


BENCH = Bench(
    "relay",
    "Relay, events of 280 bytes",
    "events/s",
    contenders,
    (Aim(OURS, ALONE, least=0.6), Aim(OURS, ORDERED, least=20), Aim(OURS, DEFAULT), Aim(OURS, ONE_ROW)),
)
