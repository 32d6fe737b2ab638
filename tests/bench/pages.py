"""The pages that people open most, for somebody who is signed in, each beside a bare page of the same length.

One asks after the other: what is measured is how long a person waits, not how many can wait at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

from services.booking.people.accounts import bind_account
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from services.procurement.copies import EmployerCopy
from services.procurement.settings import ProcurementSettings
from shared.db import Database, open_database
from shared.kernel.clock import FixedClock, SystemClock
from shared.kernel.grants import Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.web.browser.cookies import Cookie
from shared.web.browser.sessions import begin_session
from tests.bench import booking
from tests.bench.bare import LAST_WORDS
from tests.bench.growth import grow_old
from tests.bench.http_load import ask
from tests.bench.parts import Parts
from tests.bench.rounds import Aim, Bench, Contender, WrongResult
from tests.bench.size import Size
from tests.bench.town import Town, a_town, processes, until_up
from tests.services.booking.offered import AProject, a_grant, a_person, an_employer
from tests.services.procurement.scene import Scene
from tests.support.web import ISSUER_ALIAS

LONGEST_MILLISECONDS = 100.0
START, CATALOGUE, EMPLOYER = "an employer's start page", "the catalogue", "an employer's page"
FIGURES, INBOX, CASE = "a project's figures", "an officer's inbox", "a case"
PAGES = (START, CATALOGUE, EMPLOYER, FIGURES, INBOX, CASE)
_WEB = ("services.procurement", "web")
_BARE = ("tests.bench.bare",)
_SECRET = "sample-bench"
_CONTACT, _LEAD, _OFFICER = "contact.of.pages", "lead.of.pages", "officer"
_WARM = 5
_OK = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A page: where, the request as it travels, and what it must say."""

    name: str
    port: int
    request: bytes
    says: bytes


@asynccontextmanager
async def contenders(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give every page, and a bare page of its length."""
    url = await parts.service_database("procurement")
    try:
        async with a_town(parts, size) as town:
            employer = await _full_project(town, size)
            case_id, title = await _full_desk(url, size)
            more = {"PROCUREMENT_DATABASE_URL": url, "PROCUREMENT_SECRET": _SECRET}
            with (
                processes(town, booking.WEB, 1) as [here],
                processes(town, _WEB, 1, more) as [office],
                processes(town, _BARE, 1) as [bare],
            ):
                await until_up([here])
                await until_up([office], "/procurement/health")
                await until_up([bare], "/health")
                contact, lead = (
                    await _session(town.url, "booking", _CONTACT),
                    await _session(town.url, "booking", _LEAD),
                )
                officer = await _session(url, "procurement", _OFFICER)
                asked = [
                    Asked(START, here, _get("/booking/", contact), b"Verkstaden AB"),
                    Asked(CATALOGUE, here, _get("/booking/runs", contact), b"Svetsning"),
                    Asked(EMPLOYER, here, _get(f"/booking/employers/{employer}", contact), b"Verkstaden AB"),
                    Asked(FIGURES, here, _get(f"/booking/projects/{town.project_id}/figures", lead), b"<svg"),
                    Asked(INBOX, office, _get("/procurement/requests", officer), b"Svetsning"),
                    Asked(CASE, office, _get(f"/procurement/cases/{case_id}", officer), title.encode()),
                ]
                yield [contender for each in asked for contender in await _pair(each, bare, size)]
    finally:
        await parts.drop(url)


def bare_of(page: str) -> str:
    """Return the name of the bare page that is as long as this one."""
    return f"bare FastAPI and Jinja2, as long as {page}"


async def _pair(page: Asked, bare: int, size: Size) -> tuple[Contender, Contender]:
    length = await longest(page)
    name = bare_of(page.name)
    plain = Asked(name, bare, _get(f"/page?length={length}", ""), LAST_WORDS.encode())
    return (
        Contender(page.name, lambda: in_turn(page, size.page_loads)),
        Contender(name, lambda: in_turn(plain, size.page_loads)),
    )


async def longest(page: Asked) -> int:
    """Return how many bytes a page has."""
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
    try:
        return len(_checked(page, *await ask(reader, writer, page.request)))
    finally:
        writer.close()
        await writer.wait_closed()


async def in_turn(page: Asked, number: int) -> Mapping[str, float]:
    """Ask for a page so many times, one after the other; return the median in milliseconds. Raises WrongResult."""
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
    taken = []
    try:
        for _ in range(number + _WARM):
            began = time.perf_counter()
            answer = await ask(reader, writer, page.request)
            taken.append(time.perf_counter() - began)
            _checked(page, *answer)
    finally:
        writer.close()
        await writer.wait_closed()
    return {page.name: median(taken[_WARM:]) * 1000}


def _checked(page: Asked, status: int, body: bytes) -> bytes:
    if status != _OK or page.says not in body:
        raise WrongResult(f"{page.name} was answered {status} without {page.says!r}: {body[:2_000]!r}")
    return body


def _get(path: str, cookie: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\naccept-language: sv\r\n"
    return f"{head}cookie: {cookie}\r\n\r\n".encode() if cookie else f"{head}\r\n".encode()


async def _session(url: str, service: str, sub: str) -> str:
    """Begin a web session; return the cookie that a browser would send."""
    database = open_database(url)
    try:
        session_id = await begin_session(database, Subject(ISSUER_ALIAS, sub), hint=None, instead_of=None)
    finally:
        await database.close()
    return f"{Cookie(service, 'session', secure=False).name}={session_id}"


async def _full_project(town: Town, size: Size) -> UUID:
    """Fill the project with employers, people and bookings; return an employer of whom `_CONTACT` is the contact."""
    database = open_database(town.url)
    project = AProject(town.project_id, ())
    try:
        async with database.sessions() as session, session.begin():
            for _ in range(size.employers - 1):
                await an_employer(session, project, people=1)
            own = await an_employer(session, project, people=20)
            lead = await a_person(session, name="Lena")
            await a_grant(session, lead, Role.PROJECT_LEAD, project_id=town.project_id)
            for sub, person_id in ((_CONTACT, own.contact), (_LEAD, lead)):
                person = await session.get_one(Person, person_id)
                subject = Subject(ISSUER_ALIAS, sub)
                await bind_account(session, SystemClock(), person, subject, bound_by=BoundBy.LOADING, by=None)
    finally:
        await database.close()
    await grow_old(town, size.little_history)
    return own.id


async def _full_desk(url: str, size: Size) -> tuple[UUID, str]:
    """Fill an officer's inbox, and carry a case to its contract; return the case's id and title."""
    settings = ProcurementSettings.model_validate({"mode": "embedded", "database_url": url, "secret": _SECRET})
    database = open_database(url)
    try:
        return await _scene(database, settings, size)
    finally:
        await database.close()


async def _scene(database: Database, settings: ProcurementSettings, size: Size) -> tuple[UUID, str]:
    async with database.sessions() as session, session.begin():
        now = datetime.now(UTC) - timedelta(days=30)
        scene = Scene(session, keys=settings.keys, clock=FixedClock(now))
        await scene.begin()
        for _ in range(size.requests):
            employer_id = new_id()
            session.add(EmployerCopy(employer_id=employer_id, name="Verkstaden AB"))
            await scene.request(title="Svetsning", employer_id=employer_id, reference=f"T-{employer_id.hex[-8:]}")
        own = [await scene.request(title="Svetsning i Falun", reference=f"U-{number}") for number in range(3)]
        suppliers = await scene.suppliers()
        procedure = await scene.invited(suppliers, *own)
        for number, supplier in enumerate(suppliers):
            await scene.bid(procedure, supplier, 10_000_000 + number)
        for points, bid in zip("864", await scene.open(procedure), strict=True):
            await scene.score(bid, points)
        await scene.award(procedure)
        await scene.contract(procedure)
        return procedure.case_id, procedure.title


BENCH = Bench(
    "pages",
    "A page for somebody who is signed in, one after another",
    "ms",
    contenders,
    tuple(Aim(page, bare_of(page)) for page in PAGES),
    limits=dict.fromkeys(PAGES, LONGEST_MILLISECONDS),
)
