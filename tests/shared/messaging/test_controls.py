"""Guards that keep the order, each with its control twin: with the guard off, the order is lost.

The wire stands in for Kafka, so that what happens in between can be placed exactly; the outbox is a real one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging.effects import Effects
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.messages import Incoming, read_record
from shared.messaging.relay import Relay, RelayPlace
from shared.messaging.sender import Parcel
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener, noted, tell
from tests.shared.messaging.wire import RecordByRecord
from tests.support.messaging import a_message, a_record, rows_of, until


class _Wire:
    """What has reached the topic, in order, as (key, version)."""

    def __init__(self) -> None:
        self.records: list[tuple[UUID, int]] = []

    def versions(self, key: UUID) -> list[int]:
        return [version for each, version in self.records if each == key]


class _Producer(RecordByRecord):
    """Stands in for aiokafka's producer: `before` runs before each record, and may refuse it."""

    def __init__(self, wire: _Wire, before: Callable[[UUID, int], Awaitable[None]]) -> None:
        self._wire = wire
        self._before = before

    async def send(self, topic: str, **sent: Any) -> "asyncio.Future[None]":  # noqa: ANN401 - as aiokafka's
        del topic
        record = UUID(sent["key"].decode()), int(dict(sent["headers"])["ce_aggregateversion"])
        await self._before(*record)
        self._wire.records.append(record)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


def _relay(database: Database, namespace: str, producer: _Producer) -> Relay:
    relay = Relay(
        database,
        RelayPlace("booking", namespace, KafkaConnection("nowhere:9092"), idle_seconds=6.0, stall_seconds=30.0),
    )

    async def ready() -> _Producer:
        return producer

    relay._sender._ready = ready  # type: ignore[method-assign]  # the fault that is tried here
    return relay


def _change(key: UUID) -> BookingChanged:
    return a_message(BookingChanged, booking_id=key)


async def _nothing(key: UUID, version: int) -> None:
    del key, version


async def _is_empty(database: Database) -> bool:
    return await rows_of(database, "SELECT id FROM outbox LIMIT 1") == []


@asynccontextmanager
async def _at_work(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        await asyncio.wait(tasks, timeout=30)
        for task in tasks:
            task.cancel()


@pytest.mark.parametrize("keeps_lanes", [True, False])
async def test_after_a_row_that_was_not_taken_its_key_waits(
    database: Database,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    keeps_lanes: bool,  # noqa: FBT001 - with a lane for each row the order must be lost: the control twin
) -> None:
    key, other = new_id(), new_id()
    refusals = [(key, 2)]

    async def refuse_once(key: UUID, version: int) -> None:
        if (key, version) in refusals:
            refusals.remove((key, version))
            raise MessageSizeTooLargeError

    if not keeps_lanes:
        monkeypatch.setattr(Parcel, "lane", property(lambda parcel: (parcel.topic, str(parcel.id).encode())))
    await tell(database, *((_change(each), version) for version in (1, 2, 3) for each in (key, other)))
    wire = _Wire()
    async with _at_work(_relay(database, namespace, _Producer(wire, refuse_once))):
        await until(lambda: _is_empty(database))
    assert wire.versions(other) == [1, 2, 3]
    assert wire.versions(key) == ([1, 2, 3] if keeps_lanes else [1, 3, 2])


class _NoLock:
    """The shard's lock, off: everybody has it."""

    @asynccontextmanager
    async def held(self, *, unless: asyncio.Event | None = None) -> AsyncIterator[bool]:
        del unless
        yield True

    def check(self) -> None:
        return


@pytest.mark.parametrize("has_lock", [True, False])
async def test_while_one_relay_is_held_up_another_publishes_nothing(
    database: Database,
    namespace: str,
    has_lock: bool,  # noqa: FBT001 - without it records come twice and late: the control twin
) -> None:
    key = new_id()
    held_up, goes_on = asyncio.Event(), asyncio.Event()

    async def wait(key: UUID, version: int) -> None:
        del key, version
        held_up.set()
        await goes_on.wait()

    async def both_have_asked() -> bool:
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'"
        return len(await rows_of(database, f"{asked} AND query LIKE '%pg_try_advisory_lock%'")) == 2

    wire = _Wire()
    first = _relay(database, namespace, _Producer(wire, wait))
    second = _relay(database, namespace, _Producer(wire, _nothing))
    if not has_lock:
        first._lock = second._lock = _NoLock()  # type: ignore[assignment]  # the fault that is tried here
    await tell(database, (_change(key), 1), (_change(key), 2))
    async with _at_work(first):
        await held_up.wait()
        async with _at_work(second):
            await tell(database, (_change(key), 3))
            await until(both_have_asked if has_lock else lambda: _is_empty(database))
            assert second.is_active is not has_lock
            assert wire.records == ([] if has_lock else [(key, 1), (key, 2), (key, 3)])
            goes_on.set()
            await until(lambda: _has(wire, 3 if has_lock else 5))
            await until(lambda: _is_empty(database))
    assert wire.versions(key) == ([1, 2, 3] if has_lock else [1, 2, 3, 1, 2])


async def _has(wire: _Wire, count: int) -> bool:
    return len(wire.records) >= count


@pytest.mark.parametrize("looks_again", [True, False])
async def test_a_key_parked_between_the_look_and_the_taking_is_seen(
    database: Database,
    listener: Listener,
    looks_again: bool,  # noqa: FBT001 - without the second look a follower overtakes: the control twin
) -> None:
    """The new owner of a partition looked for parked keys before the old one parked, and takes ids after."""
    key = new_id()
    first, second = _changes(key, 1, 2)
    listener.failing[key] = ValueError("a bug")
    old, new = (Effects(listener.reactions, database, SystemClock(), limits=Limits(pause_seconds=0)) for _ in range(2))
    take_from_inbox = new._take_from_inbox

    async def after_the_old_one(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
        new._take_from_inbox = take_from_inbox
        await old.take([first])
        listener.failing.clear()
        return await take_from_inbox(session, consumer, ids)

    async def no_look(*_asked: object) -> None:
        return

    new._take_from_inbox = after_the_old_one
    if not looks_again:
        new._stop_if_parked_meanwhile = no_look  # type: ignore[method-assign, assignment]  # the fault that is tried here
    taken = await new.take([first, second])
    assert (taken.error is not None) is looks_again
    overtaken = await noted(database)
    assert (await new.take([first, second])).done == 2
    assert overtaken == ([] if looks_again else [(key, 2)])
    standings = await rows_of(database, "SELECT standing FROM dead_letters ORDER BY id")
    assert [row.standing for row in standings] == (["failed", "follower"] if looks_again else ["failed"])


def _changes(key: UUID, *versions: int) -> list[Incoming]:
    return [
        read_record(replace(a_record(_change(key), version=version), offset=version), BOOKINGS) for version in versions
    ]
