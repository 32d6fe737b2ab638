"""What is set aside of the erased is emptied: a dead letter holds a person's whole state."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import PersonDescribed
from shared.contracts.topics import PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging import erasing
from shared.messaging.copies import CopyKeeper
from shared.messaging.dead_letters import Decider, ask_replay, list_dead_letters
from shared.messaging.messages import Record, read_record
from shared.messaging.parking import SetAside
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener
from tests.support.messaging import a_grave, a_message, a_record, rows_of, until


def _keeper(listener: Listener, database: Database) -> CopyKeeper:
    return CopyKeeper(listener.copies, database, SystemClock(), limits=Limits(pause_seconds=0))


def _state(key: UUID, version: int) -> Record:
    return a_record(a_message(PersonDescribed, person_id=key, given_name="Quintilia"), version=version)


def _off_contract(key: UUID, version: int) -> Record:
    return replace(_state(key, version), value=b'{"given_name": "Quintilia"}')


async def _take(keeper: CopyKeeper, *records: Record) -> None:
    assert (await keeper.take([read_record(record, PEOPLE) for record in records])).done == len(records)


async def _open(database: Database) -> int:
    async with database.sessions() as session:
        return len(await list_dead_letters(session))


async def _contents(database: Database) -> list[bytes]:
    query = "SELECT value FROM dead_letters WHERE value IS NOT NULL OR record_key IS NOT NULL OR headers <> '[]'"
    return [row.value for row in await rows_of(database, query)]


async def test_a_grave_empties_the_dead_letters_of_its_key_alone(database: Database, listener: Listener) -> None:
    keeper, gone, other = _keeper(listener, database), new_id(), new_id()
    await _take(keeper, _off_contract(gone, 1), _off_contract(gone, 2), _off_contract(other, 1))
    assert len(await _contents(database)) == 3
    await _take(keeper, a_grave(PersonDescribed, gone, version=3))
    assert len(await _contents(database)) == 1
    settled = await rows_of(database, "SELECT outcome, settled_by FROM dead_letters WHERE settled_at IS NOT NULL")
    assert [tuple(row) for row in settled] == [("discarded", "grave")] * 2


async def test_what_cannot_be_read_of_the_erased_is_not_kept(database: Database, listener: Listener) -> None:
    keeper, gone = _keeper(listener, database), new_id()
    await _take(keeper, a_grave(PersonDescribed, gone, version=3))
    nameless = replace(_off_contract(gone, 2), headers=())
    await _take(keeper, _off_contract(gone, 2), nameless)
    assert await _open(database) == 0
    await _take(keeper, _off_contract(gone, 4))  # above the grave: it is somebody's again, and must not be lost
    assert await _open(database) == 1


async def test_a_grave_waits_for_a_message_of_its_key_that_is_being_set_aside(
    database: Database, listener: Listener
) -> None:
    gone = new_id()
    async with database.sessions() as session, session.begin():
        await _set_aside(_keeper(listener, database), session, gone)
        grave = asyncio.create_task(_take(_keeper(listener, database), a_grave(PersonDescribed, gone, version=2)))

        async def waits() -> bool:
            waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
            return bool(await rows_of(database, waiting))

        await until(waits, what="waiting for the key")
    await grave
    assert await _contents(database) == []


async def test_without_the_lock_a_grave_misses_what_is_being_set_aside(
    database: Database, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lock(*_: object) -> None:
        pass

    monkeypatch.setattr(erasing, "_lock_keys", no_lock)
    gone = new_id()
    async with database.sessions() as session, session.begin():
        await _set_aside(_keeper(listener, database), session, gone)
        await _take(_keeper(listener, database), a_grave(PersonDescribed, gone, version=2))
    assert len(await _contents(database)) == 1


async def _set_aside(keeper: CopyKeeper, session: AsyncSession, key: UUID) -> None:
    await keeper.put_aside(session, read_record(_off_contract(key, 1), PEOPLE), SetAside("failed", "off its contract"))


async def test_a_grave_that_had_failed_empties_the_rest_when_it_is_replayed(
    database: Database, listener: Listener
) -> None:
    keeper, gone = _keeper(listener, database), new_id()
    erase = listener.copies.erasers.pop(PersonDescribed)
    await _take(keeper, a_grave(PersonDescribed, gone, version=3))
    await _take(keeper, _off_contract(gone, 1))
    listener.copies.erasers[PersonDescribed] = erase
    async with database.sessions() as session, session.begin():
        first, *_ = await list_dead_letters(session)
        await ask_replay(session, first.id, by=Decider(name="operator"))
    retries = Retries(database, {"copies": keeper})

    async def settled() -> bool:
        await retries.run_due()
        return await _open(database) == 0

    await until(settled, what="settling")
    assert await _contents(database) == []
    outcomes = await rows_of(database, "SELECT outcome FROM dead_letters ORDER BY id")
    assert [row.outcome for row in outcomes] == ["replayed", "discarded"]
