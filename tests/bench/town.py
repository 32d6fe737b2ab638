"""A booking service with something to book: employers with a contact each, runs with many seats, and web processes."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil

from deploy.embedded.processes import Program, free_port, start, stop_tree
from services.booking.people.accounts import bind_account
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from shared.db import open_database
from shared.kernel.clock import SystemClock
from shared.kernel.grants import Subject
from tests.bench.http_load import request
from tests.bench.issuer import an_issuer
from tests.bench.parts import Parts
from tests.bench.rounds import WrongResult
from tests.bench.size import Size
from tests.services.booking.offered import AnEmployer, AProject, a_meeting, a_plan, a_project, a_run, an_employer
from tests.support.messaging import until
from tests.support.web import ISSUER_ALIAS, LocalIssuer

EMPLOYERS = 20
SEATS = 2
CAPACITY = 10_000
_SECRET = "sample-bench"
_ROOT = Path(__file__).parents[2]
_TOLD = "SELECT count(*) FROM outbox WHERE type = 'booking.confirmed.v1'"
_serials = count(1)


@dataclass(frozen=True, slots=True)
class Town:
    """Who can book what, and where."""

    url: str
    issuer: LocalIssuer
    project_id: UUID
    employers: Sequence[AnEmployer]
    runs: Sequence[UUID]
    tokens: Sequence[str]
    parts: Parts

    def requests(self, number: int, runs: Sequence[UUID]) -> list[bytes]:
        """Return bookings of two seats, spread over employers and these runs."""
        return [
            request(
                f"/booking/api/v1/projects/{self.project_id}/employers/{self.employers[each % EMPLOYERS].id}/bookings",
                token=self.tokens[each % EMPLOYERS],
                key=uuid4().hex,
                body=b'{"run_id":"%b","seats":%d}' % (str(runs[each % len(runs)]).encode(), SEATS),
            )
            for each in range(number)
        ]

    def environment(self) -> dict[str, str]:
        """Return the settings of booking's processes."""
        return {
            "KURSLOTS_MODE": "embedded",
            "KURSLOTS_CLOCK": "system",
            "KAFKA_BOOTSTRAP": self.parts.bootstrap,
            "OIDC_ISSUER": self.issuer.issuer,
            "OIDC_ISSUER_ALIAS": ISSUER_ALIAS,
            "BOOKING_DATABASE_URL": self.url,
            "BOOKING_SECRET": _SECRET,
        }

    async def add_run(self, capacity: int) -> UUID:
        """Schedule one more run."""
        return (await _runs(self.url, self.project_id, 1, capacity))[0]

    async def check(self, *, booked: int) -> None:
        """Raise WrongResult unless just so many bookings were made since `forget`, each whole and told."""
        connection = await asyncpg.connect(self.url)
        try:
            told = await connection.fetchval(_TOLD)
            kept = await connection.fetchval("SELECT count(*) FROM idempotency_keys")
            wrong = await connection.fetchval(
                "SELECT count(*) FROM seat_pools p WHERE p.taken > p.capacity OR p.taken <>"
                " (SELECT count(*) FROM seats s WHERE s.pool_id = p.id AND s.released_at IS NULL)"
            )
            odd = await connection.fetchval(
                "SELECT count(*) FROM outbox o LEFT JOIN bookings b ON b.id = o.key"
                " LEFT JOIN booking_history h ON h.booking_id = b.id"
                " WHERE o.type = 'booking.confirmed.v1' AND (b.id IS NULL OR h.id IS NULL"
                " OR b.seats <> (SELECT count(*) FROM seats s WHERE s.booking_id = b.id))"
            )
        finally:
            await connection.close()
        if (told, kept, wrong, odd) != (booked, booked, 0, 0):
            raise WrongResult(
                f"bookings: {told} told and {kept} answers kept of {booked}; {wrong} pools and {odd} bookings are wrong"
            )

    async def forget(self) -> None:
        """Let go of what the relay and the purge would take away."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("TRUNCATE outbox, idempotency_keys")
        finally:
            await connection.close()


@asynccontextmanager
async def a_town(parts: Parts, size: Size) -> AsyncIterator[Town]:
    """Give a town on a database of its own."""
    url = await parts.service_database("booking")
    try:
        async with an_issuer() as issuer:
            yield await _populated(parts, url, issuer, size.runs)
    finally:
        await parts.drop(url)


async def _populated(parts: Parts, url: str, issuer: LocalIssuer, runs: int) -> Town:
    database = open_database(url)
    subs = [f"contact.{next(_serials)}" for _ in range(EMPLOYERS)]
    try:
        async with database.sessions() as session, session.begin():
            project = await a_project(session)
            employers = [await an_employer(session, project, people=1) for _ in range(EMPLOYERS)]
            for sub, employer in zip(subs, employers, strict=True):
                person = await session.get_one(Person, employer.contact)
                subject = Subject(ISSUER_ALIAS, sub)
                await bind_account(session, SystemClock(), person, subject, bound_by=BoundBy.LOADING, by=None)
    finally:
        await database.close()
    found = await _runs(url, project.id, runs, CAPACITY)
    tokens = [issuer.token(sub, "booking", lives=timedelta(hours=6)) for sub in subs]
    return Town(url, issuer, project.id, employers, found, tokens, parts)


async def _runs(url: str, project_id: UUID, number: int, capacity: int) -> list[UUID]:
    database = open_database(url)
    clock = SystemClock()
    plan = a_plan(capacity=capacity, meetings=(a_meeting(clock.now() + timedelta(days=30)),))
    try:
        async with database.sessions() as session, session.begin():
            project = AProject(project_id, ())
            return [(await a_run(session, project, clock=clock, plan=plan)).id for _ in range(number)]
    finally:
        await database.close()


@contextmanager
def processes(
    town: Town, program: Sequence[str], number: int, more: Mapping[str, str] | None = None
) -> Iterator[list[int]]:
    """Run so many processes of a program that takes `--port`, with `more` settings; gives their ports."""
    ports = [free_port() for _ in range(number)]
    started = []
    try:
        for port in ports:
            argv = (sys.executable, "-m", *program, "--port", str(port))
            log = town.parts.folder / f"{program[0]}.{port}.log"
            started.append(
                start(Program(argv, _ROOT, {**town.environment(), **(more or {})}), log, dies_with_parent=True)
            )
        yield ports
    finally:
        for process in started:
            stop_tree(psutil.Process(process.pid))
            process.wait()


async def until_up(ports: Sequence[int], path: str = "/booking/health") -> None:
    """Return when every process answers well."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def answer() -> bool:
            try:
                return all([(await client.get(f"http://127.0.0.1:{port}{path}")).is_success for port in ports])
            except httpx.TransportError:
                return False

        await until(answer, what="a process that answers well", seconds=150)
