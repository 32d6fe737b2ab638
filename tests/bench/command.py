"""The booking command alone, in this process: what is left of the comparison when both do without HTTP.

The key is claimed and the answer kept, as at the edge; nobody signs in, and no route is looked for.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, place_booking
from services.booking.bookings.views import BookSeats, placed_view
from shared.db import open_database
from shared.kernel.clock import SystemClock
from shared.web.idempotency import AnswerKeys, StoredAnswer, claim, keep_answer
from tests.bench.plain import Wanted, book_once
from tests.bench.rounds import WrongResult
from tests.bench.town import EMPLOYERS, SEATS, Town

BookOne = Callable[[AsyncSession, AnswerKeys, Wanted], Awaitable[StoredAnswer]]
_CREATED = 201


async def ours(session: AsyncSession, keys: AnswerKeys, wanted: Wanted) -> StoredAnswer:
    """Book as the product does, in the same transaction as the key and the answer."""
    await claim(session, keys, lookup=wanted.lookup, fingerprint=wanted.fingerprint)
    order = Order(wanted.project_id, wanted.employer_id, wanted.body.run_id, wanted.body.seats)
    placed = await place_booking(session, SystemClock(), order, by=wanted.person_id)
    view = await placed_view(session, placed)
    answer = StoredAnswer(_CREATED, view.model_dump_json(by_alias=True).encode())
    await keep_answer(session, keys, answer, lookup=wanted.lookup, fingerprint=wanted.fingerprint)
    await session.commit()
    return answer


plain = book_once


async def book_alone(name: str, town: Town, book_one: BookOne, number: int, clients: int) -> Mapping[str, float]:
    """Book so often, check that all of it was done once, and return bookings per second."""
    database = open_database(town.url, name="bench command")
    keys = AnswerKeys(secrets.token_bytes(32))
    try:
        await _book_all(database.sessions, keys, _wanted(town, 2 * clients), book_one, clients)
        await town.forget()
        seconds = await _book_all(database.sessions, keys, _wanted(town, number), book_one, clients)
    finally:
        await database.close()
    await town.check(booked=number)
    return {name: number / seconds}


def _wanted(town: Town, number: int) -> list[Wanted]:
    return [
        Wanted(
            town.project_id,
            town.employers[each % EMPLOYERS].id,
            BookSeats(run_id=town.runs[each % len(town.runs)], seats=SEATS),
            town.employers[each % EMPLOYERS].contact,
            sha256(secrets.token_bytes(16)).digest(),
            sha256(b"the same").digest(),
        )
        for each in range(number)
    ]


async def _book_all(
    sessions: Callable[[], AsyncSession], keys: AnswerKeys, wanted: list[Wanted], book_one: BookOne, clients: int
) -> float:
    waiting = iter(wanted)

    async def client() -> None:
        for each in waiting:
            async with sessions() as session:
                if (await book_one(session, keys, each)).status != _CREATED:
                    raise WrongResult("a booking was not made")

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return time.perf_counter() - started
