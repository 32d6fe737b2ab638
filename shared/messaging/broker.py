"""FastStream's Kafka broker for a worker: it starts when Kafka is away, and connects when it is there.

Plain FastStream raises from `start` instead, makes topics with defaults, and sleeps after each empty read.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from shared.messaging.failures import cause_of
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.reading import CarefulConsumer
from shared.messaging.topics_admin import missing_topics

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_LONG_READ_MS = 1000
# A leader that is cut off from the other brokers goes on answering us, with nothing new: look this often who leads.
_WHO_LEADS_MS = 30_000


class LongReadConsumer(CarefulConsumer):
    """Waits up to a second for records, so that FastStream's pause after an empty read is rare and short."""

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        """Return what is there as soon as anything is."""
        read: Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]] = await super().getmany(
            *partitions, timeout_ms=max(timeout_ms, _LONG_READ_MS), max_records=max_records
        )
        return read

    async def stop(self) -> None:
        """Leave the group and close every connection.

        With Kafka away, aiokafka lets out the cancellation of its own fetches, and goes no further.
        """
        try:
            await super().stop()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            fetches = list(self._fetcher._pending_tasks)  # noqa: SLF001 - nothing public names them
            for fetch in fetches:
                fetch.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)
            await self._client.close()


class PatientBroker(KafkaBroker):
    """Connects in the background, however long it takes. `wanted` are the topics that must exist first."""

    def __init__(self, kafka: KafkaConnection, *, client_id: str) -> None:
        quiet = logging.getLogger("faststream.worker")
        quiet.setLevel(logging.ERROR)  # a line for every batch otherwise, and a warning that topics are not made here
        super().__init__(
            kafka.bootstrap,
            client_id=client_id,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            metadata_max_age_ms=_WHO_LEADS_MS,
            graceful_timeout=15.0,
            logger=quiet,
        )
        self.kafka = kafka
        self.wanted: set[str] = set()
        self.is_connected = False
        self.away_because: str | None = None
        self._starting: asyncio.Task[None] | None = None
        self._made: WeakSet[AIOKafkaConsumer] = WeakSet()

    async def _connect(self) -> Callable[..., AIOKafkaConsumer]:
        plain = await super()._connect()
        assert isinstance(plain, partial)

        def build(**options: Any) -> AIOKafkaConsumer:  # noqa: ANN401 - handed on to aiokafka as they came
            consumer = LongReadConsumer(**{**plain.keywords, **options, **self.kafka.options()})
            self._made.add(consumer)
            return consumer

        self.config.broker_config.builder = build
        return build

    async def start(self) -> None:
        """Return at once; consuming begins when Kafka and the topics are there."""
        self._starting = asyncio.create_task(self._start_patiently())

    async def _start_patiently(self) -> None:
        told: set[str] = set()
        while True:
            try:
                if missing := await missing_topics(self.kafka, self.wanted):
                    self.away_because = f"topics are missing: {', '.join(sorted(missing))}"
                    if missing != told:
                        log.warning("topics_missing", topics=sorted(missing), remedy="kurslots topics")
                        told = missing
                else:
                    await super().start()
                    self.is_connected, self.away_because = True, None
                    log.info("consumers_connected", topics=sorted(self.wanted))
                    return
            except Exception as error:  # noqa: BLE001 - a worker tries for as long as it runs
                await self._stop_all()
                self.away_because = await self.kafka.why_away(error)
                log.warning("kafka_away", cause=self.away_because)
            await asyncio.sleep(_RETRY_SECONDS)

    async def stop(self, *_exception: object) -> None:
        """Finish the batches in hand and leave the groups."""
        self.is_connected = False
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError):
                await self._starting
            self._starting = None
        await self._stop_all()

    async def _stop_all(self) -> None:
        try:
            await super().stop()
        except Exception as error:  # noqa: BLE001 - FastStream gathers what its subscribers raise
            log.warning("consumers_not_stopped_well", cause=cause_of(error))
        for consumer in list(self._made):
            with suppress(KafkaError, OSError):
                await consumer.stop()  # nothing for one that FastStream has stopped; it loses sight of some
