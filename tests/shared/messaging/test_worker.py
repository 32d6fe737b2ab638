"""The worker as an application, and the parts of it that need no Kafka."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import BookingChanged, EmployerDescribed, PersonDescribed, ProjectDescribed
from shared.contracts.facts import State
from shared.contracts.topics import BOOKINGS, PEOPLE, TOPICS, Kind
from shared.db import Database
from shared.kernel.clock import FixedClock
from shared.kernel.ids import new_id
from shared.messaging.asyncapi import asyncapi_document
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.outbox import bury
from shared.messaging.purge import INBOX_DAYS, purge
from shared.messaging.reactions import Copies, Reactions, StateSource, Timers
from shared.messaging.republish import check_sources, republish
from shared.messaging.settled import NotSettled, ServicePart, wait_until_settled
from shared.messaging.timers import TimerRunner
from shared.messaging.topics_admin import create_topics, missing_topics, topic_configs
from shared.messaging.worker import Running, build_worker
from tests.shared.messaging import ledger
from tests.shared.messaging.ledger import Listener, settings, tell
from tests.support.messaging import SOME_TIME, a_message, rows_of, run_timers, until, working

_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def _remind(database: Database, *due_at: datetime) -> list[UUID]:
    ids = [new_id() for _ in due_at]
    async with database.engine.begin() as connection:
        rows = [{"id": row_id, "due_at": at} for row_id, at in zip(ids, due_at, strict=True)]
        await connection.execute(insert(ledger.reminders), rows)
    return ids


async def _done(database: Database) -> list[int]:
    return [row.done for row in await rows_of(database, "SELECT done FROM reminders ORDER BY due_at")]


async def test_what_a_consumer_commits_is_told_in_the_worker_at_once(database_url: str, listener: Listener) -> None:
    worker = listener.worker(database_url, kafka="nowhere:9092", namespace="told")
    woken = [relay._wake for relay in worker.relays]
    assert worker.consumers
    for consumer in worker.consumers:
        worker.running.committed.clear()
        for wake in woken:
            wake.clear()
        consumer._after_batch()
        assert worker.running.committed.is_set(), "who sends notifications waits for this and not for a clock"
        assert all(wake.is_set() for wake in woken)
    await worker.database.close()


async def test_a_timer_runs_what_is_due_and_once(database: Database, listener: Listener) -> None:
    clock = FixedClock(_NOON)
    await _remind(database, _NOON - timedelta(hours=1), _NOON, _NOON + timedelta(hours=1))
    assert await run_timers(listener.timers, database, clock) == 2
    assert await run_timers(listener.timers, database, clock) == 0
    clock.advance(timedelta(hours=1))
    assert await run_timers(listener.timers, database, clock) == 1
    assert await _done(database) == [1, 1, 1]


async def test_a_row_that_fails_waits_and_holds_up_no_other(database: Database, listener: Listener) -> None:
    failing, _ = await _remind(database, _NOON - timedelta(hours=1), _NOON)
    listener.failing[failing] = ValueError("a bug")
    runner = TimerRunner(listener.timers, database, FixedClock(_NOON))
    assert await runner.run_due() == 1
    assert await runner.count_due() == 0
    calls = listener.calls
    assert await runner.run_due() == 0
    assert listener.calls == calls
    (failure,) = await rows_of(database, "SELECT * FROM timer_failures")
    assert (failure.timer, failure.row_id, failure.failures) == ("reminders", failing, 1)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE timer_failures SET next_try_at = now() - interval '1 second'")
    assert await runner.run_due() == 0
    (failure,) = await rows_of(database, "SELECT *, next_try_at - clock_timestamp() AS wait FROM timer_failures")
    assert failure.failures == 2
    assert failure.wait > timedelta(seconds=3)
    listener.failing.clear()
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE timer_failures SET next_try_at = now() - interval '1 second'")
    assert await runner.run_due() == 1
    assert await rows_of(database, "SELECT timer FROM timer_failures") == []
    assert await _done(database) == [1, 1]


async def test_two_workers_run_a_row_once(database: Database, listener: Listener) -> None:
    await _remind(database, *[_NOON - timedelta(minutes=number) for number in range(30)])
    clock = FixedClock(_NOON)
    await asyncio.gather(*(run_timers(listener.timers, database, clock) for _ in range(4)))
    assert await _done(database) == [1] * 30


async def test_what_is_too_old_is_forgotten_and_nothing_else(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"""INSERT INTO inbox (message_id, consumer, seen_at)
                SELECT gen_random_uuid(), 'effects', clock_timestamp() - interval '1 day' * days
                  FROM unnest(ARRAY[0, 1, {INBOX_DAYS - 1}, {INBOX_DAYS + 1}, 400, 500]) AS days"""  # noqa: S608 - words and ids of our own
        )
    assert await purge(database, step=2) == 3
    assert len(await rows_of(database, "SELECT message_id FROM inbox")) == 3


async def test_every_state_and_grave_is_published_again(database: Database) -> None:
    people = sorted((a_message(PersonDescribed) for _ in range(5)), key=lambda person: person.person_id)
    gone = new_id()
    async with database.sessions() as session, session.begin():
        await bury(session, PersonDescribed, gone, version=9, at=SOME_TIME)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM outbox")

    async def walk(_session: AsyncSession, after: UUID | None, limit: int) -> list[tuple[UUID, int, State | None]]:
        rest = [person for person in people if after is None or person.person_id > after][:limit]
        return [(person.person_id, 4, None if person is people[0] else person) for person in rest]

    source = StateSource(PersonDescribed, walk)
    assert await republish(database, source, FixedClock(_NOON), step=2) == 5
    rows = await rows_of(database, "SELECT key, version, payload IS NULL AS gone FROM outbox ORDER BY id")
    assert [(row.key, row.version, row.gone) for row in rows] == [
        *((person.person_id, 4, False) for person in people[1:]),
        (gone, 9, True),
    ]


def test_a_service_must_be_able_to_publish_each_of_its_states_again() -> None:
    async def walk(_session: AsyncSession, _after: UUID | None, _limit: int) -> list[tuple[UUID, int, State | None]]:
        return []

    sources = [StateSource(state, walk) for state in (PersonDescribed, EmployerDescribed, ProjectDescribed)]
    check_sources("booking", sources)
    check_sources("notification", [])
    with pytest.raises(TypeError, match=r"booking\.people"):
        check_sources("booking", sources[1:])


async def test_topics_are_made_once_with_settings_of_their_own(database_url: str, kafka: str, namespace: str) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    assert sorted(await create_topics(ours)) == sorted(ours.topic(topic.name) for topic in TOPICS)
    assert await create_topics(ours) == []
    assert await missing_topics(KafkaConnection(kafka), [ours.topic(PEOPLE.name), "no.such"]) == {"no.such"}
    for topic in TOPICS:
        configs = topic_configs(topic, replication=3)
        assert configs["min.insync.replicas"] == "2"
        assert configs["cleanup.policy"] == ("compact" if topic.kind is Kind.STATE else "delete")
    assert int(topic_configs(PEOPLE, replication=1)["delete.retention.ms"]) >= 30 * 86_400_000


async def test_a_record_of_a_sender_whose_clock_is_wrong_is_taken_with_the_brokers_time(
    database_url: str, kafka: str, namespace: str
) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    await create_topics(ours, [BOOKINGS, PEOPLE])
    began = int(time.time() * 1000)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for topic in (BOOKINGS, PEOPLE):
            for wrong in (timedelta(days=2), timedelta(days=-40)):
                stamp = began + int(wrong.total_seconds() * 1000)
                sent = await producer.send_and_wait(ours.topic(topic.name), b"{}", key=b"k", timestamp_ms=stamp)
                assert abs(sent.timestamp - began) < 60_000


def test_the_asyncapi_document_names_every_topic_and_message(listener: Listener) -> None:
    document = asyncapi_document("booking", listener.reactions, listener.copies)
    assert document == asyncapi_document("booking", listener.reactions, listener.copies)
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {"booking.bookings", "booking.people", "booking.runs", "booking.projects"} <= addresses
    assert {"BookingConfirmed", "PersonDescribed", "RunScheduled"} <= set(document["components"]["schemas"])
    assert not any(" " in name for name in document["channels"])


async def test_settled_waits_for_outbox_consumers_and_timers(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    await create_topics(ours)
    clock = FixedClock(_NOON)
    part = ServicePart("ledger", database, listener.reactions, listener.copies, listener.timers, clock)
    await tell(database, (a_message(BookingChanged), 1))
    await _remind(database, _NOON)
    with pytest.raises(NotSettled) as raised:
        await wait_until_settled([part], ours, seconds=0)
    assert raised.value.waits[:2] == ("ledger: 1 rows in the outbox", "ledger: 1 rows due")
    worker = listener.worker(database_url, kafka=kafka, namespace=namespace)
    worker.timers = TimerRunner(listener.timers, worker.database, clock)
    async with working(worker):
        await wait_until_settled([part], ours, seconds=30)
        assert len(await rows_of(database, "SELECT id FROM ledger")) == 1
        assert await _done(database) == [1]
        assert await wait_until_settled([part], ours, seconds=30) < 10


async def test_the_application_tells_how_it_is(
    database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    ours = settings(database_url, kafka=kafka, namespace=namespace)
    await create_topics(ours)
    ran = asyncio.Event()

    async def extra(running: Running) -> None:
        ran.set()
        await running.pause(60)

    async def failing(_running: Running) -> None:
        raise ValueError

    app = build_worker(
        service="ledger",
        settings=ours,
        reactions=listener.reactions,
        copies=listener.copies,
        timers=listener.timers,
        extra_tasks=[extra, failing],
    )
    transport = httpx.ASGITransport(app)
    async with app.start_lifespan_context(), httpx.AsyncClient(transport=transport, base_url="http://worker") as client:

        async def is_ready() -> bool:
            answer = await client.get("/ready")
            return answer.status_code == 200 and all(each["assigned"] for each in answer.json()["consumers"])

        await until(is_ready)
        assert (await client.get("/health")).json()["service"] == "ledger"
        assert "kurslots_outbox_rows" in (await client.get("/metrics")).text
        assert (await client.get("/elsewhere")).status_code == 404
        assert ran.is_set()


async def test_the_application_is_alive_and_not_ready_with_everything_away(listener: Listener) -> None:
    nowhere: dict[str, Any] = {"kafka": "127.0.0.1:9", "namespace": "nowhere"}
    app = build_worker(
        service="ledger",
        settings=settings("postgresql://nobody:nothing@127.0.0.1:9/nothing", **nowhere),
        reactions=listener.reactions,
        copies=listener.copies,
        timers=listener.timers,
    )
    transport = httpx.ASGITransport(app)
    async with app.start_lifespan_context(), httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        assert (await client.get("/health")).status_code == 200
        answer = await client.get("/ready")
        assert (answer.status_code, answer.json()["database"], answer.json()["kafka"]) == (503, False, False)


def test_a_service_that_says_nothing_about_a_message_does_not_start(listener: Listener) -> None:
    listener.reactions.ignored.clear()
    with pytest.raises(TypeError, match="BookingCancelled"):
        build_worker(
            service="ledger",
            settings=settings("postgresql://nobody@127.0.0.1:9/nothing", kafka="127.0.0.1:9", namespace=""),
            reactions=listener.reactions,
            copies=Copies("ledger"),
            timers=Timers("ledger"),
        )
    assert Reactions("other").topics == ()
