"""A position that becomes known while another partition cannot be read: nothing of its partition is passed over."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError

from shared.messaging.reading import CarefulConsumer

KNOWN, NEW = TopicPartition("facts", 0), TopicPartition("facts", 1)
_START, _TAKEN = 5, 100


class Fetcher:
    """What aiokafka has fetched: nothing whose unpacking broke off."""

    def __init__(self, consumer: CarefulConsumer) -> None:
        self._assignment = consumer._subscription.subscription.assignment
        self._records: dict[TopicPartition, object] = {}

    def seek_to(self, partition: TopicPartition, offset: int) -> None:
        self._assignment.state_value(partition).seek(offset)


class Broker:
    """Answers for aiokafka: it learns a position meanwhile, takes from what it was asked for, and then raises."""

    def __init__(self, consumer: CarefulConsumer, error: Exception) -> None:
        self._assignment = consumer._subscription.subscription.assignment
        self._error: Exception | None = error
        self._assignment.state_value(KNOWN).seek(_START)

    async def getmany(
        self, *asked: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[int]]:
        del timeout_ms, max_records
        if not self._assignment.state_value(NEW).has_valid_position:
            self._assignment.state_value(NEW).seek(0)
        taken = {}
        for partition in asked or (KNOWN, NEW):  # as aiokafka has it: of none is of all
            state = self._assignment.state_value(partition)
            taken[partition] = list(range(state.position, _TAKEN))
            state.consumed_to(_TAKEN)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return taken


@pytest.fixture
async def consumer() -> AsyncIterator[CarefulConsumer]:
    consumer = CarefulConsumer(bootstrap_servers="127.0.0.1:1")
    consumer.assign([KNOWN, NEW])
    consumer._fetcher = Fetcher(consumer)
    yield consumer
    consumer._fetcher = None
    await consumer.stop()


@pytest.mark.parametrize("error", [KafkaError(), CorruptRecordException()], ids=["broker", "record"])
async def test_nothing_is_passed_over_where_a_position_became_known_meanwhile(
    consumer: CarefulConsumer, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaConsumer, "getmany", Broker(consumer, error).getmany)
    with pytest.raises(type(error)):
        await consumer.getmany(timeout_ms=0)
    assert await consumer.getmany(timeout_ms=0) == {KNOWN: list(range(_START, _TAKEN)), NEW: list(range(_TAKEN))}


async def test_asked_for_all_at_once_it_would_be_passed_over(
    consumer: CarefulConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control twin: with all of them asked for, what was taken from the new one is gone."""
    monkeypatch.setattr(AIOKafkaConsumer, "getmany", Broker(consumer, KafkaError()).getmany)
    read = CarefulConsumer._read
    monkeypatch.setattr(CarefulConsumer, "_read", lambda self, *_asked, **limits: read(self, **limits))
    with pytest.raises(KafkaError):
        await consumer.getmany(timeout_ms=0)
    assert await consumer.getmany(timeout_ms=0) == {KNOWN: list(range(_START, _TAKEN)), NEW: []}
