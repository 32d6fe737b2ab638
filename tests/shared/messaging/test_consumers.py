"""Consumers on real Kafka: crashes, poison on the wire, rebalances, and servers that are away."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import BookingCancelled, BookingChanged, BookingConfirmed
from shared.contracts.topics import BOOKINGS
from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging import tables
from shared.messaging.effects import Effects
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.lag import read_lag
from shared.messaging.taking import Limits
from shared.messaging.topics_admin import create_topics
from shared.messaging.worker import Worker
from tests.shared.messaging import ledger
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import a_message, a_record, rows_of, until, working
from tests.support.own_parts import OwnPart


@pytest.fixture
async def topics(database_url: str, kafka: str, namespace: str) -> None:
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))


async def _put(producer: AIOKafkaProducer, namespace: str, key: UUID, *versions: int) -> None:
    for version in versions:
        record = a_record(a_message(BookingChanged, booking_id=key), version=version)
        await producer.send_and_wait(
            f"{namespace}.{BOOKINGS.name}", record.value, key=record.key, headers=list(record.headers)
        )


async def _lag(kafka: str, namespace: str) -> int:
    group = f"{namespace}.ledger.effects"
    return (await read_lag(KafkaConnection(kafka), {group: [f"{namespace}.{BOOKINGS.name}"]})).behind[group]


def _never_commit(worker: Worker) -> None:
    """Let the process seem to be killed after the database's commit, before the offsets'."""

    async def nothing(records: Sequence[object]) -> None:
        return

    for consumer in worker.consumers:
        consumer._commit = nothing  # type: ignore[method-assign]  # the fault that is tried here


@pytest.mark.parametrize("has_inbox", [True, False])
async def test_killed_between_the_commits_a_worker_repeats_nothing(
    database: Database,
    database_url: str,
    kafka: str,
    namespace: str,
    listener: Listener,
    topics: None,
    has_inbox: bool,  # noqa: FBT001 - without it the test must fail: its control twin
) -> None:
    keys = [new_id() for _ in range(6)]
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for key in keys:
            await _put(producer, namespace, key, 1, 2, 3)

    async def all_noted() -> bool:
        return len(await noted(database)) >= 18

    killed = listener.worker(database_url, kafka=kafka, namespace=namespace)
    _never_commit(killed)
    async with working(killed):
        await until(all_noted)
    assert await _lag(kafka, namespace) == 18
    again = listener.worker(database_url, kafka=kafka, namespace=namespace)
    if not has_inbox:
        _forget_the_inbox(again)
    async with working(again):
        await until(lambda: _is_read(kafka, namespace))
    repeats = [len(await noted(database, key)) for key in keys]
    assert repeats == [3 if has_inbox else 6] * 6


async def test_offsets_that_kafka_did_not_take_are_committed_without_another_record(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener, topics: None
) -> None:
    key = new_id()
    worker = listener.worker(database_url, kafka=kafka, namespace=namespace)
    async with working(worker):
        await until(lambda: _all_assigned(worker))
        refused = _refuse_first_commits(worker, count=2)
        async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
            await _put(producer, namespace, key, 1)
        await until(lambda: _is_read(kafka, namespace))
    assert refused == [2]
    assert await noted(database, key) == [(key, 1)]


async def _all_assigned(worker: Worker) -> bool:
    return all(consumer.is_assigned for consumer in worker.consumers)


def _refuse_first_commits(worker: Worker, *, count: int) -> list[int]:
    """Let each consumer's first commits fail, as with a broker that is killed; return how many did, at the end."""
    refused = [0]
    for group in worker.consumers:
        consumer = group._subscriber.consumer
        assert consumer is not None
        commit = consumer.commit

        async def refusing(offsets: object = None, commit: Callable[..., Awaitable[None]] = commit) -> None:
            if refused[0] < count:
                refused[0] += 1
                raise KafkaConnectionError
            await commit(offsets)

        consumer.commit = refusing
    return refused


def _forget_the_inbox(worker: Worker) -> None:
    async def everything(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
        return set(ids)

    for consumer in worker.consumers:
        if isinstance(consumer._taker, Effects):
            consumer._taker._take_from_inbox = everything


async def _is_read(kafka: str, namespace: str) -> bool:
    return await _lag(kafka, namespace) == 0


async def test_poison_on_the_wire_holds_up_its_own_key_alone(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener, topics: None
) -> None:
    topic = f"{namespace}.{BOOKINGS.name}"
    good, bad = new_id(), new_id()
    whole = a_record(a_message(BookingConfirmed, booking_id=bad))
    unknown = [("ce_type", b"booking.teleported.v1") if name == "ce_type" else (name, v) for name, v in whole.headers]
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await _put(producer, namespace, good, 1)
        await producer.send_and_wait(topic, b"not json", key=b"\xff\xfe")
        await producer.send_and_wait(topic, b"\x00" * 900_000, key=whole.key, headers=list(whole.headers))
        await producer.send_and_wait(topic, None, key=b"a null of no key known here")
        await producer.send_and_wait(topic, b"{}", headers=[("ce_id", b"\xff"), ("x\x00", b"")])
        await producer.send_and_wait(topic, whole.value, key=whole.key, headers=unknown)
        ignored = a_record(a_message(BookingCancelled))
        await producer.send_and_wait(topic, ignored.value, key=ignored.key, headers=list(ignored.headers))
        await _put(producer, namespace, bad, 2)
        await _put(producer, namespace, good, 2)
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):
        await until(lambda: _is_read(kafka, namespace))
    assert await noted(database) == [(good, 1), (good, 2)]
    letters = await rows_of(database, "SELECT standing, key FROM dead_letters ORDER BY id")
    assert sorted(letter.standing for letter in letters) == ["failed"] * 4 + ["follower"]
    assert [letter.standing for letter in letters if letter.key == str(bad)] == ["failed", "follower"]


async def test_workers_that_come_and_go_under_load_repeat_nothing_and_keep_the_order(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener, topics: None
) -> None:
    keys = [new_id() for _ in range(12)]

    async def load() -> None:
        for version in range(1, 41):
            await tell(database, *((a_message(BookingChanged, booking_id=key), version) for key in keys))
            await asyncio.sleep(0)

    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):
        loading = asyncio.create_task(load())
        for _ in range(3):
            other = listener.worker(database_url, kafka=kafka, namespace=namespace)
            async with working(other):
                await until(lambda other=other: _has_partitions(other))  # type: ignore[misc]  # a name bound in the loop
        await loading

        async def all_noted() -> bool:
            return len(await noted(database)) >= 12 * 40

        await until(all_noted, seconds=40)
    for key in keys:
        assert await noted(database, key) == [(key, version) for version in range(1, 41)]


async def _has_partitions(worker: Worker) -> bool:
    return worker.consumers[0].is_assigned


async def test_a_worker_starts_with_kafka_away_and_works_when_it_is_there(
    database: Database, database_url: str, own_kafka: OwnPart, namespace: str, listener: Listener
) -> None:
    kafka = own_kafka.server.bootstrap  # type: ignore[union-attr]  # it is there
    key = new_id()
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)) as worker:
        await tell(database, (a_message(BookingChanged, booking_id=key), 1))
        assert not worker.broker.is_connected
        await own_kafka.start()
        await create_topics(settings(database_url, kafka=kafka, namespace=namespace))

        async def is_noted() -> bool:
            return len(await noted(database, key)) == 1

        await until(is_noted)
        own_kafka.kill()
        await tell(database, (a_message(BookingChanged, booking_id=key), 2))
        await own_kafka.start()

        async def is_noted_too() -> bool:
            return await noted(database, key) == [(key, 1), (key, 2)]

        await until(is_noted_too, seconds=40)
        own_kafka.kill()
        await tell(database, (a_message(BookingChanged, booking_id=key), 3))
        told_to_stop = time.monotonic()
    assert time.monotonic() - told_to_stop < 14


async def test_a_worker_waits_for_postgresql_and_sets_nothing_aside(
    own_postgres: OwnPart, kafka: str, namespace: str, listener: Listener
) -> None:
    await own_postgres.start()
    url = await own_postgres.server.ensure_database("ledger", "tester", "secret")  # type: ignore[union-attr]  # it is there
    await create_topics(settings(url, kafka=kafka, namespace=namespace))
    database = open_database(url)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(tables.metadata.create_all)
            await connection.run_sync(ledger.metadata.create_all)
        keys = [new_id() for _ in range(4)]
        async with working(listener.worker(url, kafka=kafka, namespace=namespace)):
            async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
                for key in keys:
                    await _put(producer, namespace, key, 1)

                async def half_noted() -> bool:
                    return len(await noted(database)) == 4

                await until(half_noted)
                own_postgres.kill()
                for key in keys:
                    await _put(producer, namespace, key, 2)
            await own_postgres.start()

            async def all_noted() -> bool:
                return len(await noted(database)) == 8

            await until(all_noted, seconds=30)
        assert await rows_of(database, "SELECT id FROM dead_letters") == []
    finally:
        await database.close()


async def test_a_consumer_that_sets_too_much_aside_halts_and_says_so(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener, topics: None
) -> None:
    limits = Limits(deaths=5, deaths_of=10, pause_seconds=0)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for number in range(12):
            await producer.send_and_wait(f"{namespace}.{BOOKINGS.name}", b"{", key=str(number).encode())
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace, limits=limits)) as worker:

        async def has_halted() -> bool:
            return worker.consumers[0].halted_because is not None

        await until(has_halted)
    assert worker.consumers[0].halted_because == "5 of the last 5 messages died"
    assert len(await rows_of(database, "SELECT id FROM dead_letters")) == 5
    assert await _lag(kafka, namespace) >= 7
