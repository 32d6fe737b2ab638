"""Taking facts from Kafka once, with one effect each: the consumer against one transaction a message, and the limit.

All of them read the same records, note each in the inbox and add one row for it, and commit offsets after the database.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from sqlalchemy import BigInteger, Identity, MetaData
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.contracts.booking import BookingConfirmed
from shared.contracts.envelope import Envelope
from shared.contracts.topics import BOOKINGS
from shared.db import Database, open_database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging import tables
from shared.messaging.broker import PatientBroker
from shared.messaging.consumer import MAX_RECORDS, GroupConsumer
from shared.messaging.effects import Effects
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.outbox import encoded
from shared.messaging.reactions import Delivery, Reactions
from tests.bench.parts import Parts
from tests.bench.relay import a_producer
from tests.bench.rounds import OURS, Aim, Bench, Contender, WrongResult
from tests.bench.size import Size
from tests.bench.topics import fresh_topic
from tests.support.messaging import SOME_TIME, a_message

LIMIT = "aiokafka getmany and asyncpg, one transaction a batch"
LIMIT_AT_ONCE = "the same, all effects of a batch in one statement"
ONE_EACH = "FastStream, one message a transaction"
_CONSUMER = "effects"
_TAKE = """
    INSERT INTO inbox (message_id, consumer) SELECT id, $2 FROM unnest($1::uuid[]) AS asked (id)
    ON CONFLICT DO NOTHING RETURNING message_id
"""
_EFFECT = "INSERT INTO effects (kind, key, version) VALUES ($1, $2, $3)"
_EFFECTS = "INSERT INTO effects (kind, key, version) SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[])"


class BenchTable(SQLModel, registry=registry(metadata=MetaData())):
    """The base of the bench's own tables."""


class Effect(BenchTable, table=True):
    """What a fact causes here."""

    __tablename__ = "effects"

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_kwargs={"server_default": Identity(always=True)}
    )
    kind: str
    key: UUID
    version: int = Field(sa_type=BigInteger)


class Counted:
    """Says when so many effects are committed or one failed, and when the first message was there."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.all_done = asyncio.Event()
        self.started: float | None = None
        self.failure: Exception | None = None

    def begin(self) -> None:
        """A message is there."""
        if self.started is None:
            self.started = time.perf_counter()

    def done(self, count: int = 1) -> None:
        """So many are committed."""
        self.left -= count
        if self.left <= 0:
            self.all_done.set()

    @contextmanager
    def failing(self) -> Iterator[None]:
        """End the wait with what fails within: who takes a message again for ever would never say why."""
        try:
            yield
        except Exception as error:
            self.failure = self.failure or error
            self.all_done.set()
            raise

    async def seconds(self) -> float:
        """Wait for all; return how long it took from the first. Raises WrongResult where a message failed."""
        await self.all_done.wait()
        if self.failure is not None:
            raise WrongResult(f"a message failed: {self.failure!r}") from self.failure
        assert self.started is not None
        return time.perf_counter() - self.started


@asynccontextmanager
async def contenders(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give the contenders, on a database of their own."""
    url = await parts.blank_database(tables.metadata, BenchTable.metadata)
    database = open_database(url, name="bench consumer")
    try:
        yield [
            _contender(OURS, parts, url, size.messages, partial(ours, parts, database)),
            _contender(LIMIT, parts, url, size.messages, partial(_limit, parts, url, at_once=False)),
            _contender(LIMIT_AT_ONCE, parts, url, size.messages, partial(_limit, parts, url, at_once=True)),
            _contender(ONE_EACH, parts, url, size.slow_messages, partial(_one_each, parts, database)),
        ]
    finally:
        await database.close()
        await parts.drop(url)


Consume = Callable[[str, int], Awaitable[float]]


def _contender(name: str, parts: Parts, url: str, count: int, consume: Consume) -> Contender:
    async def run() -> Mapping[str, float]:
        async with fresh_topic(parts.bootstrap, BOOKINGS.name) as namespace:
            keys = await produce(parts, namespace, count)
            seconds = await consume(namespace, count)
            await check(url, name, keys)
        return {name: count / seconds}

    return Contender(name, run)


async def produce(parts: Parts, namespace: str, count: int) -> dict[UUID, int]:
    """Put so many facts on the topic; return the version of each key."""
    sample = a_message(BookingConfirmed)
    versions = {new_id(): number for number in range(1, count + 1)}
    producer = a_producer(parts.bootstrap)
    await producer.start()
    try:
        sent = []
        for key, version in versions.items():
            fact = sample.model_copy(update={"booking_id": key})
            envelope = Envelope(new_id(), fact.type_name, "/booking", key, SOME_TIME, version)
            sent.append(
                await producer.send(
                    f"{namespace}.{BOOKINGS.name}",
                    value=encoded(fact),
                    key=str(key).encode(),
                    headers=envelope.headers(),
                )
            )
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return versions


async def check(url: str, name: str, keys: Mapping[UUID, int]) -> None:
    """Raise WrongResult unless every fact took effect once; then let go of it."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT key, version FROM effects")
        seen = await connection.fetchval("SELECT count(*) FROM inbox WHERE consumer = $1", _CONSUMER)
        await connection.execute("TRUNCATE effects")
        await connection.execute("DELETE FROM inbox WHERE consumer = $1", _CONSUMER)
    finally:
        await connection.close()
    if len(rows) != len(keys) or {row["key"]: row["version"] for row in rows} != keys or seen != len(keys):
        raise WrongResult(f"{name}: {len(rows)} effects and {seen} ids in the inbox of {len(keys)} facts")


async def ours(parts: Parts, database: Database, namespace: str, count: int) -> float:
    """Take them with the product's consumer."""
    counted = Counted(count)
    reactions = Reactions("bench")

    @reactions.on(BookingConfirmed)
    async def on_booking_confirmed(delivery: Delivery, fact: BookingConfirmed) -> None:
        counted.begin()
        assert delivery.envelope is not None
        delivery.session.add(Effect(kind=fact.type_name, key=fact.booking_id, version=delivery.envelope.version))

    class Noticed(Effects):
        async def in_one_transaction(self, messages: Sequence[Any]) -> None:
            counted.begin()
            with counted.failing():
                await super().in_one_transaction(messages)
            counted.done(len(messages))

    broker = PatientBroker(KafkaConnection(parts.bootstrap), client_id="bench")
    consumer = GroupConsumer(
        broker,
        group=f"{namespace}.bench",
        topics={f"{namespace}.{BOOKINGS.name}": BOOKINGS},
        taker=Noticed(reactions, database, SystemClock()),
    )
    await broker.start()
    try:
        return await counted.seconds()
    finally:
        consumer.stop_soon()
        await broker.stop()


async def _limit(parts: Parts, url: str, namespace: str, count: int, *, at_once: bool) -> float:
    counted = Counted(count)
    consumer = AIOKafkaConsumer(
        f"{namespace}.{BOOKINGS.name}",
        bootstrap_servers=parts.bootstrap,
        group_id=f"{namespace}.limit",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    connection = await asyncpg.connect(url)
    try:
        while counted.left > 0:
            read = await consumer.getmany(timeout_ms=1_000, max_records=MAX_RECORDS)
            records = [record for each in read.values() for record in each]
            if not records:
                continue
            counted.begin()
            async with connection.transaction():
                await _take(connection, records, at_once=at_once)
            await consumer.commit()
            counted.done(len(records))
        return await counted.seconds()
    finally:
        await consumer.stop()
        await connection.close()


async def _take(connection: Any, records: Sequence[Any], *, at_once: bool) -> None:  # noqa: ANN401 - asyncpg's
    read = []
    for record in records:
        envelope = Envelope.read(record.headers)
        read.append((envelope, BookingConfirmed.model_validate_json(record.value)))
    fresh = {row["message_id"] for row in await connection.fetch(_TAKE, [each.id for each, _ in read], _CONSUMER)}
    effects = [(fact.type_name, fact.booking_id, each.version) for each, fact in read if each.id in fresh]
    if at_once:
        await connection.execute(_EFFECTS, *map(list, zip(*effects, strict=True)))
        return
    for effect in effects:
        await connection.execute(_EFFECT, *effect)


async def _one_each(parts: Parts, database: Database, namespace: str, count: int) -> float:
    counted = Counted(count)
    broker = KafkaBroker(parts.bootstrap, logger=None)

    @broker.subscriber(
        f"{namespace}.{BOOKINGS.name}",
        group_id=f"{namespace}.one",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def take(fact: BookingConfirmed, message: KafkaMessage) -> None:
        counted.begin()
        with counted.failing():
            await effect(fact, message)
        counted.done()

    async def effect(fact: BookingConfirmed, message: KafkaMessage) -> None:
        message_id, version = UUID(message.headers["ce_id"]), int(message.headers["ce_aggregateversion"])
        async with database.sessions() as session, session.begin():
            noted = upsert(tables.inbox).values(message_id=message_id, consumer=_CONSUMER).on_conflict_do_nothing()
            connection = await session.connection()
            if (await connection.execute(noted.returning(tables.inbox.c.message_id))).all():
                session.add(Effect(kind=fact.type_name, key=fact.booking_id, version=version))

    await broker.start()
    try:
        return await counted.seconds()
    finally:
        await broker.stop()


BENCH = Bench(
    "consumer",
    "Consumer with inbox and one effect",
    "messages/s",
    contenders,
    (
        Aim(OURS, LIMIT, least=0.6),
        Aim(OURS, LIMIT_AT_ONCE),
        Aim(OURS, ONE_EACH, least=10),
    ),
)
