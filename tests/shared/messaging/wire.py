"""A stand-in for aiokafka's producer in tests that must place exactly what happens to which record."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any


class _OneRecord:
    """A batch that is full after its first record."""

    def __init__(self) -> None:
        self.record: dict[str, Any] | None = None

    def append(self, **record: Any) -> object | None:  # noqa: ANN401 - as aiokafka's
        if self.record is not None:
            return None
        self.record = record
        return object()


class RecordByRecord(ABC):
    """Makes every record a batch of its own, on one partition, so that `send` decides about each."""

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}

    def create_batch(self) -> _OneRecord:
        return _OneRecord()

    async def send_batch(self, batch: _OneRecord, topic: str, **_rest: object) -> "asyncio.Future[None]":
        assert batch.record is not None
        return await self.send(topic, **batch.record)

    @abstractmethod
    async def send(self, topic: str, **record: Any) -> "asyncio.Future[None]":  # noqa: ANN401 - any field of it
        """Take a record, or raise; the future is its end."""
