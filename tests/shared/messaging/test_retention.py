"""A copy that was away for longer than Kafka keeps a tombstone: real compaction, a late duplicate, and the cure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.processes import free_port
from shared.contracts.booking import PersonDescribed
from shared.contracts.facts import State
from shared.contracts.topics import PEOPLE
from shared.db import Database, open_database
from shared.kernel.clock import SystemClock
from shared.messaging import tables
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.messages import Record
from shared.messaging.outbox import bury, describe
from shared.messaging.reactions import StateSource, WalkStates
from shared.messaging.relay import Relay, RelayPlace
from shared.messaging.republish import republish
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, settings
from tests.support.databases import BlankDatabase
from tests.support.messaging import SOME_TIME, a_message, a_record, rows_of, until, working
from tests.support.own_parts import OwnPart

_HASTY_BROKER = {"log.cleaner.backoff.ms": "100", "log.initial.task.delay.ms": "100"}
_HASTY_TOPIC = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
    "max.compaction.lag.ms": "100",
}
_NAME = "Quintilia"


@pytest.fixture
async def hasty_kafka(tmp_path: Path) -> AsyncIterator[str]:
    """A broker that compacts at once."""
    server = KafkaServer(tmp_path / "kafka", free_port(), free_port(), changes=_HASTY_BROKER)
    part = OwnPart(server, tmp_path / "kafka.log")
    await part.start()
    yield server.bootstrap
    part.stop()


@pytest.fixture
async def owner(blank_database: BlankDatabase) -> AsyncIterator[Database]:
    database = open_database(await blank_database(tables.metadata))
    yield database
    await database.close()


@asynccontextmanager
async def _publishing(owner: Database, kafka: str, namespace: str) -> AsyncIterator[None]:
    relay = Relay(owner, RelayPlace("booking", namespace, KafkaConnection(kafka)))
    running = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        await asyncio.wait_for(running, 30)


async def test_whoever_was_away_longer_than_tombstones_are_kept_is_mended_by_publishing_all_again(
    database: Database,
    database_url: str,
    owner: Database,
    hasty_kafka: str,
    namespace: str,
    listener: Listener,
) -> None:
    topic = f"{namespace}.{PEOPLE.name}"
    await _make_topics(hasty_kafka, namespace, database_url)
    gone, stays = a_message(PersonDescribed, given_name=_NAME), a_message(PersonDescribed, given_name="Åsa")
    async with owner.sessions() as session, session.begin():
        await describe(session, gone, version=1, at=SOME_TIME)
        await describe(session, stays, version=1, at=SOME_TIME)
    async with (
        _publishing(owner, hasty_kafka, namespace),
        AIOKafkaProducer(bootstrap_servers=hasty_kafka, acks="all") as producer,
    ):
        async with working(listener.worker(database_url, kafka=hasty_kafka, namespace=namespace)):
            await until(lambda: _is_copied(database, 2))
        # The copy is away. The person is erased, and in time Kafka forgets even the tombstone.
        async with owner.sessions() as session, session.begin():
            await bury(session, PersonDescribed, gone.person_id, version=3, at=SOME_TIME)

        async def is_forgotten() -> bool:
            await _put(producer, topic, a_record(stays, version=1))  # a segment is closed when the next record comes
            keys = await _keys(hasty_kafka, topic)
            return str(gone.person_id).encode() not in keys

        await until(lambda: _is_empty(owner))
        await until(is_forgotten, seconds=60, what="forgetting the tombstone")
        # A late duplicate of what was true before, from a relay that was stopped in the middle.
        await _put(producer, topic, a_record(gone, version=2))
        async with working(listener.worker(database_url, kafka=hasty_kafka, namespace=namespace)):
            await until(lambda: _is_at(database, gone.person_id, 2))
            # Kafka alone cannot mend it: the person is back. The owner's graves can.
            assert await _places_of(database, _NAME) == {"people"}
            source = StateSource(PersonDescribed, _walk_of(stays))
            assert await republish(owner, source, SystemClock()) == 2
            await until(lambda: _is_copied(database, 1))
            assert await _places_of(database, _NAME) == set()
            # And from now on the grave is known here too: the duplicate may come again.
            await _put(producer, topic, a_record(gone, version=2))
            await _put(producer, topic, a_record(stays, version=2))
            await until(lambda: _is_at(database, stays.person_id, 2))
    assert await _places_of(database, _NAME) == set()
    assert await _is_copied(database, 1)


async def _make_topics(kafka: str, namespace: str, database_url: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{namespace}.{PEOPLE.name}", 1, 1, topic_configs=_HASTY_TOPIC)])
    finally:
        await admin.close()
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))


def _walk_of(person: PersonDescribed) -> WalkStates:
    async def walk(_session: AsyncSession, after: UUID | None, _limit: int) -> list[tuple[UUID, int, State | None]]:
        return [] if after is not None else [(person.person_id, 1, person)]

    return walk


async def _put(producer: AIOKafkaProducer, topic: str, record: Record) -> None:
    await producer.send_and_wait(topic, record.value, key=record.key, headers=list(record.headers))


async def _keys(kafka: str, topic: str) -> set[bytes]:
    """Return the keys that the topic still knows."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        [partition] = consumer.assignment()
        end = (await consumer.end_offsets([partition]))[partition]
        keys = set()
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                keys |= {record.key for record in records}
        return keys
    finally:
        await consumer.stop()


async def _is_empty(owner: Database) -> bool:
    return await rows_of(owner, "SELECT id FROM outbox LIMIT 1") == []


async def _is_copied(database: Database, count: int) -> bool:
    return len(await rows_of(database, "SELECT id FROM people")) == count


async def _is_at(database: Database, key: UUID, version: int) -> bool:
    return bool(
        await rows_of(database, "SELECT 1 FROM people WHERE id = :key AND version = :version", key=key, version=version)
    )


async def _places_of(database: Database, name: str) -> set[str]:
    """Return the tables that hold a name, in any column, also within what is kept as bytes."""
    found = set()
    for table in [
        row.tablename for row in await rows_of(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]:
        query = f'SELECT 1 FROM "{table}" AS row WHERE row::text LIKE :name OR row::text LIKE :bytes LIMIT 1'  # noqa: S608 - words and ids of our own
        if await rows_of(database, query, name=f"%{name}%", bytes=f"%{name.encode().hex()}%"):
            found.add(table)
    return found
