"""Topics of one turn, and what is on them: read back whole, so that nothing is lost or disordered unseen."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench.rounds import WrongResult

PARTITIONS = 3
_QUIET_MS = 5_000


@asynccontextmanager
async def fresh_topic(bootstrap: str, name: str) -> AsyncIterator[str]:
    """Make a topic in a namespace of its own, and remove it afterwards; gives the namespace."""
    namespace = f"b{uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{namespace}.{name}", PARTITIONS, 1)])
        yield namespace
        await admin.delete_topics([f"{namespace}.{name}"])
    finally:
        await admin.close()


async def check_topic(bootstrap: str, topic: str, *, count: int, keys: int) -> None:
    """Raise WrongResult unless the topic holds events 1 to `count`, each once, in order within each key.

    An event's header `n` is its number; its key is that of `number % keys`.
    """
    numbers: dict[bytes, list[int]] = defaultdict(list)
    async for key, number in _read(bootstrap, topic, count):
        numbers[key].append(number)
    found = sum(len(each) for each in numbers.values())
    if found != count:
        raise WrongResult(f"{topic}: {found} events, not {count}")
    for key, each in numbers.items():
        first = each[0]
        expected = list(range(first % keys or keys, count + 1, keys))
        if each != expected:
            raise WrongResult(f"{topic}: the events of key {key!r} are lost, repeated or out of order")


async def _read(bootstrap: str, topic: str, most: int) -> AsyncIterator[tuple[bytes, int]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        left = sum(ends.values())
        if left > 2 * most:
            raise WrongResult(f"{topic}: {left} events, not {most}")
        while left:
            read = await consumer.getmany(timeout_ms=_QUIET_MS)
            if not read:
                raise WrongResult(f"{topic}: {left} events could not be read back")
            for records in read.values():
                left -= len(records)
                for record in records:
                    yield record.key, int(dict(record.headers)["ce_aggregateversion"])
    finally:
        await consumer.stop()
