"""The same work with little and with much history: nothing that a busy year leaves behind may slow down today."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from shared.db import open_database
from shared.messaging import tables
from tests.bench import booking, consumer, relay
from tests.bench.parts import Parts
from tests.bench.rounds import Aim, Bench, Contender
from tests.bench.size import Size
from tests.bench.topics import check_topic, fresh_topic
from tests.bench.town import SEATS, Town, a_town, processes, until_up

LITTLE, MUCH = "little history", "much history"

_SEEN = """
    INSERT INTO inbox (message_id, consumer, seen_at)
    SELECT uuidv7(make_interval(secs => -n)), 'before', now() - make_interval(secs => n)
      FROM generate_series(1, $1) AS n
"""
# As many bookings of one run, each with a seat and its history. Triggers are off while they are made.
_BOOKED = (
    "SET session_replication_role = replica",
    """
    INSERT INTO bookings (id, reference, project_id, employer_id, run_id, state, seats, version, created_at)
    SELECT uuidv7(make_interval(secs => -n)), 'H-' || n, run.project_id, employer.id, run.id, 'confirmed', {seats}, 1,
           now() - make_interval(secs => n)
      FROM generate_series(1, {rows}) AS n
     CROSS JOIN (SELECT id, project_id FROM runs WHERE capacity = {past}) AS run
      JOIN (SELECT id, row_number() OVER () - 1 AS place, count(*) OVER () AS all_of_them FROM employers) AS employer
        ON employer.place = n % employer.all_of_them
    """,
    """
    INSERT INTO seats (id, booking_id, run_id, pool_id, number, kept)
    SELECT uuidv7(), b.id, b.run_id, pool.id, 1, false
      FROM bookings AS b JOIN seat_pools AS pool ON pool.run_id = b.run_id AND pool.holder_id IS NULL
     WHERE b.reference LIKE 'H-%'
    """,
    """
    INSERT INTO booking_history (booking_id, at, change, after, seats_before, seats_after, joined, left_out)
    SELECT id, created_at, 'confirmed', 'confirmed', 0, seats, '{{}}', '{{}}' FROM bookings WHERE reference LIKE 'H-%'
    """,
    """
    UPDATE seat_pools SET capacity = {rows}, taken = {rows}
     WHERE run_id = (SELECT id FROM runs WHERE capacity = {past})
    """,
    _SEEN.replace("$1", "{rows}"),
    "SET session_replication_role = DEFAULT",
    "VACUUM ANALYZE",
)
_PAST_CAPACITY = 7


@asynccontextmanager
async def contenders(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give each kind of work with little and with much history."""
    async with AsyncExitStack() as stack:
        found: list[Contender] = []
        for name, rows in ((LITTLE, size.little_history), (MUCH, size.much_history)):
            found.append(_messaging(name, parts, size, await stack.enter_async_context(_database(parts, rows))))
            town = await stack.enter_async_context(a_town(parts, size))
            await grow_old(town, rows)
            ports = stack.enter_context(processes(town, booking.WEB, booking.web_processes()))
            await until_up(ports)
            found.append(_booking(name, town, ports, size))
        yield found


@asynccontextmanager
async def _database(parts: Parts, rows: int) -> AsyncIterator[str]:
    url = await parts.blank_database(tables.metadata, consumer.BenchTable.metadata)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_SEEN.replace("$1", str(rows)))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    yield url
    await parts.drop(url)


async def grow_old(town: Town, rows: int) -> None:
    """Give a town a past of so many bookings."""
    await town.add_run(_PAST_CAPACITY)
    name = town.url.rpartition("/")[2]
    connection = await asyncpg.connect(town.parts.postgres.url(name))
    try:
        for statement in _BOOKED:
            await connection.execute(statement.format(rows=rows, past=_PAST_CAPACITY, seats=1), timeout=1_800)
    finally:
        await connection.close()


def _messaging(name: str, parts: Parts, size: Size, url: str) -> Contender:
    async def run() -> Mapping[str, float]:
        database = open_database(url, name="bench growth")
        try:
            async with fresh_topic(parts.bootstrap, relay.TOPIC) as namespace:
                relayed = await relay.publish_with_relay(parts, url, database, size.events, namespace)
                topic = f"{namespace}.{relay.TOPIC}"
                await check_topic(parts.bootstrap, topic, count=size.events, keys=relay.KEYS)
            async with fresh_topic(parts.bootstrap, relay.TOPIC) as namespace:
                versions = await consumer.produce(parts, namespace, size.messages)
                consumed = await consumer.ours(parts, database, namespace, size.messages)
                await consumer.check(url, name, versions)
        finally:
            await database.close()
        return {f"relay, {name}": size.events / relayed, f"consumer, {name}": size.messages / consumed}

    return Contender(f"relay and consumer, {name}", run)


def _booking(name: str, town: Town, ports: Sequence[int], size: Size) -> Contender:
    row = f"booking, {name}"
    return Contender(row, lambda: booking.book_many(row, town, ports, size.bookings // SEATS, size.clients))


BENCH = Bench(
    "growth",
    "Growth: 10 thousand and 3 million rows of history",
    "/s",
    contenders,
    tuple(Aim(f"{work}, {MUCH}", f"{work}, {LITTLE}", least=0.9) for work in ("relay", "consumer", "booking")),
)
