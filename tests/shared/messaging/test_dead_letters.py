"""An operator and a worker at the same letters: what one decides, the other does not undo."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.booking import BookingChanged, PersonDescribed
from shared.contracts.topics import BOOKINGS, PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging.copies import COPIES, CopyKeeper
from shared.messaging.dead_letters import ask_replay, discard, list_dead_letters
from shared.messaging.effects import EFFECTS, Effects
from shared.messaging.messages import Incoming, read_record
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener, noted
from tests.support.messaging import a_message, a_record, rows_of

_QUICK = Limits(pause_seconds=0)


def _changes(key: UUID, *versions: int) -> list[Incoming]:
    return [
        read_record(
            replace(a_record(a_message(BookingChanged, booking_id=key), version=version), offset=version), BOOKINGS
        )
        for version in versions
    ]


async def _ids(database: Database) -> list[int]:
    async with database.sessions() as session:
        return [letter.id for letter in await list_dead_letters(session)]


async def _replay(database: Database, letter_id: int) -> None:
    async with database.sessions() as session, session.begin():
        await ask_replay(session, letter_id, by="operator")


async def _discard(database: Database, letter_id: int) -> None:
    async with database.sessions() as session, session.begin():
        await discard(session, letter_id, by="operator")


@pytest.fixture
async def parked(database: Database, listener: Listener) -> tuple[UUID, Retries]:
    """A key with a message that fails and one behind it, and the retries of its worker."""
    key = new_id()
    listener.failing[key] = ValueError("a bug")
    effects = Effects(listener.reactions, database, SystemClock(), limits=_QUICK)
    assert (await effects.take(_changes(key, 1, 2))).done == 2
    return key, Retries(database, {EFFECTS: effects}, listener.reactions.ignored)


def _before_noting(retries: Retries, happens: Any) -> None:  # noqa: ANN401 - a coroutine function
    note_failure = retries._note_failure

    async def after(*failure: Any) -> None:  # noqa: ANN401 - handed on
        await happens()
        await note_failure(*failure)

    retries._note_failure = after  # type: ignore[method-assign, assignment]


async def test_a_failure_is_not_noted_on_the_message_behind(
    database: Database, listener: Listener, parked: tuple[UUID, Retries]
) -> None:
    """While a worker's try fails, an operator gives the message up: the next has not failed, and goes on by itself."""
    key, retries = parked
    (first,) = await _ids(database)

    async def given_up() -> None:
        await _discard(database, first)
        listener.failing.clear()

    _before_noting(retries, given_up)
    await _replay(database, first)
    assert await retries.run_due() == 0
    assert await retries.run_due() == 1
    assert await noted(database) == [(key, 2)]


async def test_a_replay_asked_for_while_a_try_fails_is_done(
    database: Database, listener: Listener, parked: tuple[UUID, Retries]
) -> None:
    key, retries = parked
    (first,) = await _ids(database)

    async def asked_again() -> None:
        listener.failing.clear()
        await _replay(database, first)

    _before_noting(retries, asked_again)
    await _replay(database, first)
    assert await retries.run_due() == 0
    assert await retries.run_due() == 2
    assert await noted(database) == [(key, 1), (key, 2)]


async def test_a_state_is_settled_without_the_others_of_its_key(database: Database, listener: Listener) -> None:
    """States do not wait for one another: settling the second leaves the first as it is."""
    person = new_id()
    listener.failing[person] = ValueError("a bug")
    keeper = CopyKeeper(listener.copies, database, SystemClock(), limits=_QUICK)
    for version in (1, 2, 3):
        record = a_record(a_message(PersonDescribed, person_id=person), version=version)
        assert (await keeper.take([read_record(replace(record, offset=version), PEOPLE)])).done == 1
    first, second, third = await _ids(database)
    await _discard(database, second)
    assert await _ids(database) == [first, third]
    retries = Retries(database, {COPIES: keeper})
    await _replay(database, third)
    assert await retries.run_due() == 0
    listener.failing.clear()
    assert await retries.run_due() == 0
    await _replay(database, third)
    assert await retries.run_due() == 1
    assert [(row.version,) for row in await rows_of(database, "SELECT version FROM people")] == [(3,)]
    assert await _ids(database) == [first]


async def test_who_gives_a_message_up_is_noted_and_not_who_asked_before(
    database: Database, parked: tuple[UUID, Retries]
) -> None:
    _, retries = parked
    (first,) = await _ids(database)
    await _replay(database, first)
    assert await retries.run_due() == 0
    async with database.sessions() as session, session.begin():
        await discard(session, first, by="another")
    (row,) = await rows_of(database, "SELECT outcome, settled_by FROM dead_letters WHERE settled_at IS NOT NULL")
    assert (row.outcome, row.settled_by) == ("discarded", "another")
