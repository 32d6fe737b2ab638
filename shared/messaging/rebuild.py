"""Rebuilding a service's copies from the state topics, from their beginning, while everything goes on.

Copies are emptied and filled in one transaction: others see them as they were until it commits. It holds the table of
versions, so that the worker's consumer waits meanwhile, and only then reads to the end of the topics: what the consumer
had copied is on them below that end, and what comes above it is the consumer's to copy afterwards.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.topics import Topic
from shared.messaging.copies import CopyKeeper, rank
from shared.messaging.failures import cause_of, is_transient
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.messages import Incoming, Reading, Record, headers_of, read_record
from shared.messaging.topics_admin import missing_topics
from shared.settings import SharedSettings

log = structlog.get_logger(__name__)

STEP = 500
_TRIES = 5
_PAUSE_SECONDS = 1.0
_SILENCE_SECONDS = 10.0  # well below the database's limit of an idle transaction

_HOLD = text("LOCK TABLE copy_versions IN SHARE ROW EXCLUSIVE MODE")  # is_erased still reads
_HELD = text("SELECT topic, key, version FROM copy_versions WHERE topic = ANY(:topics) AND NOT grave")
_FORGET_VERSIONS = text("DELETE FROM copy_versions WHERE topic = ANY(:topics) AND NOT grave")
_OWN_COLUMNS = text("""
    SELECT quote_ident(column_name) FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = :table AND is_identity = 'NO'
     ORDER BY ordinal_position
""")


class NotWhole(Exception):  # noqa: N818 - named for what is wrong
    """A state that is copied is not on its topic, or only an older one: rebuilding would lose it.

    `short` says how many by topic; publishing the topic again (`kurslots republish`) makes it whole.
    """

    def __init__(self, short: Mapping[str, int]) -> None:
        self.short = short
        super().__init__(", ".join(f"{topic}: {count}" for topic, count in sorted(short.items())))


@dataclass(frozen=True, slots=True)
class Content:
    """What a table of copies holds, numbers that the database gave itself left out."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many states and graves were on the topics, and what each table held before and holds now."""

    states: int
    graves: int
    before: Mapping[str, Content]
    after: Mapping[str, Content]


class StateLog:
    """The highest version of each key on some state topics, read without a group and so beside every consumer."""

    def __init__(self, settings: SharedSettings, topics: Sequence[Topic]) -> None:
        self.highest: dict[tuple[str, UUID], Incoming] = {}
        self._kafka = KafkaConnection.of(settings)
        self._topics = {settings.topic(topic.name): topic for topic in topics}
        self._partitions: list[TopicPartition] = []
        self._consumer = AIOKafkaConsumer(
            **self._kafka.options(), enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def open(self) -> None:
        """Go to the beginning of the topics. Raises KafkaError where Kafka is away, NotWhole where a topic is."""
        if missing := await missing_topics(self._kafka, set(self._topics)):
            raise NotWhole(dict.fromkeys(missing, 0))
        admin = AIOKafkaAdminClient(**self._kafka.options())
        try:
            await admin.start()
            described = await admin.describe_topics(sorted(self._topics))
        finally:
            await admin.close()
        self._partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)

    async def close(self) -> None:
        """Close the connections."""
        await self._consumer.stop()

    async def read_to_end(self) -> None:
        """Read what is on the topics by now. Raises KafkaError, and TimeoutError where Kafka falls silent."""
        ends = await self._consumer.end_offsets(self._partitions)
        heard = time.monotonic()
        while behind := [each for each in self._partitions if await self._consumer.position(each) < ends[each]]:
            for records in (await self._consumer.getmany(*behind, timeout_ms=500, max_records=STEP)).values():
                heard = time.monotonic()
                for record in records:
                    self._keep(record)
            if time.monotonic() - heard > _SILENCE_SECONDS:
                raise TimeoutError(f"{len(behind)} partitions gave nothing for {_SILENCE_SECONDS:.0f} s")

    def _keep(self, record: "ConsumerRecord[Any, Any]") -> None:
        topic = self._topics[record.topic]
        headers = headers_of(record.headers)
        read = Record(topic.name, record.partition, record.offset, record.key, headers, record.value)
        incoming = read_record(read, topic)
        if incoming.reading not in (Reading.MESSAGE, Reading.GRAVE):
            return  # the consumer has set it aside, or raised its alarm
        assert incoming.envelope is not None
        key = (topic.name, incoming.envelope.subject)
        if key not in self.highest or rank(incoming) > rank(self.highest[key]):
            self.highest[key] = incoming


async def rebuild(keeper: CopyKeeper, tables: Sequence[str], settings: SharedSettings) -> Rebuilt:
    """Empty `tables`, which hold nothing but copies, and fill them from the topics; graves stay.

    Raises NotWhole, KafkaError, TimeoutError, and what copying a state raises; nothing is changed then.
    """
    states = StateLog(settings, keeper.copies.topics)
    try:
        await states.open()
        await states.read_to_end()
        for _ in range(_TRIES - 1):
            try:
                return await _replace(keeper, tables, states)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.info("rebuild_waits", cause=cause_of(error))
                await asyncio.sleep(_PAUSE_SECONDS)
        return await _replace(keeper, tables, states)
    finally:
        await states.close()


async def _replace(keeper: CopyKeeper, tables: Sequence[str], states: StateLog) -> Rebuilt:
    topics = [topic.name for topic in keeper.copies.topics]
    async with keeper.database.sessions() as session, session.begin():
        connection = await session.connection()
        await connection.execute(_HOLD)
        await states.read_to_end()
        held = await connection.execute(_HELD, {"topics": topics})
        _check_whole(states, [(row.topic, row.key, row.version) for row in held])
        before = await _contents(session, tables)
        for table in tables:
            await connection.execute(text(f'DELETE FROM "{table}"'))  # noqa: S608 - a name from the service's list
        await connection.execute(_FORGET_VERSIONS, {"topics": topics})
        highest = list(states.highest.values())
        for start in range(0, len(highest), STEP):
            await keeper.apply(session, highest[start : start + STEP])
            session.expunge_all()
        after = await _contents(session, tables)
    graves = sum(incoming.reading is Reading.GRAVE for incoming in highest)
    return Rebuilt(len(highest) - graves, graves, before, after)


def _check_whole(states: StateLog, held: Sequence[tuple[str, UUID, int]]) -> None:
    short: dict[str, int] = {}
    for topic, key, version in held:
        incoming = states.highest.get((topic, key))
        if incoming is None or rank(incoming) < (version, False):
            short[topic] = short.get(topic, 0) + 1
    if short:
        raise NotWhole(short)


async def _contents(session: AsyncSession, tables: Sequence[str]) -> dict[str, Content]:
    connection = await session.connection()
    contents = {}
    for table in tables:
        columns = ", ".join((await connection.execute(_OWN_COLUMNS, {"table": table})).scalars())
        query = f"""
            SELECT count(*) AS rows, md5(coalesce(string_agg(each::text, '|' ORDER BY each::text), '')) AS digest
              FROM (SELECT {columns} FROM "{table}") AS each
        """  # noqa: S608 - names from the service's list and the catalogue
        row = (await connection.execute(text(query))).one()
        contents[table] = Content(row.rows, row.digest)
    return contents
