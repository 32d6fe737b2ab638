"""What aiokafka cannot read on real Kafka: nothing else is lost by it, and nothing else waits."""

import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from deploy.embedded.kafka import KafkaServer
from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.ids import new_id
from shared.messaging import reading
from shared.messaging.reading import CarefulConsumer
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings
from tests.support.messaging import a_message, a_record, rows_of, until, working
from tests.support.own_parts import OwnPart

_PARTITIONS, _BAD = 4, 3
_CRC_AT, _COVERED_FROM = 17, 21

Header = tuple[str, bytes]


def a_batch(*records: tuple[bytes | None, bytes | None, Sequence[Header]], bad_name: bool) -> bytes:
    """Return records as they lie in the log; the header `xx-not-utf8` gets a name that is not UTF-8."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 23)
    for index, (key, value, headers) in enumerate(records):
        builder.append(index, int(time.time() * 1000), key, value, list(headers))
    batch = bytearray(builder.build())
    if bad_name:
        batch = bytearray(bytes(batch).replace(b"xx-not-utf8", b"\xff\xfe-not-utf8"))
        struct.pack_into(">I", batch, _CRC_AT, calc_crc32c(bytes(batch[_COVERED_FROM:])))
    return bytes(batch)


async def put_raw(bootstrap: str, topic: str, partition: int, batch: bytes) -> None:
    """Have the broker append a batch as it is."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        await client.bootstrap()
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(
            transactional_id=None, required_acks=-1, timeout=5000, topics=[(topic, [(partition, batch)])]
        )
        answer = await client.send(leader, request)
        assert answer.topics[0][1][0][1] == 0, answer
    finally:
        await client.close()


@pytest.fixture
async def topic(kafka: str, namespace: str) -> AsyncIterator[str]:
    """A topic with good records on all partitions, and one on the last that aiokafka cannot read."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    async with AsyncExitStack() as stack:
        for client in (admin, producer):
            await client.start()
            stack.push_async_callback(client.close if client is admin else client.stop)
        await admin.create_topics([NewTopic(namespace, _PARTITIONS, 1)])
        await until(lambda: _is_there(admin, namespace))
        for partition in range(_PARTITIONS):
            for number in range(3):
                await producer.send_and_wait(namespace, f"{partition} {number}".encode(), partition=partition)
        odd = [(None, b"before", ()), (None, b"odd", (("xx-not-utf8", b"1"), ("plain", b"2"))), (None, b"behind", ())]
        await put_raw(kafka, namespace, _BAD, a_batch(*odd, bad_name=True))
        await producer.send_and_wait(namespace, b"after", partition=_BAD)
        yield namespace


async def _is_there(admin: AIOKafkaAdminClient, topic: str) -> bool:
    described = await admin.describe_topics([topic])
    return all(each["leader"] >= 0 for each in described[0]["partitions"]) and bool(described[0]["partitions"])


async def _read_all(
    consumer: AIOKafkaConsumer, topic: str, *, reads: int = 12
) -> dict[int, list[tuple[bytes, Sequence[Header]]]]:
    got: dict[int, list[tuple[bytes, Sequence[Header]]]] = {partition: [] for partition in range(_PARTITIONS)}
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(_PARTITIONS)])
        await consumer.seek_to_beginning()
        for _ in range(reads):
            try:
                read = await consumer.getmany(timeout_ms=300, max_records=500)
            except (KafkaError, ValueError):
                continue
            for partition, records in read.items():
                got[partition.partition] += [(record.value, record.headers) for record in records]
    finally:
        await consumer.stop()
    return got


@pytest.mark.parametrize("is_careful", [True, False])
async def test_a_name_that_is_not_utf8_costs_no_other_record(
    kafka: str,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    is_careful: bool,  # noqa: FBT001 - plain aiokafka loses what it has taken from other partitions: the control twin
) -> None:
    monkeypatch.setattr(fetcher.random, "shuffle", lambda partitions: partitions.sort())
    consumer = (CarefulConsumer if is_careful else AIOKafkaConsumer)(bootstrap_servers=kafka)
    got = await _read_all(consumer, topic)
    others = [[value for value, _ in got[partition]] for partition in range(_BAD)]
    bad = [value for value, _ in got[_BAD]]
    if not is_careful:
        assert others == [[]] * _BAD
        assert bad == []
        return
    assert others == [[f"{partition} {number}".encode() for number in range(3)] for partition in range(_BAD)]
    assert bad == [b"3 0", b"3 1", b"3 2", b"before", b"odd", b"behind", b"after"]
    assert dict(got[_BAD])[b"odd"] == (("\\xff\\xfe-not-utf8", b"1"), ("plain", b"2"))
    assert consumer.standing_still == {}


async def test_a_damaged_batch_stops_its_partition_alone_and_nothing_is_passed_over(
    database: Database,
    database_url: str,
    own_kafka: OwnPart,
    namespace: str,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with a disk that has gone bad: after the log is mended, everything is applied, in order."""
    # Longer than Kafka keeps a fetch waiting (0.5 s): with each look, other partitions have to fetch anew.
    monkeypatch.setattr(reading, "_LOOK_AGAIN_SECONDS", 3.0)
    assert isinstance(own_kafka.server, KafkaServer)
    await own_kafka.start()
    bootstrap = own_kafka.server.bootstrap
    await create_topics(settings(database_url, kafka=bootstrap, namespace=namespace))
    topic = f"{namespace}.{BOOKINGS.name}"
    hurt, well = new_id(), new_id()
    records = {
        key: [a_record(a_message(BookingChanged, booking_id=key), version=v) for v in (1, 2, 3)] for key in (hurt, well)
    }
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for partition, key in enumerate((hurt, well)):
            for record in records[key]:
                await producer.send_and_wait(
                    topic, record.value, key=record.key, headers=list(record.headers), partition=partition
                )
        mend = _damage(own_kafka.server.folder / "log" / f"{topic}-0", dict(records[hurt][1].headers)["ce_id"])
        worker = listener.worker(database_url, kafka=bootstrap, namespace=namespace)
        async with working(worker):

            async def stands_still() -> bool:
                return worker.consumers[0].standing_still != {} and len(await noted(database)) == 4

            await until(stands_still)
            assert list(worker.consumers[0].standing_still) == [f"{topic}-0"]
            assert await noted(database, well) == [(well, 1), (well, 2), (well, 3)]
            assert await noted(database, hurt) == [(hurt, 1)]
            mend()

            async def all_noted() -> bool:
                return len(await noted(database)) == 6

            await until(all_noted)
            assert worker.consumers[0].standing_still == {}
        assert await noted(database, hurt) == [(hurt, 1), (hurt, 2), (hurt, 3)]
        assert await rows_of(database, "SELECT id FROM dead_letters") == []
    finally:
        await producer.stop()


def _damage(folder: Path, where: bytes) -> Callable[[], None]:
    """Change a byte of the log on disk; return what puts it back."""
    (segment,) = folder.glob("*.log")
    at = segment.read_bytes().index(where)

    def write(first: bytes) -> None:
        with segment.open("r+b") as log:
            log.seek(at)
            log.write(first)

    write(b"?")
    return lambda: write(where[:1])


async def test_a_record_of_five_megabytes_is_set_aside_and_holds_up_nothing(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    """A topic whose limit somebody has raised: ours is one megabyte."""
    topic, key = f"{namespace}.{BOOKINGS.name}", new_id()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 3, 1, topic_configs={"max.message.bytes": str(8 * 1024 * 1024)})])
    finally:
        await admin.close()
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))
    first, second = (a_record(a_message(BookingChanged, booking_id=key), version=version) for version in (1, 2))
    huge = a_record(a_message(BookingChanged))
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=8 * 1024 * 1024)
    await producer.start()
    try:
        for record in (first, huge, second):
            value = b'{"' + b"x" * (5 * 1024 * 1024) if record is huge else record.value
            await producer.send_and_wait(topic, value, key=record.key, headers=list(record.headers), partition=0)
    finally:
        await producer.stop()
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):

        async def all_noted() -> bool:
            return len(await noted(database)) == 2

        await until(all_noted)
    assert await noted(database) == [(key, 1), (key, 2)]
    (letter,) = await rows_of(database, "SELECT cause, octet_length(value) AS size FROM dead_letters")
    assert letter.size > 5 * 1024 * 1024
    assert letter.cause == "off its contract (: json_invalid)"
