"""The booking command over HTTP, on many runs and on one that sells out: against plain ways and the database alone."""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.bench import command, pgbench
from tests.bench.command import book_alone
from tests.bench.http_load import ask_all
from tests.bench.parts import Parts
from tests.bench.rounds import OURS, Aim, Bench, Contender, WrongResult
from tests.bench.size import Size
from tests.bench.town import SEATS, Town, a_town, processes, until_up

PLAIN = "plain SQLModel, select for update"
PGBENCH = "the same statements in pgbench"
MANY_RUNS = "ours, many runs"
ALONE, PLAIN_ALONE = "our command without HTTP, one process", "the plain one without HTTP, one process"
WEB = ("services.booking", "web")
_PLAIN_WEB = ("tests.bench.plain",)
_ASKED_TOO_MUCH = 1.15
_CREATED, _REFUSED = 201, 409


@asynccontextmanager
async def many_runs(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give the contenders that book seats of many runs."""
    async with a_town(parts, size) as town:
        with processes(town, WEB, web_processes()) as ours, processes(town, _PLAIN_WEB, web_processes()) as plain:
            await until_up([*ours, *plain])
            contenders = [
                Contender(OURS, lambda: book_many(OURS, town, ours, size.bookings, size.clients)),
                Contender(PLAIN, lambda: book_many(PLAIN, town, plain, size.slow_bookings, size.clients)),
                Contender(ALONE, lambda: book_alone(ALONE, town, command.ours, size.slow_bookings, size.clients)),
                Contender(
                    PLAIN_ALONE, lambda: book_alone(PLAIN_ALONE, town, command.plain, size.slow_bookings, size.clients)
                ),
            ]
            if pgbench.program():
                contenders.insert(1, Contender(PGBENCH, lambda: _in_pgbench(town, size)))
            yield contenders


@asynccontextmanager
async def hot_run(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give the contenders that sell out one run."""
    async with a_town(parts, size) as town:
        with processes(town, WEB, web_processes()) as ours, processes(town, _PLAIN_WEB, web_processes()) as plain:
            await until_up([*ours, *plain])
            few = size.slow_bookings
            yield [
                Contender(OURS, lambda: sell_out(OURS, town, ours, size.bookings // 2, size.clients)),
                Contender(MANY_RUNS, lambda: book_many(MANY_RUNS, town, ours, size.bookings // 2, size.clients)),
                Contender(PLAIN, lambda: sell_out(PLAIN, town, plain, few, size.clients)),
            ]


async def _in_pgbench(town: Town, size: Size) -> Mapping[str, float]:
    return {PGBENCH: await pgbench.book(town, size.bookings, size.clients, serial=time.time_ns() // 1_000)}


def web_processes() -> int:
    """Return how many web processes the product would run here: one a core."""
    return os.cpu_count() or 1


async def book_many(name: str, town: Town, ports: Sequence[int], number: int, clients: int) -> Mapping[str, float]:
    """Book, check that all of it was done once, and return bookings per second."""
    await ask_all(ports, town.requests(2 * clients, town.runs), clients=clients)  # pools and caches are filled
    await town.forget()
    answers = await ask_all(ports, town.requests(number, town.runs), clients=clients)
    if answers.statuses != {_CREATED: number}:
        raise WrongResult(f"{name}: {dict(answers.statuses)}: {answers.first_odd!r}")
    await town.check(booked=number)
    return {name: number / answers.seconds}


async def sell_out(name: str, town: Town, ports: Sequence[int], number: int, clients: int) -> Mapping[str, float]:
    """Ask for more than a run has, check that it is sold out to the last seat, and return bookings per second."""
    run = await town.add_run(number * SEATS)
    await ask_all(ports, town.requests(2 * clients, town.runs), clients=clients)
    await town.forget()
    asked = int(number * _ASKED_TOO_MUCH) + 1
    answers = await ask_all(ports, town.requests(asked, [run]), clients=clients)
    if answers.statuses != {_CREATED: number, _REFUSED: asked - number}:
        raise WrongResult(f"{name}: {dict(answers.statuses)}: {answers.first_odd!r}")
    await town.check(booked=number)
    return {name: number / answers.created_seconds}


Run = Callable[[], Awaitable[Mapping[str, float]]]

MANY = Bench(
    "booking",
    "Booking command over HTTP, many runs",
    "bookings/s",
    many_runs,
    (Aim(OURS, PGBENCH, least=0.35, unless=pgbench.WANTED), Aim(OURS, PLAIN, least=4), Aim(ALONE, PLAIN_ALONE)),
)
HOT = Bench(
    "hot-run",
    "Booking command over HTTP, one hot run",
    "bookings/s",
    hot_run,
    (Aim(OURS, MANY_RUNS, least=0.8), Aim(OURS, PLAIN)),
)
