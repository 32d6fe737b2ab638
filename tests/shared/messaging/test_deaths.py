"""A bad deploy does not set a whole topic aside: not at once, and not bit by bit over restarts."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from faststream.asgi import AsgiFastStream
from sqlalchemy import text

from shared.contracts.booking import BookingChanged, BookingConfirmed, PersonDescribed
from shared.contracts.topics import BOOKINGS, PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging.copies import CopyKeeper
from shared.messaging.deaths import DeathCap, TooManyDeaths
from shared.messaging.effects import Effects
from shared.messaging.messages import Incoming, Record, read_record
from shared.messaging.probes import probes
from shared.messaging.taking import Limits
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings
from tests.support.messaging import a_message, a_record, rows_of, until, working

_LIMITS = Limits(pause_seconds=0, deaths=5, deaths_of=10)


def _effects(listener: Listener, database: Database) -> Effects:
    return Effects(listener.reactions, database, SystemClock(), limits=_LIMITS)


def _read(*records: Record) -> list[Incoming]:
    return [read_record(replace(record, offset=offset), BOOKINGS) for offset, record in enumerate(records)]


def _good(count: int = 1) -> list[Record]:
    return [a_record(a_message(BookingConfirmed)) for _ in range(count)]


def _poison(count: int = 1) -> list[Record]:
    return [replace(record, value=b"{") for record in _good(count)]


async def _dead(database: Database) -> int:
    return len(await rows_of(database, "SELECT id FROM dead_letters WHERE standing = 'failed'"))


async def test_too_many_deaths_stop_the_consumer_and_not_the_topic(database: Database, listener: Listener) -> None:
    taken = await _effects(listener, database).take(_read(*_poison(20)))
    assert (taken.done, type(taken.error)) == (5, TooManyDeaths)
    assert await _dead(database) == 5


async def test_without_the_cap_the_topic_would_be_set_aside(
    database: Database, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeathCap, "check", lambda _: None)
    assert (await _effects(listener, database).take(_read(*_poison(20)))).done == 20
    assert await _dead(database) == 20


async def test_few_deaths_among_many_do_not(database: Database, listener: Listener) -> None:
    effects = _effects(listener, database)
    for _ in range(8):
        assert (await effects.take(_read(*_poison(), *_good(3)))).done == 4


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_worker_that_is_started_again_and_again_sets_no_more_aside(
    database: Database,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    remembers: bool,  # noqa: FBT001 - with nothing remembered the topic goes bit by bit: the control twin
) -> None:
    if not remembers:

        async def nothing(_cap: DeathCap, _database: Database) -> None:
            return

        monkeypatch.setattr(DeathCap, "load", nothing)
    assert (await _effects(listener, database).take(_read(*_poison(2)))).done == 2
    for _ in range(3):
        taken = await _effects(listener, database).take(_read(*_poison(12)))
        assert isinstance(taken.error, TooManyDeaths)
    assert await _dead(database) == (5 if remembers else 2 + 3 * 5)


async def test_lives_are_remembered_too(database: Database, listener: Listener) -> None:
    assert (await _effects(listener, database).take(_read(*_poison(4)))).done == 4
    for _ in range(4):
        assert (await _effects(listener, database).take(_read(*_good(3), *_poison(1)))).done == 4
    assert await _dead(database) == 8


async def test_what_waits_behind_the_dead_and_what_comes_again_are_no_lives(
    database: Database, listener: Listener
) -> None:
    """Of a topic with ten facts for each key, one in ten would die and nine would wait behind it."""
    effects = _effects(listener, database)
    before = _read(*_good(10))
    await effects.take(before)
    for _ in range(6):
        key = new_id()
        listener.failing[key] = ValueError("a bug")
        facts = [a_record(a_message(BookingChanged, booking_id=key), version=version) for version in range(1, 11)]
        batch = [*before, *(replace(each, message_id=new_id()) for each in _read(*facts))]
        if effects.cap.is_reached:
            break
        await effects.take(batch)
    assert await _dead(database) == 5
    taken = await _effects(listener, database).take(_read(*_poison()))
    assert isinstance(taken.error, TooManyDeaths)


async def test_states_that_die_count_as_facts_do(database: Database, listener: Listener) -> None:
    def keeper() -> CopyKeeper:
        return CopyKeeper(listener.copies, database, SystemClock(), limits=_LIMITS)

    def people(count: int, **changes: Any) -> list[Incoming]:  # noqa: ANN401 - fields of the record
        records = [replace(a_record(a_message(PersonDescribed)), **changes) for _ in range(count)]
        return [read_record(record, PEOPLE) for record in records]

    assert (await keeper().take([*people(4, value=b"{"), *people(9), *people(1, value=b"{")])).done == 14
    assert isinstance((await keeper().take(people(9, value=b"{"))).error, TooManyDeaths)
    assert await _dead(database) == 9


async def test_a_message_that_comes_again_dies_once(database: Database, listener: Listener) -> None:
    effects = _effects(listener, database)
    poison = _read(*_poison(2))
    for _ in range(5):
        assert (await effects.take(poison)).done == 2
    assert await _dead(database) == 2


async def test_a_version_that_can_handle_them_goes_on_by_itself(database: Database, listener: Listener) -> None:
    keys = [new_id() for _ in range(8)]
    listener.failing = {key: ValueError("a bug") for key in keys}
    batch = _read(*(a_record(a_message(BookingChanged, booking_id=key)) for key in keys))
    assert isinstance((await _effects(listener, database).take(batch)).error, TooManyDeaths)
    listener.failing.clear()
    assert (await _effects(listener, database).take(batch)).done == 8
    assert await _dead(database) == 5


async def test_a_stopped_consumer_says_so_and_goes_on_when_enough_is_settled(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    await create_topics(ours)
    await _put(kafka, ours.topic(BOOKINGS.name), *_poison(8), *_good())
    worker = listener.worker(database_url, kafka=kafka, namespace=namespace, limits=_LIMITS)
    app = AsgiFastStream(worker.broker, asgi_routes=probes(worker))
    async with working(worker), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://w") as client:

        async def has_halted() -> bool:
            return worker.consumers[0].halted_because is not None

        await until(has_halted)
        for path in ("/health", "/ready"):
            effects, _ = (await client.get(path)).json()["consumers"]
            assert effects["halted_because"] == "5 of the last 5 messages died"
        assert (await client.get("/ready")).status_code == 503

        async def is_measured() -> bool:
            gauge = f'kurslots_consumer_halted{{group="{namespace}.ledger.effects",service="ledger"}} 1.0'
            return gauge in (await client.get("/metrics")).text

        await until(is_measured)
        await _settle(database, 4)

        async def is_noted() -> bool:
            return len(await noted(database)) == 1

        await until(is_noted)
        assert worker.consumers[0].halted_because is None
    assert await _dead(database) == 8


async def _settle(database: Database, count: int) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(
            text("""
                UPDATE dead_letters
                   SET settled_at = now(), outcome = 'discarded', value = NULL, record_key = NULL
                 WHERE id IN (SELECT id FROM dead_letters ORDER BY id LIMIT :count)
            """),
            {"count": count},
        )


async def _put(kafka: str, topic: str, *records: Record) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(topic, record.value, key=record.key, headers=list(record.headers), partition=0)
    finally:
        await producer.stop()
