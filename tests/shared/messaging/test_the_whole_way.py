"""From the command's transaction to the reaction's, over real PostgreSQL and real Kafka."""

import asyncio

from shared.contracts.booking import BookingChanged, BookingConfirmed, PersonDescribed
from shared.db import Database
from shared.messaging.outbox import bury, describe
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import SOME_TIME, a_message, rows_of, until, working


async def test_a_fact_takes_effect_once_and_in_the_order_of_its_key(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))
    bookings = [a_message(BookingConfirmed) for _ in range(20)]
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):
        for version in range(1, 11):
            await asyncio.gather(
                *(tell(database, (a_message(BookingChanged, booking_id=each.booking_id), version)) for each in bookings)
            )

        async def all_noted() -> bool:
            return len(await noted(database)) == 200

        await until(all_noted)
    for booking in bookings:
        assert await noted(database, booking.booking_id) == [(booking.booking_id, v) for v in range(1, 11)]
    assert await rows_of(database, "SELECT id FROM outbox") == []


async def test_a_state_is_copied_and_its_erasure_too(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> None:
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))
    person = a_message(PersonDescribed, given_name="Åsa")
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):
        async with database.sessions() as session, session.begin():
            await describe(session, person, version=1, at=SOME_TIME)

        async def copied() -> bool:
            return len(await rows_of(database, "SELECT id FROM people WHERE name = 'Åsa'")) == 1

        async def erased() -> bool:
            return not await copied()

        await until(copied)
        async with database.sessions() as session, session.begin():
            await bury(session, PersonDescribed, person.person_id, version=2, at=SOME_TIME)
        await until(erased)
