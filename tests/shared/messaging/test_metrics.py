"""What messaging measures is right while Kafka is away, while nothing can be taken up, and again when all is mended."""

import re

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY

from shared import metrics
from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.ids import new_id
from shared.messaging import worker as workers
from shared.messaging.taking import Limits
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import a_message, a_record, rows_of, until, working
from tests.support.own_parts import OwnPart

pytestmark = pytest.mark.timeout(400)

MESSAGES, FAILING = 60, 3
WITH_FOLLOWERS = MESSAGES + FAILING
_PATIENCE = 120.0
_AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def measured() -> dict[str, float]:
    """Return each measure of the ledger, added up over the labels beside the service."""
    sums: dict[str, float] = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.labels.get("service") == "ledger" and not sample.name.endswith(("_created", "_bucket")):
                name = sample.name.removeprefix("kurslots_")
                sums[name] = sums.get(name, 0.0) + sample.value
    return sums


async def until_measured(what: str, **expected: float) -> None:
    """Wait until the worker itself shows these values."""

    async def is_shown() -> bool:
        found = measured()
        return all(found.get(name) == value for name, value in expected.items())

    await until(is_shown, seconds=_PATIENCE, what=f"{what} {expected}")


async def until_above(what: str, name: str, floor: float) -> None:
    async def is_above() -> bool:
        return measured().get(name, 0.0) > floor

    await until(is_above, seconds=_PATIENCE, what=f"{what}: {name} above {floor}")


async def until_noted(database: Database, count: int) -> None:
    async def are_noted() -> bool:
        return len(await noted(database)) == count

    await until(are_noted, seconds=_PATIENCE, what=f"{count} that took effect")


async def test_what_is_measured_tells_each_trouble_and_that_it_is_over(
    database: Database,
    database_url: str,
    own_kafka: OwnPart,
    namespace: str,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "_GAUGES_SECONDS", 0.2)
    kafka = own_kafka.server.bootstrap  # type: ignore[union-attr]  # it is there
    given = settings(database_url, kafka=kafka, namespace=namespace)
    facts = [a_message(BookingChanged) for _ in range(MESSAGES)]
    dying, first = facts[:FAILING], facts[-1]
    followers = [(a_message(BookingChanged, booking_id=fact.key), 2) for fact in dying]
    for gauge in (metrics.OUTBOX_ROWS, metrics.OUTBOX_OLDEST_SECONDS, metrics.CONSUMER_LAG):
        gauge.clear()  # what earlier tests of this process left
    before = measured()
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace, limits=Limits())):
        # Kafka is away: what was recorded waits, and grows older.
        await tell(database, *((fact, 1) for fact in facts))
        await until_measured("in the outbox", outbox_rows=MESSAGES)
        age = measured()["outbox_oldest_seconds"]
        await until_above("older", "outbox_oldest_seconds", age + 0.3)
        await tell(database, *followers)
        await until_measured("in the outbox", outbox_rows=WITH_FOLLOWERS)

        # Kafka is there and nothing can be taken up: the outbox is empty, and the consumers are behind and try again.
        listener.failing |= {fact.key: TimeoutError() for fact in facts}
        await own_kafka.start()
        await create_topics(given)
        await until_measured("published", outbox_rows=0, outbox_oldest_seconds=0)
        await until_above("behind", "consumer_lag_records", 0)
        tried = measured().get("consumer_retries_total", 0.0)
        await until_above("tried again", "consumer_retries_total", tried)
        assert await noted(database) == []

        # All but a few can be handled: those are set aside, and what follows them waits.
        listener.failing = {fact.key: ValueError("a bug") for fact in dying}
        await until_noted(database, MESSAGES - FAILING)
        await until_measured("set aside", dead_letters=FAILING, parked_keys=FAILING, consumer_lag_records=0)
        await send_unknown(kafka, given.topic(BOOKINGS.name))
        await until_above("alarm", "consumer_unknown_total", before.get("consumer_unknown_total", 0.0))

        # The bug is mended: all is applied, and nothing is measured any longer.
        listener.failing.clear()
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE dead_letters SET retry_at = clock_timestamp()")
        await until_noted(database, WITH_FOLLOWERS)
        await until_measured("mended", dead_letters=0, parked_keys=0, consumer_lag_records=0, relay_stopped_keys=0)
        assert (first.key, 1) in await noted(database)
    grown = {name: value - before.get(name, 0.0) for name, value in measured().items()}
    assert grown["relay_published_total"] >= WITH_FOLLOWERS
    assert grown["relay_window_rows_sum"] >= WITH_FOLLOWERS
    assert grown["consumer_batch_records_sum"] >= WITH_FOLLOWERS + 1
    assert grown["consumer_applied_total"] >= MESSAGES - FAILING
    assert await rows_of(database, "SELECT 1 FROM dead_letters WHERE settled_at IS NULL") == []


async def send_unknown(kafka: str, topic: str) -> None:
    """Send a message of a type that the service has never heard of."""
    record = a_record(a_message(BookingChanged))
    headers = [(name, b"booking.exploded.v1" if name == "ce_type" else each) for name, each in record.headers]
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait(topic, record.value, key=str(new_id()).encode(), headers=headers)


def test_no_label_holds_an_id() -> None:
    """As many series as kinds of things, and not as many as things."""
    labels = [
        each
        for family in REGISTRY.collect()
        if family.name.startswith("kurslots_")
        for sample in family.samples
        for each in sample.labels.values()
    ]
    assert not [each for each in labels if _AN_ID.search(each)]
