"""The outbox reaches Kafka whole and in the order of each key, whatever happens to relays and to Kafka."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.ids import new_id
from shared.messaging import relay as relay_module
from shared.messaging.dead_letters import Decider, release_key
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.outbox import record
from shared.messaging.relay import Relay, RelayPlace
from shared.messaging.sender import Parcel, Sender, murmur2
from shared.messaging.shard_lock import LockLost, ShardLock, lock_id
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import settings, tell
from tests.shared.messaging.wire import RecordByRecord
from tests.support.messaging import SOME_TIME, a_message, rows_of, until
from tests.support.own_parts import OwnPart


class _Running:
    """Relays of one outbox, each stopped in order at the end."""

    def __init__(self, database: Database, kafka: str, namespace: str) -> None:
        self.database = database
        self.kafka = kafka
        self.namespace = namespace
        self._tasks: list[tuple[Relay, asyncio.Task[None]]] = []

    def start(self, *, shard: int = 0, shards: int = 1, stall_seconds: float = 2.0) -> Relay:
        place = RelayPlace(
            "booking", self.namespace, KafkaConnection(self.kafka), shard, shards, stall_seconds, idle_seconds=6.0
        )
        relay = Relay(self.database, place)
        self._tasks.append((relay, asyncio.create_task(relay.run())))
        return relay

    async def stop(self, relay: Relay) -> None:
        relay.stop()
        await next(task for each, task in self._tasks if each is relay)

    async def stop_all(self) -> None:
        for relay, task in self._tasks:
            relay.stop()
            _, late = await asyncio.wait([task], timeout=20)
            for each in late:
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each

    async def is_empty(self) -> bool:
        return await rows_of(self.database, "SELECT id FROM outbox LIMIT 1") == []

    async def published(self) -> dict[UUID, list[int]]:
        """Return the versions of each key on the topic, in order, repeats left out."""
        consumer = AIOKafkaConsumer(
            f"{self.namespace}.{BOOKINGS.name}", bootstrap_servers=self.kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        versions: dict[UUID, list[int]] = defaultdict(list)
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        version = int(dict(record.headers)["ce_aggregateversion"])
                        if version not in versions[UUID(record.key.decode())]:
                            versions[UUID(record.key.decode())].append(version)
        finally:
            await consumer.stop()
        return versions


@pytest.fixture
async def running(database: Database, kafka: str, namespace: str, database_url: str) -> Any:  # noqa: ANN401 - a generator
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace), [BOOKINGS])
    running = _Running(database, kafka, namespace)
    yield running
    await running.stop_all()


def _change(key: UUID, reference: str = "B-1") -> BookingChanged:
    return a_message(BookingChanged, booking_id=key, reference=reference)


async def test_many_rows_of_many_keys_arrive_in_order(running: _Running) -> None:
    keys = [new_id() for _ in range(40)]
    for version in range(1, 41):
        await tell(running.database, *((_change(key), version) for key in keys))
    running.start()
    await until(running.is_empty)
    assert await running.published() == {key: list(range(1, 41)) for key in keys}


async def test_shards_share_the_keys(running: _Running) -> None:
    keys = [new_id() for _ in range(40)]
    for version in range(1, 4):
        await tell(running.database, *((_change(key), version) for key in keys))
    running.start(shard=1, shards=2)

    async def half_is_left() -> bool:
        return await rows_of(running.database, "SELECT id FROM outbox WHERE slot % 2 = 1") == []

    await until(half_is_left)
    assert len(await rows_of(running.database, "SELECT id FROM outbox")) > 0
    running.start(shard=0, shards=2)
    await until(running.is_empty)
    assert await running.published() == {key: [1, 2, 3] for key in keys}


async def test_one_relay_works_at_a_time_and_another_takes_over(running: _Running) -> None:
    first, second = running.start(), running.start()

    async def one_works() -> bool:
        return first.is_active or second.is_active

    await until(one_works)
    assert first.is_active != second.is_active
    working, waiting = (first, second) if first.is_active else (second, first)
    await running.stop(working)
    await tell(running.database, (_change(new_id()), 1))
    await until(running.is_empty)
    assert waiting.is_active


async def test_a_relay_that_waits_for_its_turn_stops_at_once(running: _Running) -> None:
    first = running.start()

    async def first_works() -> bool:
        return first.is_active

    await until(first_works)
    waiting = running.start()
    await until(lambda: _two_sessions_for_locks(running.database))
    async with asyncio.timeout(4):
        await running.stop(waiting)
    assert first.is_active


async def _two_sessions_for_locks(database: Database) -> bool:
    sessions = await rows_of(
        database,
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name",
        name="kurslots relay lock",
    )
    return len(sessions) == 2


async def test_a_lock_whose_holder_is_silent_goes_to_another(database: Database, namespace: str) -> None:
    number = lock_id(namespace, "booking", 0)
    silent = ShardLock(database.engine.url, number, idle_seconds=0.9)
    other = ShardLock(database.engine.url, number, idle_seconds=0.9)

    async def beat_no_more(connection: object) -> None:
        return

    silent._beat = beat_no_more  # type: ignore[method-assign]  # the fault that is tried here
    async with silent.held():
        silent.check()
        async with asyncio.timeout(10), other.held():
            other.check()
            with pytest.raises(LockLost):
                silent.check()


async def test_a_lock_whose_holder_is_well_stays(database: Database, namespace: str) -> None:
    number = lock_id(namespace, "booking", 0)
    holder = ShardLock(database.engine.url, number, idle_seconds=0.9)
    other = ShardLock(database.engine.url, number, idle_seconds=0.9)
    async with holder.held():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5), other.held():
                pass
        holder.check()


async def test_a_row_that_kafka_refuses_stops_its_key_and_no_other(
    database: Database, kafka: str, namespace: str
) -> None:
    name = f"{namespace}.{BOOKINGS.name}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"max.message.bytes": "20000"})])
        running = _Running(database, kafka, namespace)
        bad, others = new_id(), [new_id() for _ in range(5)]
        await tell(database, *((_change(key), 1) for key in (bad, *others)))
        await tell(database, (_change(bad, "x" * 30_000), 2))
        await tell(database, *((_change(key), 3) for key in (bad, *others)))
        relay = running.start()

        async def only_the_bad_are_left() -> bool:
            rows = await rows_of(database, "SELECT key, version FROM outbox ORDER BY id")
            return [(row.key, row.version) for row in rows] == [(bad, 2), (bad, 3)]

        await until(only_the_bad_are_left)

        async def the_key_is_stopped() -> bool:
            rows = await rows_of(database, "SELECT key, cause FROM stopped_keys")
            return [(row.key, row.cause) for row in rows] == [(bad, "MessageSizeTooLargeError")]

        await until(the_key_is_stopped)
        # Nothing is lost: once Kafka takes it and the key is released, the rows go on in order.
        await running.stop(relay)
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE outbox SET payload = '{}' WHERE version = 2")
        async with database.sessions() as session, session.begin():
            await release_key(session, BOOKINGS.name, bad, by=Decider(name="operator"), reason="mended")
        running.start()
        await until(running.is_empty)
        published = await running.published()
        assert published[bad] == [1, 2, 3]
        assert all(published[key] == [1, 3] for key in others)
        await running.stop_all()
    finally:
        await admin.close()


async def test_what_was_recorded_while_kafka_was_away_arrives_when_it_is_there(
    database: Database, database_url: str, own_kafka: OwnPart, namespace: str
) -> None:
    kafka = own_kafka.server.bootstrap  # type: ignore[union-attr]  # it is there
    running = _Running(database, kafka, namespace)
    keys = [new_id() for _ in range(5)]
    relay = running.start(stall_seconds=1.0)
    try:
        await tell(database, *((_change(key), 1) for key in keys))
        await until(lambda: _is(relay.is_active))
        await own_kafka.start()
        await create_topics(settings(database_url, kafka=kafka, namespace=namespace), [BOOKINGS])
        await until(running.is_empty, seconds=40)
        own_kafka.kill()
        await tell(database, *((_change(key), 2) for key in keys))
        await tell(database, *((_change(key), 3) for key in keys))
        assert not await running.is_empty()
        await own_kafka.start()
        await until(running.is_empty, seconds=40)
        assert await running.published() == {key: [1, 2, 3] for key in keys}
    finally:
        await running.stop_all()


async def _is(value: object) -> object:
    return value


class _Scripted(RecordByRecord):
    """Stands in for aiokafka's producer: each row's end is written beforehand."""

    def __init__(self, ends: dict[int, Exception | None], refused: dict[int, Exception]) -> None:
        self.ends = ends
        self.refused = refused
        self.sent: list[int] = []

    async def send(self, topic: str, **record: Any) -> "asyncio.Future[None]":  # noqa: ANN401 - as aiokafka's
        del topic
        number = int(record["value"])
        if number in self.refused:
            raise self.refused[number]
        self.sent.append(number)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        end = self.ends.get(number)
        if end is None:
            future.set_result(None)
        else:
            future.set_exception(end)
        return future


async def _send(producer: _Scripted, lanes: str) -> tuple[list[int], list[int]]:
    sender = Sender(KafkaConnection("nowhere:9092"), name="test", stall_seconds=0.2)
    sender._producer = producer
    sender.replace = lambda: None  # type: ignore[method-assign]  # the fault that is tried here
    parcels = [Parcel(number, "t", lane.encode(), str(number).encode(), []) for number, lane in enumerate(lanes)]
    sent = await sender.send(parcels)
    return [parcel.id for parcel in sent.confirmed], [parcel.id for parcel, _ in sent.failed]


async def test_only_the_confirmed_rows_before_a_keys_first_failure_leave() -> None:
    ends: dict[int, Exception | None] = {2: OutOfOrderSequenceNumber()}
    assert await _send(_Scripted(ends, {}), "ababab") == ([0, 1, 3, 5], [2])


async def test_after_a_row_that_is_not_taken_none_of_its_key_is_sent() -> None:
    producer = _Scripted({}, {2: MessageSizeTooLargeError()})
    assert await _send(producer, "ababab") == ([0, 1, 3, 5], [2])
    assert producer.sent == [0, 1, 3, 5]


async def test_when_the_producer_is_not_well_nothing_more_is_sent() -> None:
    producer = _Scripted({}, {2: KafkaConnectionError()})
    assert await _send(producer, "ababab") == ([0, 1], [2])
    assert producer.sent == [0, 1]


@given(st.binary(max_size=50))
def test_a_key_has_the_partition_that_kafkas_clients_choose(key: bytes) -> None:
    assert murmur2(key) == murmur2_of_aiokafka(key) & 0xFFFFFFFF


async def test_many_windows_arrive_in_order_while_more_are_recorded(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "WINDOW", 7)
    keys = [new_id() for _ in range(10)]
    running.start()
    for version in range(1, 41):
        await tell(running.database, *((_change(key), version) for key in keys))
    await until(running.is_empty)
    assert await running.published() == {key: list(range(1, 41)) for key in keys}


@pytest.mark.parametrize("shards", [1, 4])
async def test_a_window_is_found_without_reading_the_whole_outbox(running: _Running, shards: int) -> None:
    await tell(running.database, *((_change(new_id()), 1) for _ in range(500)))
    async with running.database.engine.connect() as pooled:
        connection = (await pooled.get_raw_connection()).driver_connection
        assert connection is not None
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        explain = f"EXPLAIN (COSTS OFF) {relay_module._SELECT}"
        left_alone = [line for (line,) in await connection.fetch(explain, [], shards, 0, 100)]
        await connection.execute(relay_module._WALK)
        walked = [line for (line,) in await connection.fetch(explain, [1, 2], shards, 0, 100)]
        await pooled.invalidate()
    assert any("Sort" in line for line in left_alone), "the planner does it by itself: the setting can go"
    assert any("Index Scan using pk_outbox" in line for line in walked)
    assert not any("Sort" in line for line in walked)


async def test_a_row_that_is_committed_after_higher_ones_is_published(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "WINDOW", 3)
    late, others = new_id(), [new_id() for _ in range(40)]
    async with running.database.sessions() as session, session.begin():
        await record(session, _change(late), version=1, at=SOME_TIME)
        await tell(running.database, *((_change(key), 1) for key in others))
        relay = running.start()

        async def the_others_are_gone() -> bool:
            return await running.is_empty()

        await until(the_others_are_gone)
        assert relay.is_active
    await until(running.is_empty)
    assert await running.published() == {key: [1] for key in (late, *others)}


async def test_a_key_keeps_its_order_where_its_first_row_is_committed_between_two_windows(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "WINDOW", 3)
    late, others = new_id(), [new_id() for _ in range(12)]
    read_a_window = asyncio.Event()
    committed = asyncio.Event()
    publish_from = Relay._publish_from

    async def committing_first(relay: Relay, *window: Any) -> bool:  # noqa: ANN401 - handed on as it came
        read_a_window.set()
        await committed.wait()
        return await publish_from(relay, *window)

    monkeypatch.setattr(Relay, "_publish_from", committing_first)
    async with running.database.sessions() as session, session.begin():
        await record(session, _change(late), version=1, at=SOME_TIME)
        await tell(running.database, *((_change(key), 1) for key in others))
        running.start()
        await read_a_window.wait()
    await tell(running.database, (_change(late), 2))
    committed.set()
    await until(running.is_empty)
    assert (await running.published())[late] == [1, 2]
