"""The highest version of a state wins, in whatever order they come, and the erased stay erased."""

from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import pytest

from shared.contracts.booking import PersonDescribed
from shared.contracts.topics import PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging.copies import CopyKeeper, is_erased
from shared.messaging.dead_letters import Decider, ask_replay, list_dead_letters
from shared.messaging.messages import Incoming, Record, read_record
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener
from tests.support.messaging import a_grave, a_message, a_record, deliver_grave, deliver_state, rows_of


def _keeper(listener: Listener, database: Database) -> CopyKeeper:
    return CopyKeeper(listener.copies, database, SystemClock(), limits=Limits(pause_seconds=0))


def _read(records: Sequence[Record]) -> list[Incoming]:
    return [read_record(record, PEOPLE) for record in records]


def _state(key: UUID, version: int) -> Record:
    return a_record(a_message(PersonDescribed, person_id=key, given_name=f"name {version}"), version=version)


async def _names(database: Database) -> list[tuple[str, int]]:
    return [(row.name, row.version) for row in await rows_of(database, "SELECT name, version FROM people")]


async def test_the_highest_version_wins_in_every_order(database: Database, listener: Listener) -> None:
    for together in (True, False):
        for order in permutations((1, 2, 3)):
            key = new_id()
            incoming = _read([_state(key, version) for version in order])
            for batch in [incoming] if together else [[each] for each in incoming]:
                await _keeper(listener, database).take(batch)
            copies = await rows_of(database, "SELECT name FROM people WHERE id = :key", key=key)
            assert [row.name for row in copies] == ["name 3"]


async def test_what_is_not_above_a_grave_stays_away(database: Database, listener: Listener) -> None:
    for first, second, third, fourth in permutations((1, 2, 3, None)):
        key = new_id()
        grave = a_grave(PersonDescribed, key, version=3)
        order = [_state(key, each) if each else grave for each in (first, second, third, fourth)]
        for batch in (order[:2], order[2:3], order[3:], order):
            await _keeper(listener, database).take(_read(batch))
        assert await _names(database) == []
    async with database.sessions() as session:
        assert await is_erased(session, PersonDescribed, key)
        assert not await is_erased(session, PersonDescribed, new_id())


async def test_without_the_grave_a_late_duplicate_brings_the_person_back(
    database: Database, listener: Listener
) -> None:
    key = new_id()
    await _keeper(listener, database).take(_read([_state(key, 1), a_grave(PersonDescribed, key, version=2)]))
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM copy_versions")
    await _keeper(listener, database).take(_read([_state(key, 1)]))
    assert await _names(database) == [("name 1", 1)]


async def test_a_state_that_cannot_be_read_holds_up_nothing(database: Database, listener: Listener) -> None:
    key = new_id()
    good = _state(key, 2)
    poison = Record(good.topic, 0, 7, good.key, _state(key, 1).headers, b"{")
    assert (await _keeper(listener, database).take(_read([poison, good]))).done == 2
    assert await _names(database) == [("name 2", 2)]
    async with database.sessions() as session:
        (letter,) = await list_dead_letters(session)
    assert (letter.consumer, letter.standing) == ("copies", "failed")
    assert await rows_of(database, "SELECT key FROM parked_keys") == []


async def test_a_state_whose_copying_failed_is_replayed_where_it_is_still_the_highest(
    database: Database, listener: Listener
) -> None:
    keys = [new_id(), new_id()]
    listener.failing = {key: ValueError("a bug") for key in keys}
    keeper = _keeper(listener, database)
    await keeper.take(_read([_state(key, 1) for key in keys]))
    assert await _names(database) == []
    listener.failing.clear()
    await keeper.take(_read([_state(keys[0], 2)]))
    async with database.sessions() as session, session.begin():
        for letter in await list_dead_letters(session):
            await ask_replay(session, letter.id, by=Decider(name="operator"))
    assert await Retries(database, {"copies": keeper}).run_due() == 2
    assert sorted(await _names(database)) == [("name 1", 1), ("name 2", 2)]


async def test_states_and_graves_can_be_delivered_in_tests(database: Database, listener: Listener) -> None:
    person = a_message(PersonDescribed, given_name="Åsa")
    await deliver_state(listener.copies, person, database, version=4)
    assert await _names(database) == [("Åsa", 4)]
    await deliver_grave(listener.copies, PersonDescribed, person.person_id, database, version=5)
    assert await _names(database) == []


def test_a_service_must_say_something_about_every_message_of_a_topic_it_reads(listener: Listener) -> None:
    listener.reactions.check_complete()
    listener.copies.check_complete()
    listener.reactions.ignored.clear()
    with pytest.raises(TypeError, match="BookingCancelled"):
        listener.reactions.check_complete()
    listener.copies.erasers.clear()
    with pytest.raises(TypeError, match="PersonDescribed"):
        listener.copies.check_complete()
