"""A consumer group of a service: how batches come from Kafka and when their offsets are committed. The only such file.

Offsets follow the database's commit, partition by partition, up to what is done and no further. The handler never
raises: FastStream would log it and read on, and the batch would be lost with the next commit.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka.message import KafkaMessage
from faststream.message import StreamMessage
from prometheus_client import Gauge

from shared import metrics
from shared.contracts.facts import Message
from shared.contracts.topics import Topic
from shared.messaging.broker import PatientBroker
from shared.messaging.deaths import TooManyDeaths
from shared.messaging.failures import cause_of
from shared.messaging.messages import Incoming, Record, headers_of, read_record
from shared.messaging.taking import Taker
from shared.messaging.traces import receiving

log = structlog.get_logger(__name__)

MAX_RECORDS = 500
_COMMIT_SECONDS = 10.0
_COMMIT_AGAIN_SECONDS = 1.0
_REVOKE_WAIT_SECONDS = 10.0
_SHORTEST_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 5.0
_EMPTY_READ_PAUSE_MS = 5
_HALT_REMEDY = "start a version that can handle them, or settle dead letters (kurslots dead-letters)"


class GroupConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Reads the topics of one group and gives them, batch by batch, to a taker."""

    def __init__(
        self,
        broker: PatientBroker,
        *,
        group: str,
        topics: Mapping[str, Topic],
        taker: Taker,
        ignored: Collection[type[Message]] = (),
        after_batch: Callable[[], None] = lambda: None,
    ) -> None:
        """`topics` are by their full names, in the namespace."""
        self.group = group
        self.halted_because: str | None = None
        self._topics = topics
        self._taker = taker
        self._ignored = ignored
        self._after_batch = after_batch
        self._busy = asyncio.Lock()
        self._back_off = _SHORTEST_BACK_OFF
        self._stopping = asyncio.Event()
        self._owed: dict[TopicPartition, int] = {}
        self._owing: asyncio.Task[None] | None = None
        for topic in topics.values():  # a series that begins with its first message would raise no alarm about it
            metrics.CONSUMER_UNKNOWN.labels(taker.service, topic.name)
        broker.wanted |= set(topics)
        self._subscriber = broker.subscriber(
            *topics,
            batch=True,
            group_id=group,
            max_records=MAX_RECORDS,
            batch_timeout_ms=_EMPTY_READ_PAUSE_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            listener=self,
            no_reply=True,
        )
        self._subscriber(self._take_batch, parser=_as_it_came, decoder=_undecoded)

    @property
    def is_assigned(self) -> bool:
        """Whether the group has given it partitions."""
        consumer = self._subscriber.consumer
        return consumer is not None and bool(consumer.assignment())

    @property
    def standing_still(self) -> dict[str, str]:
        """The partitions on which nothing can be read from an offset on, and why."""
        still = getattr(self._subscriber.consumer, "standing_still", {})
        return {f"{each.topic}-{each.partition}": f"{where.cause} at {where.offset}" for each, where in still.items()}

    def show_lag(self) -> None:
        """Set the gauges of how far behind it is, as far as Kafka's answers have told; nobody is asked."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        for partition in consumer.assignment():
            state = consumer._subscription.subscription.assignment.state_value(partition)  # noqa: SLF001 - `position` waits
            if state is not None and state.has_valid_position and state.highwater is not None:
                self._lag_of(partition).set(max(0, state.highwater - state.position))

    def _lag_of(self, partition: TopicPartition) -> Gauge:
        labels = (self._taker.service, self._topics[partition.topic].name, partition.partition)
        return metrics.CONSUMER_LAG.labels(*labels)

    def stop_soon(self) -> None:
        """Do not wait out a back-off any longer."""
        self._stopping.set()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the batch in hand finish and commit, so that the next owner need not take it again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_REVOKE_WAIT_SECONDS), self._busy:
                self._owed.clear()  # the next owner commits by itself
        for partition in revoked:  # what another reads from now on is not this process's lag
            self._lag_of(partition).set(0)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Say what this worker reads from now on."""
        log.info("partitions_assigned", group=self.group, count=len(assigned))

    async def _take_batch(self, records: list[Any]) -> None:
        async with self._busy:
            metrics.CONSUMER_BATCH_RECORDS.labels(self._taker.service).observe(len(records))
            try:
                done = 0 if await self._is_halted() else await self._take(records)
            except Exception as error:  # noqa: BLE001 - see the module's first lines
                cause = cause_of(error)
                log.error("batch_not_taken", group=self.group, cause=cause)  # noqa: TRY400 - it may quote
                done = 0
            await self._commit(records[:done])
            if done < len(records):
                self._read_again(records[done:])
            self.show_lag()
        if done < len(records):
            await self._wait_a_little()
        else:
            self._back_off = _SHORTEST_BACK_OFF

    async def _is_halted(self) -> bool:
        """Whether too many messages have died; looks again whether an operator has settled enough of them."""
        if self.halted_because is not None and await self._taker.may_go_on():
            log.warning("consumer_goes_on", group=self.group)
            self.halted_because = None
        return self.halted_because is not None

    async def _take(self, records: Sequence[ConsumerRecord[Any, Any]]) -> int:
        with receiving(self.group, records):
            taken = await self._taker.take([self._read(record) for record in records])
        if isinstance(taken.error, TooManyDeaths):
            self.halted_because = str(taken.error)
            log.critical("consumer_halted", group=self.group, cause=self.halted_because, remedy=_HALT_REMEDY)
        elif taken.error is not None:
            metrics.CONSUMER_RETRIES.labels(self._taker.service, "later").inc()
            log.warning("batch_waits", group=self.group, cause=cause_of(taken.error))
        if taken.done:
            self._after_batch()
        return taken.done

    def _read(self, record: ConsumerRecord[Any, Any]) -> Incoming:
        topic = self._topics[record.topic]
        return read_record(
            Record(topic.name, record.partition, record.offset, record.key, headers_of(record.headers), record.value),
            topic,
            ignored=self._ignored,
        )

    async def _commit(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        for record in records:
            self._owed[TopicPartition(record.topic, record.partition)] = record.offset + 1
        if self._owed and not await self._settle_owed() and self._owing is None:
            self._owing = asyncio.create_task(self._settle_later(), name=f"{self.group} offsets")

    async def _settle_owed(self) -> bool:
        """Commit what is done. False where Kafka does not take it now: what is done is in the inbox all the same."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return False
        assigned = consumer.assignment()
        self._owed = {partition: offset for partition, offset in self._owed.items() if partition in assigned}
        if not self._owed:
            return True
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await consumer.commit(self._owed)
        except (KafkaError, ConsumerStoppedError, TimeoutError) as error:
            log.info("offsets_not_committed", group=self.group, cause=type(error).__name__)
            return False
        self._owed.clear()
        return True

    async def _settle_later(self) -> None:
        """Try again until it is committed: without another record on the partition, nobody else would."""
        try:
            while not self._stopping.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COMMIT_AGAIN_SECONDS):
                        await self._stopping.wait()
                async with self._busy:
                    if await self._settle_owed():
                        return
        finally:
            self._owing = None

    def _read_again(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        first: dict[TopicPartition, int] = {}
        for record in records:
            first.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        for partition, offset in first.items():
            with suppress(IllegalStateError):
                consumer.seek(partition, offset)

    async def _wait_a_little(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._back_off):
                await self._stopping.wait()
        self._back_off = min(self._back_off * 2, _LONGEST_BACK_OFF)


async def _as_it_came(records: tuple[ConsumerRecord[Any, Any], ...]) -> StreamMessage[Any]:
    """Stand in for FastStream's parser, which fails on a header that is not UTF-8 and so loses the batch."""
    return KafkaMessage(raw_message=records, body=b"", consumer=_NoConsumer())


async def _undecoded(message: StreamMessage[Any]) -> list[Any]:
    return list(message.raw_message)


class _NoConsumer:
    """FastStream acknowledges nothing here."""

    async def commit(self) -> None:
        """Commit nothing."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Seek nothing."""
