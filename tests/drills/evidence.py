"""What the checker goes by, read with nothing of the project's: rows by SQL, raw records, the ledger's lines.

A test sees that neither this file nor `checker.py` imports anything of the project.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

FACT_TOPICS = (
    "booking.runs",
    "booking.bookings",
    "booking.training-requests",
    "procurement.cases",
    "procurement.procedures",
    "procurement.contracts",
    "notification.notifications",
)
STATE_TOPICS = ("booking.projects", "booking.employers", "booking.people", "procurement.suppliers")
GROUPS: Mapping[str, Sequence[str]] = {
    "booking.effects": ("procurement.cases", "procurement.contracts", "notification.notifications"),
    "procurement.effects": ("booking.training-requests",),
    "procurement.copies": ("booking.projects", "booking.employers", "booking.people"),
    "notification.effects": FACT_TOPICS[:-1],
    "notification.copies": STATE_TOPICS,
}
Row = Mapping[str, Any]
_LONGEST_SETTLING_SECONDS = 300.0

_TABLES = {
    "booking": {
        "bookings": "SELECT id::text, run_id::text, state, seats, version FROM bookings",
        "booking_history": "SELECT booking_id::text AS id, change FROM booking_history",
        "seats": "SELECT booking_id::text, pool_id::text FROM seats WHERE released_at IS NULL",
        "pools": "SELECT id::text, run_id::text, capacity, taken FROM seat_pools",
        "requests": "SELECT id::text, state, version FROM training_requests",
        "request_history": "SELECT request_id::text AS id, change FROM training_request_history ORDER BY id",
    },
    "procurement": {
        "inbox_requests": "SELECT id::text, state, case_id::text FROM training_requests",
        "cases": "SELECT id::text FROM cases",
        "history": "SELECT subject_id::text AS id, before, after FROM history WHERE kind = 'request'",
    },
    "notification": {
        "notifications": "SELECT id::text, kind, channel, recipient_id::text, cause_id::text, state FROM notifications",
        "notification_history": "SELECT id AS place, notification_id::text AS id, before, after"
        " FROM notification_history ORDER BY notification_history.id",
        "attempts": "SELECT notification_id::text AS id, encode(receipt_hash, 'hex') AS receipt FROM attempts",
    },
}
_EVERYWHERE = {
    "outbox": "SELECT event_id::text AS id, topic FROM outbox",
    "inbox": "SELECT message_id::text AS id, extract(epoch FROM seen_at)::float AS at FROM inbox",
    "dead_letters": "SELECT message_id::text AS id, topic, cause, settled_at IS NULL AS open FROM dead_letters",
    "stopped_keys": "SELECT topic, key::text FROM stopped_keys",
}


@dataclass(frozen=True)
class Sources:
    """Where to look. `databases` are URLs by service; `sent` lists the e-mails that arrived, after a number."""

    ledger: Path
    databases: Mapping[str, str]
    kafka: str
    namespace: str
    sent: str
    sent_after: int = 0


@dataclass(frozen=True)
class Fact:
    """A record as it lies on Kafka; `at` is when the broker wrote it."""

    topic: str
    partition: int
    offset: int
    at: float
    key: str
    id: str
    type: str
    version: int
    body: Mapping[str, Any] | None


@dataclass
class Evidence:
    """Everything at once. `rows` are by service and table; `mails` count by the notification that they are of."""

    ledger: Sequence[Row] = ()
    facts: Sequence[Fact] = ()
    states: Sequence[Fact] = ()
    unreadable: int = 0
    rows: Mapping[str, Mapping[str, Sequence[Row]]] = field(default_factory=dict)
    mails: Mapping[str, int] = field(default_factory=dict)

    def of(self, entry: str) -> list[Row]:
        """Return the ledger's lines of one kind."""
        return [line for line in self.ledger if line["entry"] == entry]


async def gather(sources: Sources) -> Evidence:
    """Read everything."""
    ledger = [json.loads(line) for line in sources.ledger.read_text().splitlines()]
    rows = {service: await _read_tables(service, url) for service, url in sources.databases.items()}
    facts, strange = await _read_topics(sources, FACT_TOPICS)
    states, strange_too = await _read_topics(sources, STATE_TOPICS)
    return Evidence(ledger, facts, states, strange + strange_too, rows, await _read_mails(sources))


async def settled(sources: Sources, seconds: float) -> bool:
    """Wait until outboxes are empty, groups have read everything and nothing is being sent, twice in a row.

    False where nothing has come nearer to that for so many seconds: on a busy machine it may take long.
    """
    before: tuple[int, int] | None = None
    least = sys.maxsize
    deadline, last = time.monotonic() + seconds, time.monotonic() + _LONGEST_SETTLING_SECONDS
    while time.monotonic() < min(deadline, last):
        try:
            async with asyncio.timeout(30):
                waiting = await _rows_on_their_way(sources)
                behind, written = await _records_not_read(sources)
        except (OSError, TimeoutError, asyncpg.PostgresError, KafkaError):
            await asyncio.sleep(0.2)
            continue
        left = waiting + behind
        if not left and before == (0, written):
            return True
        if left < least:
            least, deadline = left, time.monotonic() + seconds
        before = (left, written)
        await asyncio.sleep(0.2)
    return False


async def _rows_on_their_way(sources: Sources) -> int:
    waiting = 0
    for service, url in sources.databases.items():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            waiting += await connection.fetchval("SELECT count(*) FROM outbox")
            waiting += await connection.fetchval(
                "SELECT count(*) FROM dead_letters WHERE settled_at IS NULL AND retry_at IS NOT NULL"
            )
            if service == "notification":
                waiting += await connection.fetchval(
                    "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending')"
                )
        finally:
            await connection.close()
    return waiting


async def _records_not_read(sources: Sources) -> tuple[int, int]:
    """Return how many records the services' groups have not read, and how many there are."""
    consumer = AIOKafkaConsumer(bootstrap_servers=sources.kafka, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=sources.kafka)
    behind = 0
    try:
        await consumer.start()
        await admin.start()
        ends = await consumer.end_offsets(await _partitions(sources, (*FACT_TOPICS, *STATE_TOPICS)))
        for group, topics in GROUPS.items():
            read = await admin.list_consumer_group_offsets(f"{sources.namespace}.{group}")
            for partition, end in ends.items():
                if partition.topic.removeprefix(f"{sources.namespace}.") in topics:
                    behind += end - (read[partition].offset if partition in read else 0)
    finally:
        await admin.close()
        await consumer.stop()
    return behind, sum(ends.values())


async def _partitions(sources: Sources, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=sources.kafka)
    try:
        await admin.start()
        described = await admin.describe_topics([f"{sources.namespace}.{topic}" for topic in topics])
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], number)
        for topic in described
        for number in sorted(partition["partition"] for partition in topic["partitions"])
    ]


async def _read_tables(service: str, url: str) -> dict[str, list[Row]]:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return {
            name: [dict(row) for row in await connection.fetch(query)]
            for name, query in {**_TABLES[service], **_EVERYWHERE}.items()
        }
    finally:
        await connection.close()


async def _read_topics(sources: Sources, topics: Sequence[str]) -> tuple[list[Fact], int]:
    """Return every record, partition by partition in the broker's order, and how many were not ours to read."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=sources.kafka, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    facts: list[Fact] = []
    strange = 0
    try:
        partitions = await _partitions(sources, topics)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        left = {partition for partition in partitions if ends[partition]}
        await consumer.seek_to_beginning(*partitions)
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=500)).items():
                for record in records:
                    fact = _fact(partition.topic.removeprefix(f"{sources.namespace}."), record)
                    if fact is None:
                        strange += 1
                    else:
                        facts.append(fact)
            left = {partition for partition in left if await consumer.position(partition) < ends[partition]}
    finally:
        await consumer.stop()
    return sorted(facts, key=lambda fact: (fact.topic, fact.partition, fact.offset)), strange


def _fact(topic: str, record: Any) -> Fact | None:  # noqa: ANN401 - aiokafka ships no types
    headers = dict(record.headers)
    try:
        return Fact(
            topic=topic,
            partition=record.partition,
            offset=record.offset,
            at=record.timestamp / 1000,
            key=record.key.decode(),
            id=headers["ce_id"].decode(),
            type=headers["ce_type"].decode(),
            version=int(headers["ce_aggregateversion"]),
            body=None if record.value is None else json.loads(record.value),
        )
    except (AttributeError, KeyError, ValueError):
        return None


async def _read_mails(sources: Sources) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    after: int | None = sources.sent_after
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        while after is not None:
            answer = await http.get(sources.sent, params={"after": str(after), "limit": "200"})
            page = answer.raise_for_status().json()
            for mail in page["items"]:
                counted[mail["headers"]["Message-ID"].strip("<>").partition("@")[0]] += 1
            after = page["next"]
    return dict(counted)
