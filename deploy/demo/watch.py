"""Seeing what a command causes: the messages on Kafka, found again by the trace that the command began."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.topics import TOPICS
from shared.kernel.clock import machine_now
from shared.messaging.kafka_connection import KafkaConnection

_TAKE_MS = 200


@dataclass(frozen=True)
class SeenMessage:
    """A message as it passed: its topic, type and trace, when we saw it, and its body; a tombstone has none."""

    topic: str
    type: str
    trace: str | None
    seen_at: datetime
    body: bytes | None = None


@dataclass
class Watcher:
    """Reads every topic from now on, without joining a group; used as an asynchronous context manager.

    Kafka may be away for a while: what was written meanwhile is read when it is back.
    """

    kafka: KafkaConnection
    namespace: str = ""
    messages: list[SeenMessage] = field(default_factory=list)
    _consumer: AIOKafkaConsumer | None = None
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        consumer = AIOKafkaConsumer(
            **self.kafka.options(),
            enable_auto_commit=False,
            auto_offset_reset="latest",
            fetch_max_wait_ms=100,
        )
        await consumer.start()
        prefix = f"{self.namespace}." if self.namespace else ""
        partitions = [
            TopicPartition(f"{prefix}{topic.name}", number) for topic in TOPICS for number in range(topic.partitions)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        for partition in partitions:
            await consumer.position(partition)
        self._consumer = consumer
        self._task = asyncio.create_task(self._read(consumer, prefix))
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        assert self._consumer is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, prefix: str) -> None:
        while True:
            try:
                taken = await consumer.getmany(timeout_ms=_TAKE_MS)
            except KafkaError:
                await asyncio.sleep(1)
                continue
            for partition, records in taken.items():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    trace = headers.get("traceparent")
                    self.messages.append(
                        SeenMessage(
                            partition.topic.removeprefix(prefix),
                            headers.get("ce_type", "?"),
                            trace.split("-")[1] if trace else None,
                            machine_now(),
                            record.value,
                        )
                    )

    def of(self, traces: Sequence[str]) -> list[SeenMessage]:
        """Return the messages that these traces have caused so far."""
        return [message for message in self.messages if message.trace in traces]
