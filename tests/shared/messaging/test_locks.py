"""Locks that keep workers from waiting for one another in a circle, and from believing in a lock that is gone."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.messaging import inbox
from shared.messaging.failures import is_transient, sqlstate_of
from shared.messaging.shard_lock import LockLost, ShardLock, lock_id
from tests.support.messaging import rows_of, until

_KEYS = [("booking.bookings", letter) for letter in "amz"]
_IDLE_SECONDS = 1.5
_BEATS = 5  # three come within the time that the session may idle
_DEADLOCK = "40P01"


@pytest.mark.parametrize("is_sorted", [True, False])
async def test_keys_are_locked_in_one_order_by_everybody(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    is_sorted: bool,  # noqa: FBT001 - each in its own order they wait for one another: the control twin
) -> None:
    """While a third holds the key in the middle, one worker comes from each side."""
    async with database.engine.begin() as connection:
        for topic, key in _KEYS:
            await connection.execute(
                text("INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', :topic, :key)"),
                {"topic": topic, "key": key},
            )

    async def lock_all() -> None:
        async with database.sessions() as session, session.begin():
            await inbox.lock_parked(session, "effects", _KEYS)

    async def wait(count: int) -> None:
        waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

        async def so_many() -> bool:
            return len(await rows_of(database, waiting)) == count

        await until(so_many, what=f"{count} waiting")

    async with database.sessions() as holder:
        await inbox.lock_parked(holder, "effects", [_KEYS[1]])
        one = asyncio.create_task(lock_all())
        await wait(1)
        if not is_sorted:
            upside_down = str(inbox._LOCK_PARKED).replace(
                "ORDER BY parked.topic, parked.key", "ORDER BY parked.topic DESC, parked.key DESC"
            )
            monkeypatch.setattr(inbox, "_LOCK_PARKED", text(upside_down))
        other = asyncio.create_task(lock_all())
        await wait(2)
        await holder.rollback()
        ended = await asyncio.gather(one, other, return_exceptions=True)
    failed = [error for error in ended if error is not None]
    assert [sqlstate_of(error) for error in failed if isinstance(error, DBAPIError)] == (
        [] if is_sorted else [_DEADLOCK]
    )
    assert all(is_transient(error) for error in failed if isinstance(error, Exception))


@pytest.mark.parametrize("has_heartbeat", [True, False])
async def test_a_lock_is_kept_for_as_long_as_its_heart_beats(
    database: Database,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    has_heartbeat: bool,  # noqa: FBT001 - without it the server gives the lock to the next: the control twin
) -> None:
    if not has_heartbeat:

        async def still(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(ShardLock, "_beat", still)
    url, number = make_url(database.engine.url), lock_id(namespace, "ledger", 0)
    first, second = (ShardLock(url, number, idle_seconds=_IDLE_SECONDS) for _ in range(2))
    taken_over = asyncio.Event()

    async def take_over() -> None:
        async with second.held():
            taken_over.set()

    beats: set[object] = set()

    async def has_beaten_longer_than_it_may_idle() -> bool:
        last = "SELECT query_start FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT 1'"
        beats.update(row.query_start for row in await rows_of(database, last))
        return len(beats) >= _BEATS

    async with first.held():
        waiter = asyncio.create_task(take_over())
        if has_heartbeat:
            await until(has_beaten_longer_than_it_may_idle)
            first.check()
            assert not taken_over.is_set()
        else:
            await asyncio.wait_for(taken_over.wait(), 30)
            with pytest.raises(LockLost):
                first.check()
    await asyncio.wait_for(waiter, 30)


def test_each_shard_has_a_lock_of_its_own() -> None:
    places = [(str(uuid4()), "booking", 0), ("a", "booking", 0), ("a", "booking", 1), ("a", "procurement", 0)]
    assert len({lock_id(*place) for place in places}) == len(places)
