"""Sending a window of rows to Kafka and saying, row by row, what became of it.

The producer is idempotent: once it has failed on a partition it takes nothing more there, which keeps the order, so it
is replaced after every failure. A batch of such a producer never expires by itself: the wait is bounded here.
"""

import asyncio
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)

from shared.messaging.kafka_connection import KafkaConnection

log = structlog.get_logger(__name__)

STALL_SECONDS = 5.0
_BATCH_BYTES = 256 * 1024
_REQUEST_BYTES = 1024 * 1024
_MURMUR, _MURMUR_SEED, _WORD = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF
# What the broker says about a row itself. All else is about the producer, the broker or an operator's rule.
_REFUSALS = (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)


Lane = tuple[str, bytes]


@dataclass(slots=True)
class Parcel:
    """A row as it goes on the wire. `lane` is what keeps its order: topic and key."""

    id: int
    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]

    @property
    def lane(self) -> Lane:
        """Topic and key: rows of one lane are sent in the order of their ids."""
        return self.topic, self.key


@dataclass(slots=True)
class Sent:
    """What became of a window.

    `confirmed`: the confirmed rows of each lane up to its first that is not; `failed`: that first one, with why.
    """

    confirmed: list[Parcel] = field(default_factory=list)
    failed: list[tuple[Parcel, BaseException]] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """Rows on their way to one partition, in order. The producer's builder takes the first, however large it is."""

    builder: Any
    topic: str
    partition: int
    parcels: list[Parcel] = field(default_factory=list)

    def add(self, parcel: Parcel) -> bool:
        """Append a row. False where it is full."""
        appended = self.builder.append(timestamp=None, key=parcel.key, value=parcel.value, headers=parcel.headers)
        if appended is None:
            return False
        self.parcels.append(parcel)
        return True


class Stalled(Exception):  # noqa: N818 - named for what happened
    """The broker has not answered within the bound."""


def partition_of(key: bytes, numbers: Sequence[int]) -> int:
    """Return the partition of a key, the one that Kafka's own clients choose."""
    return numbers[(murmur2(key) & 0x7FFFFFFF) % len(numbers)]


def murmur2(key: bytes) -> int:
    """Return Kafka's hash of a key: 32 bits, unsigned. A third of the time that aiokafka's takes."""
    words = len(key) // 4
    found = _MURMUR_SEED ^ len(key)
    for word in struct.unpack_from(f"<{words}I", key):
        mixed = word * _MURMUR & _WORD
        found = found * _MURMUR & _WORD ^ (mixed ^ mixed >> 24) * _MURMUR & _WORD
    if rest := key[words * 4 :]:
        found = (found ^ int.from_bytes(rest, "little")) * _MURMUR & _WORD
    found = (found ^ found >> 13) * _MURMUR & _WORD
    return found ^ found >> 15


def is_refusal(error: BaseException) -> bool:
    """Whether the broker says no to the row itself, and would say it again."""
    return isinstance(error, _REFUSALS)


class Sender:
    """Holds the producer of one relay, and replaces it when it fails."""

    def __init__(self, kafka: KafkaConnection, *, name: str, stall_seconds: float = STALL_SECONDS) -> None:
        self._kafka = kafka
        self._name = name
        self._stall_seconds = stall_seconds
        self._producer: AIOKafkaProducer | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Send all, in order, and wait for all. Raises KafkaError or OSError where Kafka is away."""
        producer = await self._ready()
        waiting, untaken = await self._hand_over(producer, parcels)
        await self._wait([future for _, future in waiting])
        sent = Sent()
        broken: set[Lane] = set()
        for batch, error in (*((batch, _error_of(future)) for batch, future in waiting), *untaken):
            _sort(batch, error, sent, broken)
        if sent.failed:
            self.replace()
        return sent

    async def _hand_over(
        self, producer: AIOKafkaProducer, parcels: Sequence[Parcel]
    ) -> tuple[list[tuple[list[Parcel], "asyncio.Future[Any]"]], list[tuple[list[Parcel], BaseException]]]:
        """Give rows to the producer in batches, one open for each partition, none of a lane after its first not taken.

        A batch has one future where each of its rows would have one: that is most of what sending a row costs.
        """
        waiting: list[tuple[list[Parcel], asyncio.Future[Any]]] = []
        untaken: list[tuple[list[Parcel], BaseException]] = []
        broken: set[Lane] = set()

        async def submit(batch: _Batch) -> bool:
            """Hand a batch over. False where the producer itself is not well: then nothing more must be sent."""
            try:
                async with asyncio.timeout(self._stall_seconds):
                    future = await producer.send_batch(batch.builder, batch.topic, partition=batch.partition)
            except (KafkaError, TimeoutError) as error:
                untaken.append((batch.parcels, error))
                broken.update(parcel.lane for parcel in batch.parcels)
                return is_refusal(error)
            waiting.append((batch.parcels, future))
            return True

        numbers = await self._partitions(producer, {parcel.topic for parcel in parcels})
        batches: dict[tuple[str, int], _Batch] = {}
        for parcel in parcels:
            if broken and parcel.lane in broken:
                continue
            place = parcel.topic, partition_of(parcel.key, numbers[parcel.topic])
            batch = batches.get(place)
            if batch is not None and batch.add(parcel):
                continue
            if batch is not None and not await submit(batch):
                return waiting, untaken
            batches[place] = batch = _Batch(producer.create_batch(), *place)
            if parcel.lane not in broken:
                batch.add(parcel)
        for batch in batches.values():
            if batch.parcels and not await submit(batch):
                break
        return waiting, untaken

    async def _partitions(self, producer: AIOKafkaProducer, topics: Collection[str]) -> dict[str, list[int]]:
        async with asyncio.timeout(self._stall_seconds):
            return {topic: sorted(await producer.partitions_for(topic)) for topic in topics}

    async def _wait(self, futures: Sequence["asyncio.Future[Any]"]) -> None:
        pending = set(futures)
        while pending:
            done, pending = await asyncio.wait(pending, timeout=self._stall_seconds)
            if not done:
                return

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._kafka.options(),
                client_id=self._name,
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES,
                request_timeout_ms=int(self._stall_seconds * 2000),
                retry_backoff_ms=100,
            )
            try:
                async with asyncio.timeout(self._stall_seconds * 2):
                    await producer.start()
            except BaseException:
                await self._close(producer)
                raise
            self._producer = producer
        return self._producer

    def replace(self) -> None:
        """Let go of the producer; the next window gets a new one. What it has in flight may still arrive."""
        if self._producer is not None:
            closing = asyncio.create_task(self._close(self._producer))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._producer = None

    async def stop(self) -> None:
        """Close every connection, waiting for nothing that Kafka owes."""
        self.replace()
        while self._closing:
            await asyncio.wait(set(self._closing))

    async def _close(self, producer: AIOKafkaProducer) -> None:
        """Close at once. `stop()` waits for every unsent batch, and one of an idempotent producer never gives up."""
        producer._closed = True  # noqa: SLF001 - there is no public way to close without flushing
        sending = producer._sender.sender_task  # noqa: SLF001 - aiokafka tells of it nowhere else
        if sending is not None:
            sending.cancel()
        await producer.client.close()
        if sending is not None:
            await asyncio.wait([sending], timeout=self._stall_seconds)


def _sort(batch: Sequence[Parcel], error: BaseException | None, sent: Sent, broken: set[Lane]) -> None:
    """Put the rows of a batch to the confirmed, or the first of each lane to the failed."""
    if error is None and not broken:
        sent.confirmed += batch
        return
    for parcel in batch:
        if parcel.lane in broken:
            continue
        if error is None:
            sent.confirmed.append(parcel)
        else:
            broken.add(parcel.lane)
            sent.failed.append((parcel, error))


def _error_of(future: "asyncio.Future[Any]") -> BaseException | None:
    if not future.done():
        return Stalled("not confirmed in time")
    if future.cancelled():
        return Stalled("cancelled")
    return future.exception()
