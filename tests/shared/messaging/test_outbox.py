"""What a command tells is written with it or not at all, and only what can be published is written."""

import pytest

from shared.contracts.booking import BookingConfirmed, PersonDescribed
from shared.contracts.facts import Fact
from shared.contracts.topics import BOOKINGS, PEOPLE
from shared.db import Database
from shared.kernel.errors import InvalidInput, KurslotsError
from shared.log import set_traceparent
from shared.messaging.outbox import SLOTS, bury, describe, record, slot_of
from tests.support.messaging import SOME_TIME, a_message, rows_of


async def test_a_fact_of_a_command_that_fails_is_not_told(database: Database) -> None:
    async with database.sessions() as session:
        await record(session, a_message(BookingConfirmed), version=1, at=SOME_TIME)
        await session.rollback()
    assert await rows_of(database, "SELECT id FROM outbox") == []


async def test_a_fact_is_kept_whole_with_its_trace(database: Database) -> None:
    fact = a_message(BookingConfirmed, seats=3)
    set_traceparent("00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    try:
        async with database.sessions() as session, session.begin():
            event_id = await record(session, fact, version=7, at=SOME_TIME)
    finally:
        set_traceparent(None)
    (row,) = await rows_of(database, "SELECT * FROM outbox")
    assert (row.event_id, row.topic, row.key, row.version) == (event_id, BOOKINGS.name, fact.booking_id, 7)
    assert row.traceparent.startswith("00-aaa")
    assert row.at == SOME_TIME
    assert BookingConfirmed.model_validate_json(row.payload) == fact


async def test_a_fact_that_is_too_large_fails_the_command(database: Database) -> None:
    async with database.sessions() as session:
        with pytest.raises(InvalidInput) as raised:
            await record(session, a_message(BookingConfirmed, reference="x" * 1_000_000), version=1, at=SOME_TIME)
    assert raised.value.code == "event_too_large"


async def test_a_fact_that_is_off_its_contract_fails_the_command_and_quotes_nothing(database: Database) -> None:
    whole = a_message(BookingConfirmed)
    broken = BookingConfirmed.model_construct(**{**dict(whole), "seats": None})
    async with database.sessions() as session:
        with pytest.raises(KurslotsError) as raised:
            await record(session, broken, version=1, at=SOME_TIME)
    assert raised.value.code == "event_off_contract"
    assert raised.value.text.fields["fields"] == "seats"


async def test_burying_keeps_a_grave_and_tells_it(database: Database) -> None:
    person = a_message(PersonDescribed)
    async with database.sessions() as session, session.begin():
        await bury(session, PersonDescribed, person.person_id, version=4, at=SOME_TIME)
    (tombstone,) = await rows_of(database, "SELECT * FROM outbox ORDER BY id")
    assert (tombstone.payload, tombstone.version, tombstone.key) == (None, 4, person.person_id)
    (grave,) = await rows_of(database, "SELECT * FROM graves")
    assert (grave.key, grave.version) == (person.person_id, 4)


async def test_what_waits_of_the_buried_is_not_kept_for_kafka_nor_for_an_operator(database: Database) -> None:
    """A state that Kafka refuses would hold the person for as long as nobody looks, and the tombstone behind it."""
    gone, other = a_message(PersonDescribed), a_message(PersonDescribed)
    fact = a_message(BookingConfirmed, booking_id=gone.person_id)
    async with database.sessions() as session, session.begin():
        for version in (1, 2):
            await describe(session, gone, version=version, at=SOME_TIME)
            await describe(session, other, version=version, at=SOME_TIME)
        await record(session, fact, version=1, at=SOME_TIME)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO stopped_keys (topic, key, outbox_id, cause) SELECT topic, key, id, 'refused' FROM outbox"
            " WHERE version = 1"
        )
    async with database.sessions() as session, session.begin():
        await bury(session, PersonDescribed, gone.person_id, version=3, at=SOME_TIME)
    waiting = await rows_of(database, "SELECT key, topic, version, payload IS NULL AS gone FROM outbox ORDER BY id")
    assert [tuple(row) for row in waiting] == [
        (other.person_id, PEOPLE.name, 1, False),
        (other.person_id, PEOPLE.name, 2, False),
        (gone.person_id, BOOKINGS.name, 1, False),
        (gone.person_id, PEOPLE.name, 3, True),
    ]
    stopped = await rows_of(database, "SELECT topic, key FROM stopped_keys ORDER BY topic")
    assert [tuple(row) for row in stopped] == [(BOOKINGS.name, gone.person_id), (PEOPLE.name, other.person_id)]


def test_every_key_has_a_slot() -> None:
    facts: list[Fact] = [a_message(BookingConfirmed) for _ in range(200)]
    slots = {slot_of(fact.key) for fact in facts}
    assert slots <= set(range(SLOTS))
    assert len(slots) > 100
