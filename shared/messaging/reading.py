"""A Kafka consumer that loses nothing when something on a partition cannot be read, and reads on everywhere else.

aiokafka raises from `getmany` then, and with that loses what it had already taken from other partitions: their
positions have moved on. A damaged batch makes its partition stand still, visibly; a header's name that is not UTF-8
does not, for Kafka takes it and aiokafka alone cannot read it.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, IllegalStateError, KafkaError, UnsupportedCodecError

from shared.messaging.failures import cause_of
from shared.messaging.raw_batches import fetch_batch

log = structlog.get_logger(__name__)

Records = Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]]

_LOOK_AGAIN_SECONDS = 30.0
_ONE_PARTITION_MS = 1000
_NOWHERE = TopicPartition("", 0)  # read from nothing, but raise what there is to raise
_UNREADABLE = (CorruptRecordException, UnsupportedCodecError, ValueError, IndexError)


@dataclass(slots=True)
class StandingStill:
    """A partition on which nothing can be read from an offset on. Machine time."""

    offset: int
    cause: str
    looked_at: float


class CarefulConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """Gives records only once it is sure of them. `standing_still` says where it cannot read on."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - handed on as they came
        super().__init__(*args, **options)
        self.standing_still: dict[TopicPartition, StandingStill] = {}

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Records:
        """Return what is there. Raises what aiokafka raises where it is not about a record."""
        self._look_again()
        before = self._positions()
        known = [each for each in before if not partitions or each in partitions]
        if not known:  # what is read at a position that only becomes known meanwhile could not be gone back to
            await asyncio.sleep(timeout_ms / 1000)
            return await self._read(_NOWHERE)
        try:
            return await self._read(*known, timeout_ms=timeout_ms, max_records=max_records)
        except _UNREADABLE:
            culprit = self._culprit()
            self._go_back(before)
            if culprit is None:
                raise
            log.warning("partition_read_with_care", topic=culprit.topic, partition=culprit.partition)
            return await self._read_with_care(culprit, most=max_records or 1)
        except KafkaError:
            self._go_back(before)
            raise

    async def _read(self, *partitions: TopicPartition, **limits: int | None) -> Records:
        read: Records = await super().getmany(*partitions, **limits)
        for partition in [each for each in read if each in self.standing_still]:
            log.warning("partition_read_on", topic=partition.topic, partition=partition.partition)
            del self.standing_still[partition]
        return read

    async def _read_with_care(self, partition: TopicPartition, *, most: int) -> Records:
        """Read one partition record by record, up to where it cannot be read; then around that, or stand still."""
        good: list[ConsumerRecord[Any, Any]] = []
        while len(good) < most:
            try:
                read = await self._read(partition, timeout_ms=_ONE_PARTITION_MS, max_records=1)
            except _UNREADABLE as error:
                if good:
                    break
                return await self._read_around(partition, error)
            if not read:
                break
            good += read[partition]
        return {partition: good} if good else {}

    async def _read_around(self, partition: TopicPartition, error: Exception) -> Records:
        offset = self._positions().get(partition)
        if offset is None:
            return {}
        try:
            batch = await fetch_batch(self, partition, offset)
        except _UNREADABLE as harder:
            self._stand_still(partition, offset, harder)
            return {}
        if batch is None:
            self._stand_still(partition, offset, error)
            return {}
        with suppress(IllegalStateError):  # it was taken from us meanwhile
            self.seek(partition, batch.next_offset)
        return {partition: batch.records} if batch.records else {}

    def _stand_still(self, partition: TopicPartition, offset: int, error: Exception) -> None:
        if partition not in self.standing_still:
            log.critical(
                "partition_unreadable",
                topic=partition.topic,
                partition=partition.partition,
                offset=offset,
                cause=cause_of(error),
                remedy="mend the broker's log, or have the group step over the batch",
            )
        self.standing_still[partition] = StandingStill(offset, cause_of(error), time.monotonic())
        with suppress(IllegalStateError):
            self.pause(partition)

    def _look_again(self) -> None:
        """Try partitions again that stood still for a while: another replica may lead by now."""
        now = time.monotonic()
        for partition, still in list(self.standing_still.items()):
            if partition not in self.assignment():
                del self.standing_still[partition]
            elif now - still.looked_at > _LOOK_AGAIN_SECONDS:
                still.looked_at = now
                self.resume(partition)

    def _positions(self) -> dict[TopicPartition, int]:
        subscription = self._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        if assignment is None:
            return {}
        states = {partition: assignment.state_value(partition) for partition in assignment.tps}
        return {partition: state.position for partition, state in states.items() if state.has_valid_position}

    def _go_back(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read again from here: what was taken since has been given to nobody."""
        for partition, offset in positions.items():
            with suppress(IllegalStateError):  # taken from us meanwhile
                self.seek(partition, offset)

    def _culprit(self) -> TopicPartition | None:
        """Return the partition whose records could not be unpacked: its generator has ended without the end."""
        for partition, fetched in self._fetcher._records.items():  # noqa: SLF001 - aiokafka does not tell
            records = getattr(fetched, "_partition_records", None)
            unpacking = getattr(records, "_records_iterator", None)
            if unpacking is not None and unpacking.gi_frame is None:
                return partition
        return None
