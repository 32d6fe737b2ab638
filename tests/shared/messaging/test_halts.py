"""A consumer that has stopped is noted where an operator can read it, for as long as its worker says so."""

import asyncio

from shared.db import Database
from shared.messaging.halts import STALE_SECONDS, list_halts
from tests.shared.messaging.ledger import Listener
from tests.support.messaging import rows_of

NOWHERE = "127.0.0.1:1"


async def _listed(database: Database) -> list[tuple[str, str, int]]:
    async with database.sessions() as session:
        return [(halt.consumer, halt.cause, halt.workers) for halt in await list_halts(session)]


async def test_a_halt_is_told_while_the_worker_says_so(
    database: Database, database_url: str, listener: Listener, namespace: str
) -> None:
    worker = listener.worker(database_url, kafka=NOWHERE, namespace=namespace)
    first, second = worker.consumers
    await worker._show_state()
    assert await rows_of(database, "SELECT worker FROM halted_consumers") == []
    first.halted_because = "20 of the last 100 messages died"
    await asyncio.gather(worker._show_state(), worker._show_state())
    assert await _listed(database) == [(first.group, "20 of the last 100 messages died", 1)]
    first.halted_because, second.halted_because = None, "another cause"
    await worker._show_state()
    assert await _listed(database) == [(second.group, "another cause", 1)]
    second.halted_because = None
    await worker._show_state()
    assert await _listed(database) == []
    await worker.database.close()


async def test_what_a_dead_worker_said_is_over(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO halted_consumers (worker, consumer, cause, noted_at) VALUES"  # noqa: S608 - words and ids of our own
            f" ('a:1', 'effects', 'c', clock_timestamp() - interval '{STALE_SECONDS + 1} s'),"
            " ('b:1', 'effects', 'c', clock_timestamp()), ('c:1', 'effects', 'c', clock_timestamp())"
        )
    assert await _listed(database) == [("effects", "c", 2)]
