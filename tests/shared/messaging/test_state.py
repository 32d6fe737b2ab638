"""The gauges of messaging say what is so: in the database, in the running consumers, and of what is late."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY
from sqlalchemy import insert

from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.clock import FixedClock
from shared.kernel.ids import new_id
from shared.messaging.outbox import slot_of
from shared.messaging.relay import Relay
from shared.messaging.state import LateTimers, read_state, show, show_parts
from shared.messaging.taking import Limits
from shared.messaging.timers import TimerRunner
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging import ledger
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import a_message, a_record, until, working

_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def gauged(name: str, **labels: object) -> float | None:
    return REGISTRY.get_sample_value(name, {key: str(value) for key, value in labels.items()})


def a_key_of(shard: int, *, shards: int) -> UUID:
    return next(key for key in iter(new_id, None) if slot_of(key) % shards == shard)


async def test_the_outbox_is_counted_and_aged_by_shard(database: Database) -> None:
    await tell(
        database,
        *((a_message(BookingChanged, booking_id=a_key_of(shard, shards=3)), 1) for shard in (0, 2, 2)),
    )
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE outbox SET recorded_at = clock_timestamp() - interval '90 seconds' WHERE slot % 3 = 0"
        )
    state = await read_state(database, shards=3)
    assert [(shard.shard, shard.rows) for shard in state.shards] == [(0, 1), (1, 0), (2, 2)]
    assert state.outbox_rows == 3
    show("counted", state)
    oldest = [gauged("kurslots_outbox_oldest_seconds", service="counted", shard=shard) for shard in range(3)]
    assert oldest[0] is not None
    assert oldest[2] is not None
    assert 90 <= oldest[0] < 180
    assert oldest[1] == 0
    assert 0 < oldest[2] < 90
    assert gauged("kurslots_outbox_rows", service="counted", shard=2) == 2
    assert (await read_state(database)).outbox_rows == 3


async def test_what_is_stopped_parked_dead_and_left_alone_is_shown(database: Database) -> None:
    async with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO stopped_keys (topic, key, outbox_id, cause) SELECT 'x', gen_random_uuid(), 1, 'y'",
            "INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', 'x', 'a'), ('effects', 'x', 'b')",
            """INSERT INTO dead_letters (consumer, topic, partition, "offset", key, message_id, standing, cause)
               SELECT 'effects', 'x', 0, number, 'a', gen_random_uuid(), standing, 'a bug'
                 FROM (VALUES (1, 'failed'), (2, 'follower')) AS each (number, standing)""",
            """INSERT INTO timer_failures (timer, row_id, failures, cause, next_try_at)
               SELECT 'reminders', gen_random_uuid(), 1, 'a bug', now() FROM generate_series(1, 4)""",
        ):
            await connection.exec_driver_sql(statement)
    show("shown", await read_state(database))
    names = ("relay_stopped_keys", "parked_keys", "dead_letters", "timers_left_alone_rows")
    assert [gauged(f"kurslots_{name}", service="shown") for name in names] == [1, 2, 1, 4]


async def test_a_row_is_late_when_a_second_look_still_finds_it(database: Database, listener: Listener) -> None:
    clock = FixedClock(_NOON)
    async with database.engine.begin() as connection:
        rows = [{"id": new_id(), "due_at": _NOON + timedelta(hours=hours)} for hours in (-1, 0, 1)]
        await connection.execute(insert(ledger.reminders), rows)
    runner = TimerRunner(listener.timers, database, clock)
    late = LateTimers()

    async def look() -> tuple[float | None, float | None]:
        await late.look("late", runner)
        labels = {"service": "late", "timer": "reminders"}
        return gauged("kurslots_timers_late_rows", **labels), gauged("kurslots_timers_late_seconds", **labels)

    assert await look() == (0, 0)
    rows_late, first_seconds = await look()
    assert rows_late == 2
    assert first_seconds is not None
    clock.advance(timedelta(hours=1))
    rows_late, seconds = await look()
    assert rows_late == 2  # the third has only just come due
    assert seconds is not None
    assert seconds > first_seconds > 0
    await runner.run_due()
    assert await look() == (0, 0)


async def test_a_running_worker_shows_lag_batches_relays_and_halts(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    await create_topics(ours)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    partition = 0

    async def put(key: UUID) -> None:
        record = a_record(a_message(BookingChanged, booking_id=key), version=1)
        topic, headers = ours.topic(BOOKINGS.name), list(record.headers)
        await producer.send_and_wait(topic, record.value, key=record.key, headers=headers, partition=partition)

    def batched() -> float:
        return gauged("kurslots_consumer_batch_records_sum", service="ledger") or 0

    most_one = Limits(pause_seconds=0, deaths=1, deaths_of=10)
    worker = listener.worker(database_url, kafka=kafka, namespace=namespace, limits=most_one)
    effects = next(consumer for consumer in worker.consumers if consumer.group.endswith("effects"))

    async def lag_is(expected: float) -> bool:
        show_parts("ledger", worker.relays, worker.consumers)
        labels = {"service": "ledger", "topic": BOOKINGS.name, "partition": partition}
        return gauged("kurslots_consumer_lag_records", **labels) == expected

    try:
        before = batched()
        await put(new_id())
        async with working(worker):
            await until(lambda: _applied(database, 1))
            await until(lambda: lag_is(0), what="no lag")
            assert batched() - before == 1
            assert gauged("kurslots_consumer_halted", service="ledger", group=effects.group) == 0
            await until(lambda: _is_active(worker.relays), what="an active relay")
            show_parts("ledger", worker.relays, worker.consumers)
            assert gauged("kurslots_relay_active", service="ledger", shard=0) == 1
            dying = [new_id() for _ in range(3)]
            listener.failing.update(dict.fromkeys(dying, ValueError("a bug")))
            for key in dying:  # the first is set aside, and the two others wait
                await put(key)
            await until(lambda: _is_halted(effects.group), what="a halted consumer")
            await until(lambda: lag_is(2), what="the lag of a halted consumer")
    finally:
        await producer.stop()
    show_parts("ledger", worker.relays, worker.consumers)
    assert gauged("kurslots_relay_active", service="ledger", shard=0) == 0


async def _applied(database: Database, count: int) -> bool:
    return len(await noted(database)) >= count


async def _is_halted(group: str) -> bool:
    return gauged("kurslots_consumer_halted", service="ledger", group=group) == 1


async def _is_active(relays: Sequence[Relay]) -> bool:
    return all(relay.is_active for relay in relays)
