"""Facts take effect once, in the order of their key; one that fails holds up its own key and no other."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import BookingChanged, BookingConfirmed
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Refused
from shared.messaging.effects import Effects
from shared.messaging.messages import Incoming, Record, read_record
from shared.messaging.reactions import NotYetKnown
from shared.messaging.taking import Limits
from tests.shared.messaging.ledger import Listener, noted
from tests.support.messaging import a_message, a_record, deliver, rows_of

_QUICK = Limits(pause_seconds=0)
_POISON: list[dict[str, Any]] = [{"value": b"not json"}, {"value": b"{}"}, {"value": None}, {"headers": ()}]


def _effects(listener: Listener, database: Database, limits: Limits = _QUICK) -> Effects:
    return Effects(listener.reactions, database, SystemClock(), limits=limits)


def _read(*records: Record) -> list[Incoming]:
    return [read_record(replace(record, offset=offset), BOOKINGS) for offset, record in enumerate(records)]


def _changes(key: UUID, *versions: int) -> list[Record]:
    return [a_record(a_message(BookingChanged, booking_id=key), version=version) for version in versions]


async def test_a_fact_that_comes_again_has_no_effect(database: Database, listener: Listener) -> None:
    effects = _effects(listener, database)
    (incoming,) = _read(a_record(a_message(BookingConfirmed)))
    for batch in ([incoming], [incoming, incoming], [incoming]):
        assert (await effects.take(batch)).done == len(batch)
    assert len(await noted(database)) == 1


async def test_with_the_inbox_off_it_would_have(database: Database, listener: Listener) -> None:
    async def everything(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
        return set(ids)

    effects = _effects(listener, database)
    effects._take_from_inbox = everything
    (incoming,) = _read(a_record(a_message(BookingConfirmed)))
    for _ in range(3):
        await effects.take([incoming])
    assert len(await noted(database)) == 3


async def test_two_workers_with_the_same_batch_apply_it_once(database: Database, listener: Listener) -> None:
    keys = [a_message(BookingConfirmed).booking_id for _ in range(10)]
    batch = _read(*(record for key in keys for record in _changes(key, 1, 2, 3)))
    done = await asyncio.gather(*(_effects(listener, database).take(batch) for _ in range(4)))
    for taken in done:
        if taken.error is not None:
            assert (await _effects(listener, database).take(batch)).done == len(batch)
    for key in keys:
        assert await noted(database, key) == [(key, 1), (key, 2), (key, 3)]


async def test_a_pair_of_versions_takes_effect_once(database: Database, listener: Listener) -> None:
    fact = a_message(BookingConfirmed)
    same_id = a_record(fact).headers
    pair = _read(a_record(fact), a_record(a_message(BookingChanged, booking_id=fact.booking_id)))
    first_id = read_record(replace(a_record(fact), headers=same_id), BOOKINGS).message_id
    as_one = [replace(incoming, message_id=first_id) for incoming in pair]
    await _effects(listener, database).take(as_one)
    assert len(await noted(database)) == 1


async def test_one_failing_message_parks_its_key_and_no_other(database: Database, listener: Listener) -> None:
    good, bad = a_message(BookingConfirmed).booking_id, a_message(BookingConfirmed).booking_id
    listener.failing[bad] = Refused("No.", code="refused")
    effects = _effects(listener, database)
    batch = _read(*_changes(bad, 1), *_changes(good, 1), *_changes(bad, 2), *_changes(good, 2))
    taken = await effects.take(batch)
    assert (taken.done, taken.error) == (4, None)
    assert await noted(database) == [(good, 1), (good, 2)]
    letters = await rows_of(database, "SELECT * FROM dead_letters ORDER BY id")
    assert [(letter.standing, letter.key) for letter in letters] == [("failed", str(bad)), ("follower", str(bad))]
    assert (letters[0].cause, letters[0].tries) == ("Refused refused", 3)
    assert "_note" in letters[0].stack
    # Later batches follow behind, in a batch with others too.
    assert (await effects.take(_read(*_changes(bad, 3), *_changes(good, 3)))).done == 2
    assert await noted(database, bad) == []
    assert await noted(database, good) == [(good, 1), (good, 2), (good, 3)]


@pytest.mark.parametrize("broken", _POISON)
async def test_poison_is_set_aside_whole_among_good_messages(
    database: Database, listener: Listener, broken: dict[str, Any]
) -> None:
    good = a_message(BookingConfirmed).booking_id
    poison = replace(a_record(a_message(BookingConfirmed)), **broken)
    batch = _read(*_changes(good, 1), poison, *_changes(good, 2))
    effects = _effects(listener, database)
    for _ in range(2):
        assert (await effects.take(batch)).done == 3
    assert await noted(database) == [(good, 1), (good, 2)]
    (letter,) = await rows_of(database, "SELECT * FROM dead_letters")
    assert (letter.standing, letter.value, letter.record_key) == ("failed", poison.value, poison.key)
    assert letter.headers == [] or not broken.get("headers", True) or len(letter.headers) == len(poison.headers)


async def test_an_unknown_type_is_passed_over_and_takes_no_id(database: Database, listener: Listener) -> None:
    record = a_record(a_message(BookingConfirmed))
    headers = tuple((name, b"booking.confirmed.v9" if name == "ce_type" else value) for name, value in record.headers)
    assert (await _effects(listener, database).take(_read(replace(record, headers=headers)))).done == 1
    assert await rows_of(database, "SELECT message_id FROM inbox") == []
    await _effects(listener, database).take(_read(record))
    assert len(await noted(database)) == 1


async def test_a_message_is_not_blamed_for_the_database(database: Database, listener: Listener) -> None:
    key = a_message(BookingConfirmed).booking_id
    listener.failing[key] = ConnectionResetError()
    effects = _effects(listener, database)
    for _ in range(5):
        taken = await effects.take(_read(*_changes(key, 1, 2)))
        assert (taken.done, type(taken.error)) == (0, ConnectionResetError)
    assert await rows_of(database, "SELECT id FROM dead_letters") == []
    listener.failing.clear()
    assert (await effects.take(_read(*_changes(key, 1, 2)))).done == 2


async def test_a_lock_that_is_not_got_is_waited_for(database: Database, listener: Listener) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE ledger")
        taken = await _effects(listener, database).take(_read(*_changes(a_message(BookingConfirmed).booking_id, 1)))
    assert taken.done == 0
    assert taken.error is not None
    assert await rows_of(database, "SELECT id FROM dead_letters") == []


async def test_deliver_gives_the_reactions_own_error(database: Database, listener: Listener) -> None:
    fact = a_message(BookingConfirmed)
    await deliver(listener.reactions, fact, database)
    assert len(await noted(database)) == 1
    listener.awaited.add(fact.booking_id)
    with pytest.raises(NotYetKnown):
        await deliver(listener.reactions, fact, database)


async def test_what_a_reaction_tells_carries_the_trace_of_what_it_was_told(
    database: Database, listener: Listener
) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    listener.tells_on = True
    fact = a_message(BookingConfirmed)
    await _effects(listener, database).take(_read(a_record(fact, traceparent=trace), a_record(fact, traceparent=None)))
    rows = await rows_of(database, "SELECT traceparent FROM outbox ORDER BY id")
    carried_on, begun = [row.traceparent for row in rows]
    assert carried_on == trace
    assert begun.split("-")[1] not in trace


async def test_no_log_line_quotes_a_message(
    database: Database, listener: Listener, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    key = a_message(BookingConfirmed).booking_id
    listener.failing[key] = ValueError("Åsa Öberg, 19121212-1212")
    secret = a_message(BookingConfirmed, booking_id=key, reference="Åsa Öberg")
    whole = a_record(secret)
    wrong = replace(a_record(secret), value=b'{"reference": "\xc3\x85sa", "seats": "Anders And"}')
    unknown = tuple((name, b"a.type.v9" if name == "ce_type" else value) for name, value in whole.headers)
    await _effects(listener, database).take(
        _read(whole, wrong, replace(whole, headers=unknown), replace(whole, headers=()))
    )
    letters = await rows_of(database, "SELECT cause, stack FROM dead_letters")
    captured = capsys.readouterr()
    said = [captured.out, captured.err, caplog.text, *(letter.cause + letter.stack for letter in letters)]
    assert len(letters) == 3
    for words in ("Åsa", "Öberg", "1212", "Anders"):
        assert not any(words in text for text in said)
