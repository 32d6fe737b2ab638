"""A worker that is told to stop finishes the batch in hand, commits its offsets and takes no other."""

import asyncio

import pytest

from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.ids import new_id
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.lag import read_lag
from shared.messaging.reactions import Delivery
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import a_message, until, working


@pytest.mark.parametrize("waits", [True, False])
async def test_the_batch_in_hand_is_finished_and_committed(
    database: Database,
    database_url: str,
    kafka: str,
    namespace: str,
    listener: Listener,
    waits: bool,  # noqa: FBT001 - without patience the batch is cut off, and taken again by the next: the control twin
) -> None:
    await create_topics(settings(database_url, kafka=kafka, namespace=namespace))
    key = new_id()
    is_in_hand, goes_on = asyncio.Event(), asyncio.Event()
    note = listener.reactions.handlers[BookingChanged]

    async def note_slowly(delivery: Delivery, fact: BookingChanged) -> None:
        await note(delivery, fact)
        is_in_hand.set()
        await goes_on.wait()

    listener.reactions.handlers[BookingChanged] = note_slowly
    await tell(database, *((a_message(BookingChanged, booking_id=key), version) for version in (1, 2, 3)))

    async def work() -> None:
        worker = listener.worker(database_url, kafka=kafka, namespace=namespace)
        worker.broker.config.broker_config.graceful_timeout = 15.0 if waits else 0.05
        async with working(worker):
            await is_in_hand.wait()

    stopping = asyncio.create_task(work())
    await is_in_hand.wait()
    assert not stopping.done()
    assert await noted(database) == []  # nothing of it is committed yet
    if waits:
        goes_on.set()
    await asyncio.wait_for(stopping, 40)
    in_hand = await noted(database, key)
    assert in_hand == [(key, version) for version in range(1, len(in_hand) + 1)]
    assert bool(in_hand) is waits
    group = f"{namespace}.ledger.effects"
    lag = await read_lag(KafkaConnection(kafka), {group: [f"{namespace}.{BOOKINGS.name}"]})
    assert lag.behind[group] + len(in_hand) == lag.written
    # Another takes up what is left, and nothing twice.
    goes_on.set()
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):

        async def all_noted() -> bool:
            return len(await noted(database, key)) == 3

        await until(all_noted)
    assert await noted(database, key) == [(key, 1), (key, 2), (key, 3)]
