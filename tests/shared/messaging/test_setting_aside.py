"""What is set aside is settled in the order of its key: after a fix, once a reference is known, or given up."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import new_id
from shared.messaging.dead_letters import (
    Decider,
    ask_replay,
    discard,
    list_dead_letters,
    list_stopped_keys,
    release_key,
)
from shared.messaging.effects import EFFECTS, Effects
from shared.messaging.messages import Record, read_record
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener, noted
from tests.support.messaging import a_message, a_record, rows_of, until

_QUICK = Limits(pause_seconds=0, first_wait_seconds=0.01, longest_wait_seconds=0.05)


class _Service:
    """The consumer and the retries of the listening service."""

    def __init__(self, listener: Listener, database: Database, limits: Limits = _QUICK) -> None:
        self.listener = listener
        self.database = database
        self.effects = Effects(listener.reactions, database, SystemClock(), limits=limits)
        self.retries = Retries(database, {EFFECTS: self.effects}, listener.reactions.ignored)

    async def take(self, *records: Record) -> None:
        batch = [read_record(replace(record, offset=offset), BOOKINGS) for offset, record in enumerate(records)]
        assert (await self.effects.take(batch)).done == len(batch)

    async def letters(self) -> list[tuple[int, str, int]]:
        async with self.database.sessions() as session:
            return [(each.id, each.standing, each.followers) for each in await list_dead_letters(session)]

    async def ask_replay(self, letter_id: int) -> None:
        async with self.database.sessions() as session, session.begin():
            await ask_replay(session, letter_id, by=Decider(name="operator"))

    async def discard(self, letter_id: int) -> None:
        async with self.database.sessions() as session, session.begin():
            await discard(session, letter_id, by=Decider(name="operator"), reason="sent twice")


@pytest.fixture
def service(listener: Listener, database: Database) -> _Service:
    return _Service(listener, database)


def _changes(key: UUID, *versions: int) -> list[Record]:
    return [a_record(a_message(BookingChanged, booking_id=key), version=version) for version in versions]


async def test_after_a_fix_a_replay_applies_the_message_and_its_followers_in_order(service: _Service) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, 1, 2, 3))
    ((head, standing, followers),) = await service.letters()
    assert (standing, followers) == ("failed", 2)
    # Nothing is tried before somebody asks.
    assert await service.retries.run_due() == 0
    service.listener.failing.clear()
    await service.ask_replay(head)
    assert await service.retries.run_due() == 3
    assert await noted(service.database, key) == [(key, 1), (key, 2), (key, 3)]
    assert await service.letters() == []
    assert await rows_of(service.database, "SELECT key FROM parked_keys") == []
    # The key is free again.
    await service.take(*_changes(key, 4))
    assert (await noted(service.database, key))[-1] == (key, 4)


async def test_what_was_settled_keeps_who_and_how_and_no_content(service: _Service) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, 1, 2))
    service.listener.failing.clear()
    await service.ask_replay((await service.letters())[0][0])
    await service.retries.run_due()
    rows = await rows_of(service.database, "SELECT * FROM dead_letters ORDER BY id")
    assert [(row.outcome, row.settled_by) for row in rows] == [("replayed", "operator"), ("replayed", "worker")]
    assert [(row.value, row.headers, row.stack) for row in rows] == [(None, [], "")] * 2


async def test_a_replay_that_fails_leaves_everything_waiting(service: _Service) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, 1, 2))
    await service.ask_replay((await service.letters())[0][0])
    assert await service.retries.run_due() == 0
    assert [letter[1:] for letter in await service.letters()] == [("failed", 1)]
    assert await noted(service.database) == []
    # And is not tried again by itself.
    calls = service.listener.calls
    assert await service.retries.run_due() == 0
    assert service.listener.calls == calls


async def test_discarding_lets_the_followers_go_on(service: _Service) -> None:
    key = new_id()
    await service.take(replace(_changes(key, 1)[0], value=b"{"), *_changes(key, 2, 3))
    await service.discard((await service.letters())[0][0])
    assert await service.retries.run_due() == 2
    assert await noted(service.database, key) == [(key, 2), (key, 3)]


async def test_a_message_that_waits_behind_another_cannot_be_settled_first(service: _Service) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, 1, 2))
    head = (await service.letters())[0][0]
    for settle in (service.ask_replay, service.discard):
        with pytest.raises(Conflict):
            await settle(head + 1)
        with pytest.raises(NotFound):
            await settle(head + 2)


async def test_a_reference_that_is_not_yet_known_is_waited_for_and_holds_up_no_other(service: _Service) -> None:
    waiting, other = new_id(), new_id()
    service.listener.awaited.add(waiting)
    await service.take(*_changes(waiting, 1, 2), *_changes(other, 1))
    assert await noted(service.database) == [(other, 1)]
    assert [letter[1:] for letter in await service.letters()] == [("waiting", 1)]

    async def has_tried_again() -> bool:
        await service.retries.run_due()
        (row,) = await rows_of(service.database, "SELECT tries FROM dead_letters WHERE standing = 'waiting'")
        return bool(row.tries >= 3)

    await until(has_tried_again)
    service.listener.awaited.clear()

    async def is_settled() -> bool:
        await service.retries.run_due()
        return not await service.letters()

    await until(is_settled)
    assert await noted(service.database, waiting) == [(waiting, 1), (waiting, 2)]


async def test_waiting_has_a_limit(listener: Listener, database: Database) -> None:
    service = _Service(listener, database, replace(_QUICK, wait_limit_seconds=0.1))
    key = new_id()
    listener.awaited.add(key)
    await service.take(*_changes(key, 1))

    async def is_over() -> bool:
        await service.retries.run_due()
        return [letter[1] for letter in await service.letters()] == ["failed"]

    await until(is_over)
    (letter,) = await rows_of(database, "SELECT cause, retry_at FROM dead_letters")
    assert letter.cause == f"person {key} is not yet known"
    assert letter.retry_at is None


async def test_a_follower_that_fails_becomes_the_first(service: _Service) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    first, second, third = _changes(key, 1, 2, 3)
    await service.take(first, replace(second, value=b"{"), third)
    service.listener.failing.clear()
    await service.ask_replay((await service.letters())[0][0])
    assert await service.retries.run_due() == 1
    assert [letter[1:] for letter in await service.letters()] == [("failed", 1)]
    assert await noted(service.database) == [(key, 1)]


async def test_two_workers_settle_a_message_once(service: _Service, database: Database) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, *range(1, 11)))
    service.listener.failing.clear()
    await service.ask_replay((await service.letters())[0][0])
    others = [_Service(service.listener, database) for _ in range(3)]
    await asyncio.gather(*(each.retries.run_due() for each in (service, *others)))

    async def is_settled() -> bool:
        await service.retries.run_due()
        return not await service.letters()

    await until(is_settled)
    assert await noted(database, key) == [(key, version) for version in range(1, 11)]


async def test_consuming_and_replaying_at_once_keep_the_order(service: _Service, database: Database) -> None:
    key = new_id()
    service.listener.failing[key] = ValueError("a bug")
    await service.take(*_changes(key, 1, 2))
    service.listener.failing.clear()
    await service.ask_replay((await service.letters())[0][0])

    async def go_on_consuming() -> None:
        for version in range(3, 23):
            await service.take(*_changes(key, version))

    async def go_on_replaying() -> None:
        for _ in range(40):
            await _Service(service.listener, database).retries.run_due()

    await asyncio.gather(go_on_consuming(), go_on_replaying())

    async def is_settled() -> bool:
        await service.retries.run_due()
        return not await service.letters()

    await until(is_settled)
    assert await noted(database, key) == [(key, version) for version in range(1, 23)]


async def test_a_stopped_key_is_listed_and_released(database: Database) -> None:
    key = new_id()
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"INSERT INTO stopped_keys (topic, key, outbox_id, cause) VALUES ('booking.runs', '{key}', 1, 'TooLarge')"  # noqa: S608 - words and ids of our own
        )
    async with database.sessions() as session, session.begin():
        (stopped,) = await list_stopped_keys(session)
        assert (stopped.topic, stopped.key, stopped.cause, stopped.waiting) == ("booking.runs", key, "TooLarge", 0)
        await release_key(session, "booking.runs", key, by=Decider(name="operator"), reason="mended")
        assert await list_stopped_keys(session) == []
        with pytest.raises(NotFound):
            await release_key(session, "booking.runs", key, by=Decider(name="operator"), reason="mended")
