"""The bench works, and its checks find wrong results. How fast anything is, is nobody's failure here."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from deploy.embedded.postgres import PostgresServer
from shared.contracts.topics import BOOKINGS
from shared.messaging import tables
from tests.bench import booking, consumer, growth, pages, pgbench, relay, report
from tests.bench.parts import Parts
from tests.bench.relay import TOPIC, a_producer, event
from tests.bench.rounds import OURS, Aim, Bench, Contender, Outcome, WrongResult, run_rounds
from tests.bench.size import QUICK, Size
from tests.bench.topics import check_topic, fresh_topic
from tests.bench.town import a_town, processes, until_up

_SMALL = replace(QUICK, events=200, slow_events=20, messages=40, slow_messages=10, runs=2)


@pytest.fixture
def database_parts(postgres: PostgresServer, tmp_path: Path) -> Parts:
    """Parts for what needs no Kafka."""
    return Parts(postgres, "nowhere:9092", tmp_path)


@pytest.fixture
def parts(database_parts: Parts, kafka: str) -> Parts:
    return replace(database_parts, bootstrap=kafka)


@pytest.mark.parametrize("bench", [relay.BENCH, consumer.BENCH], ids=lambda bench: bench.name)
async def test_every_contender_does_its_work(bench: Bench, parts: Parts) -> None:
    outcome = await run_rounds(bench, parts, _SMALL, told=lambda _: None)
    assert {aim.row for aim in bench.aims} | {aim.other for aim in bench.aims} == outcome.values.keys()
    assert all(value > 0 for values in outcome.values.values() for value in values)


async def test_a_contender_that_hangs_ends_with_its_name_and_one_in_time_does_not(database_parts: Parts) -> None:
    may_end = asyncio.Event()

    async def run() -> Mapping[str, float]:
        await may_end.wait()
        return {"sleepy": 1.0}

    @asynccontextmanager
    async def sleepy(_parts: Parts, _size: Size) -> AsyncIterator[Sequence[Contender]]:
        yield [Contender("sleepy", run)]

    bench = Bench("x", "X", "/s", sleepy, ())
    size = replace(_SMALL, longest_seconds=0.05)
    with pytest.raises(WrongResult, match="x: sleepy was not done within"):
        await run_rounds(bench, database_parts, size, told=lambda _: None)
    may_end.set()
    assert (await run_rounds(bench, database_parts, size, told=lambda _: None)).values == {"sleepy": [1.0]}


async def test_a_message_that_fails_ends_the_wait_for_all_of_them() -> None:
    counted = consumer.Counted(2)
    counted.begin()
    with pytest.raises(LookupError), counted.failing():
        raise LookupError("never there")
    with pytest.raises(WrongResult, match="never there"):
        await counted.seconds()
    counted = consumer.Counted(2)
    counted.begin()
    with counted.failing():
        counted.done(2)
    assert await counted.seconds() > 0


async def test_events_that_are_lost_repeated_or_out_of_order_are_found(parts: Parts) -> None:
    for sent in ([1, 2], [1, 2, 3, 3], [2, 1, 3], [1, 1, 2]):
        async with fresh_topic(parts.bootstrap, TOPIC) as namespace:
            topic = f"{namespace}.{TOPIC}"
            await _send(parts, topic, sent)
            with pytest.raises(WrongResult):
                await check_topic(parts.bootstrap, topic, count=3, keys=1)
    async with fresh_topic(parts.bootstrap, TOPIC) as namespace:
        await _send(parts, f"{namespace}.{TOPIC}", [1, 2, 3])
        await check_topic(parts.bootstrap, f"{namespace}.{TOPIC}", count=3, keys=1)


async def _send(parts: Parts, topic: str, numbers: list[int]) -> None:
    async with a_producer(parts.bootstrap) as producer:
        for number in numbers:
            each = event(number)
            await producer.send_and_wait(topic, value=each.value, key=b"k", headers=each.headers)


@pytest.fixture
async def effects_url(database_parts: Parts) -> AsyncIterator[str]:
    url = await database_parts.blank_database(tables.metadata, consumer.BenchTable.metadata)
    yield url
    await database_parts.drop(url)


async def test_an_effect_that_is_missing_or_done_twice_is_found(effects_url: str) -> None:
    key = uuid4()
    for times in (0, 2):
        connection = await asyncpg.connect(effects_url)
        for _ in range(times):
            await connection.execute("INSERT INTO effects (kind, key, version) VALUES ('k', $1, 1)", key)
        await connection.close()
        with pytest.raises(WrongResult):
            await consumer.check(effects_url, "a contender", {key: 1})


async def test_the_databases_own_bookings_are_whole_and_wrong_ones_are_found(database_parts: Parts) -> None:
    async with a_town(database_parts, _SMALL) as town:
        if pgbench.program() is not None:  # where it is not, the table says so
            assert await pgbench.book(town, 8, 2, serial=1) > 0
            with pytest.raises(WrongResult):
                await town.check(booked=7)
        connection = await asyncpg.connect(town.url)
        await connection.execute("UPDATE seat_pools SET taken = taken + 1 WHERE run_id = $1", town.runs[0])
        await connection.close()
        await town.forget()
        with pytest.raises(WrongResult, match="1 pools"):
            await town.check(booked=0)


async def test_bookings_over_http_are_whole(database_parts: Parts) -> None:
    size = replace(_SMALL, bookings=8, slow_bookings=6, clients=2)
    async with a_town(database_parts, size) as town:
        with processes(town, booking.WEB, 1) as ports:
            await until_up(ports)
            assert (await booking.book_many(OURS, town, ports, 8, 2))[OURS] > 0
            assert (await booking.sell_out(OURS, town, ports, 6, 2))[OURS] > 0


async def test_every_page_is_whole(database_parts: Parts) -> None:
    small = replace(_SMALL, page_loads=2, employers=2, requests=2, little_history=5)
    outcome = await run_rounds(pages.BENCH, database_parts, small, told=lambda _: None)
    assert outcome.values.keys() == {*pages.PAGES, *(pages.bare_of(page) for page in pages.PAGES)}


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno", b"HTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\nyes"]
)
async def test_a_page_that_says_something_else_is_found(answer: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(WrongResult, match="a page was answered"):
            await pages.in_turn(pages.Asked("a page", port, b"GET / HTTP/1.1\r\n\r\n", b"yes"), 1)


async def test_a_past_is_whole_too(database_parts: Parts) -> None:
    async with a_town(database_parts, _SMALL) as town:
        await growth.grow_old(town, 50)
        await town.check(booked=0)
        connection = await asyncpg.connect(town.url)
        rows = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM bookings), (SELECT count(*) FROM booking_history),"
            " (SELECT count(*) FROM inbox)"
        )
        await connection.close()
        assert tuple(rows) == (50, 50, 50)


def test_the_table_says_what_was_met_and_what_was_not_measured() -> None:
    aims = (Aim("a", "b", least=2), Aim("a", "c", most=1, unless="c is not here"))
    outcome = Outcome(Bench("x", "X", "/s", relay.contenders, aims), {"a": [10.0, 30.0], "b": [10.0, 10.0]})
    table = report.markdown(outcome, QUICK)
    assert "| 2.00 × | 1.00×–3.00× |" in table or "| 2.00 × | 1.00–3.00 |" in table
    assert "≥ 2 × | yes" in table
    assert "not measured: c is not here" in table
    limited = Outcome(Bench("x", "X", "ms", relay.contenders, (), limits={"a": 20, "b": 9}), {"a": [20.0], "b": [10.0]})
    assert "| ≤ 20 ms | yes |" in report.markdown(limited, QUICK)
    assert "| ≤ 9 ms | no |" in report.markdown(limited, QUICK)
    assert BOOKINGS.name == TOPIC
