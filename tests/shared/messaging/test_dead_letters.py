"""An operator and a worker at the same letters: what one decides, the other does not undo."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from shared.contracts.booking import BookingChanged, PersonDescribed
from shared.contracts.topics import BOOKINGS, PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.ids import new_id
from shared.messaging.copies import COPIES, CopyKeeper
from shared.messaging.dead_letters import (
    REASON_LENGTH,
    Decider,
    ask_replay,
    discard,
    get_dead_letter,
    get_stopped_key,
    list_dead_letters,
    list_decisions,
    list_stopped_keys,
    release_key,
)
from shared.messaging.effects import EFFECTS, Effects
from shared.messaging.messages import Incoming, read_record
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener, noted
from tests.support.messaging import a_message, a_record, rows_of

_QUICK = Limits(pause_seconds=0)
_OPERATOR = Decider(name="operator")


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
        await ask_replay(session, letter_id, by=_OPERATOR)


async def _discard(database: Database, letter_id: int) -> None:
    async with database.sessions() as session, session.begin():
        await discard(session, letter_id, by=_OPERATOR, reason="sent twice")


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

    retries._note_failure = after  # type: ignore[method-assign, assignment]  # the fault that is tried here


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
        await discard(session, first, by=Decider(name="another"), reason="sent twice")
    (row,) = await rows_of(database, "SELECT outcome, settled_by FROM dead_letters WHERE settled_at IS NOT NULL")
    assert (row.outcome, row.settled_by) == ("discarded", "another")


async def test_every_decision_is_kept_with_who_what_and_why(
    database: Database, listener: Listener, parked: tuple[UUID, Retries]
) -> None:
    key, retries = parked
    (first,) = await _ids(database)
    person = new_id()
    await _replay(database, first)
    async with database.sessions() as session:
        (asked,) = await list_decisions(session)
    assert (asked.action, asked.actor_name, asked.reason, asked.letter_id) == ("replay", "operator", "", first)
    assert (asked.topic, asked.key, asked.type) == (BOOKINGS.name, str(key), "booking.changed.v1")
    assert (asked.outcome, asked.is_asked) == (None, True)
    assert await retries.run_due() == 0
    async with database.sessions() as session, session.begin():
        await discard(session, first, by=Decider(person_id=person), reason="  The run was cancelled.  ")
    async with database.sessions() as session:
        given_up, before = await list_decisions(session)
        assert (await list_decisions(session, before=given_up.id)) == [before]
    assert (given_up.action, given_up.actor_id, given_up.reason) == ("discard", person, "The run was cancelled.")
    assert "a bug" not in given_up.cause
    assert given_up.cause.startswith("ValueError")
    assert (given_up.outcome, before.outcome) == ("discarded", "discarded")


@pytest.mark.parametrize("reason", ["", "   ", "x" * (REASON_LENGTH + 1)])
async def test_nothing_is_given_up_without_a_reason(
    reason: str, database: Database, parked: tuple[UUID, Retries]
) -> None:
    (first,) = await _ids(database)
    with pytest.raises(InvalidInput) as caught:
        async with database.sessions() as session, session.begin():
            await discard(session, first, by=_OPERATOR, reason=reason)
    assert caught.value.field == "reason"
    assert await _ids(database) == [first]
    assert await rows_of(database, "SELECT id FROM message_decisions") == []


async def test_the_database_itself_keeps_no_decision_without_a_reason(database: Database) -> None:
    """The control of the test above: with the check in the code passed by, the table still refuses."""
    bare = (
        "INSERT INTO message_decisions (action, actor_name, letter_id, topic, key, cause) "
        "VALUES ('discard', 'x', 1, 't', 'k', 'c')"
    )
    with pytest.raises(IntegrityError, match="ck_message_decisions_reason"):
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(bare)


async def test_a_released_key_leaves_what_was_decided(database: Database) -> None:
    key = new_id()
    stop = f"INSERT INTO stopped_keys (topic, key, outbox_id, cause) VALUES ('booking.runs', '{key}', 1, 'TooLarge')"  # noqa: S608 - words and ids of our own
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(stop)
    async with database.sessions() as session:
        assert [await get_stopped_key(session, "booking.runs", key)] == await list_stopped_keys(session)
    with pytest.raises(InvalidInput):
        async with database.sessions() as session, session.begin():
            await release_key(session, "booking.runs", key, by=_OPERATOR, reason=" ")
    async with database.sessions() as session, session.begin():
        await release_key(session, "booking.runs", key, by=_OPERATOR, reason="the limit was raised")
    async with database.sessions() as session:
        assert await list_stopped_keys(session) == []
        (released,) = await list_decisions(session)
        with pytest.raises(NotFound):
            await get_stopped_key(session, "booking.runs", key)
    assert (released.action, released.key, released.reason) == ("release", str(key), "the limit was raised")
    assert (released.cause, released.letter_id) == ("TooLarge", None)


async def test_only_what_an_operator_can_settle_is_found_by_its_id(
    database: Database, parked: tuple[UUID, Retries]
) -> None:
    (first,) = await _ids(database)
    async with database.sessions() as session:
        assert (await get_dead_letter(session, first)).followers == 1
        with pytest.raises(NotFound):
            await get_dead_letter(session, first + 1)
