"""People at work: numbered commands over HTTP, each with a key under which it is repeated until it is answered.

A few runs with few seats are asked for by many at once, bookings are changed and cancelled by two people at a time, and
training requests go to procurement, where an officer takes up or declines some. So seats may be oversold, facts lost,
done twice or taken in the wrong order, if anything lets them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx

from tests.drills.ledger import Ledger
from tests.drills.size import Size

LEAD, OFFICER, CONTACTS = "lead.dalarna", "officer.dalarna", ("contact.falun", "contact.borlange")
PROJECT_CODE = "lyftkraft-dalarna-demo"
_COMMANDS_PER_RUN = 25
_NEWEST_RUNS = 3
_FURTHEST_RUNS = 200
_ANSWER_SECONDS = 8.0
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 0.5
_LONGEST_THOUGHT, _LONGEST_IDLE_THOUGHT = 0.06, 1.2


@dataclass
class Place:
    """Where everything happens."""

    project_id: str
    buyer_id: str
    course_id: str
    employers: dict[str, str]


@dataclass
class Known:
    """What the people have seen so far; nobody waits for anybody else."""

    runs: list[str] = field(default_factory=list)
    bookings: list[tuple[str, str]] = field(default_factory=list)
    """Who booked, and which booking; cancelled ones may be among them."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Who asked for training, and which request; for the contact to withdraw."""
    waiting: list[str] = field(default_factory=list)
    """Requests for the officer."""


class Load:
    """Commands from several people at once, for as long as the drill wants them."""

    def __init__(
        self,
        ledger: Ledger,
        random: Random,
        size: Size,
        *,
        booking: str,
        procurement: str,
        tokens: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self.answered = 0
        self._ledger = ledger
        self._random = random
        self._size = size
        self._now = now
        self._tokens = tokens
        self._number = 0
        self._enough = asyncio.Event()
        self._known = Known()
        self._place: Place | None = None
        limits = httpx.Limits(max_connections=size.people + 2)
        self._http = {
            service: httpx.AsyncClient(
                base_url=f"{address}/{service}/api/v1", timeout=_ANSWER_SECONDS, trust_env=False, limits=limits
            )
            for service, address in (("booking", booking), ("procurement", procurement))
        }

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Send while the block runs, and after it until there were enough commands; then wait for their answers."""
        try:
            self._place = await self._find_place()
            for _ in range(_NEWEST_RUNS):
                await self._offer_run()
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._size.people):
                    tasks.create_task(self._work(Random(self._random.getrandbits(64))))  # noqa: S311 - a load
                try:
                    yield
                    while self.answered < self._size.commands:  # noqa: ASYNC110 - counted by many
                        await asyncio.sleep(0.02)
                finally:
                    self._enough.set()
        finally:
            for http in self._http.values():
                await http.aclose()

    async def has_answered(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many more commands are answered."""
        wanted, deadline = self.answered + count, time.monotonic() + seconds
        while self.answered < wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"{wanted - self.answered} of {count} commands were not answered in {seconds} s")
            await asyncio.sleep(0.02)

    async def _work(self, random: Random) -> None:
        deeds = (
            (self._book, 40),
            (self._change, 22),
            (self._cancel, 10),
            (self._ask, 12),
            (self._withdraw, 8),
            (self._decide, 8),
        )
        while not self._enough.is_set():
            [deed] = random.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])
            await deed(random)
            if self._number // _COMMANDS_PER_RUN >= len(self._known.runs) - _NEWEST_RUNS + 1:
                await self._offer_run()
            # once there are enough commands, people only keep the work going while the drill waits for something
            thought = _LONGEST_THOUGHT if self.answered < self._size.commands else _LONGEST_IDLE_THOUGHT
            await asyncio.sleep(random.uniform(0, thought))

    async def _offer_run(self) -> None:
        assert self._place is not None
        number = len(self._known.runs)
        self._known.runs.append("")  # taken, so that nobody else offers it too
        day = self._now() + timedelta(days=40 + number % _FURTHEST_RUNS)
        starts = day.replace(hour=8, minute=0, second=0, microsecond=0)
        meeting = {
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(hours=6)).isoformat(),
            "mode": "physical",
            "place": "Falun, Kompetenshuset",
        }
        body = {"capacity": 5 + number % 4, "municipality": "2080", "meetings": [meeting]}
        path = f"/courses/{self._place.course_id}/runs"
        answer = await self._command(LEAD, "offer_run", "POST", path, body, fact="run.scheduled.v1", names="run_id")
        if answer is not None:
            self._known.runs[number] = answer["run_id"]

    async def _book(self, random: Random) -> None:
        assert self._place is not None
        who = random.choice(CONTACTS)
        runs = [run for run in self._known.runs if run][-_NEWEST_RUNS:]
        if not runs:
            return
        body = {"run_id": random.choice(runs), "seats": random.randint(1, 3), "participants": []}
        path = f"/projects/{self._place.project_id}/employers/{self._place.employers[who]}/bookings"
        answer = await self._command(who, "book", "POST", path, body, fact="booking.confirmed.v1", names="booking_id")
        if answer is not None:
            self._known.bookings.append((who, answer["booking_id"]))

    async def _change(self, random: Random) -> None:
        if not self._known.bookings:
            return
        who, booking = random.choice(self._known.bookings[-6:])
        body = {"seats": random.randint(1, 4)}
        path = f"/bookings/{booking}"
        await self._command(who, "change", "PATCH", path, body, fact="booking.changed.v1", names="booking_id")

    async def _cancel(self, random: Random) -> None:
        if not self._known.bookings:
            return
        who, booking = self._known.bookings[random.randrange(len(self._known.bookings))]
        body = {"reason": "Vi kan inte komma."}
        answer = await self._command(
            who, "cancel", "POST", f"/bookings/{booking}/cancel", body, fact="booking.cancelled.v1", names="booking_id"
        )
        if answer is not None and (who, booking) in self._known.bookings:
            self._known.bookings.remove((who, booking))

    async def _ask(self, random: Random) -> None:
        assert self._place is not None
        who = random.choice(CONTACTS)
        wish = {
            "title": "Truckkort",
            "description": "Förnyat truckkort för skiftlagen.",
            "persons": random.randint(1, 9),
            "minutes": 480,
            "mode": "physical",
            "municipality": "2080",
        }
        path = f"/projects/{self._place.project_id}/employers/{self._place.employers[who]}/training-requests"
        drafted = await self._command(who, "draft", "POST", path, wish, fact=None, names="request_id")
        if drafted is None:
            return
        request = drafted["request_id"]
        submit = f"/training-requests/{request}/submit"
        fact = "training_request.submitted.v1"
        answer = await self._command(who, "submit", "POST", submit, None, fact=fact, names="request_id")
        if answer is not None:
            self._known.asked.append((who, request))
            self._known.waiting.append(request)

    async def _withdraw(self, random: Random) -> None:
        if not self._known.asked:
            return
        who, request = self._known.asked.pop(random.randrange(len(self._known.asked)))
        path = f"/training-requests/{request}/withdraw"
        body = {"reason": "Behovet finns inte längre."}
        fact = "training_request.withdrawn.v1"
        await self._command(who, "withdraw", "POST", path, body, fact=fact, names="request_id")

    async def _decide(self, random: Random) -> None:
        """Let the officer take a request into a case, or decline it; it may not have come to her yet."""
        assert self._place is not None
        if not self._known.waiting:
            return
        request = self._known.waiting.pop(0)
        body: dict[str, object]
        if random.random() < 0.5:
            path, body = f"/requests/{request}/decline", {"reason": "Behovet möts av en öppen kurs."}
            fact, names = "training_request.declined.v1", "request_id"
        else:
            path, body = f"/buyers/{self._place.buyer_id}/cases", {"title": "Truckkort", "request_ids": [request]}
            fact, names = None, "case_id"
        answer = await self._command(
            OFFICER, "decide", "POST", path, body, fact=fact, names=names, service="procurement", about=request
        )
        if answer is None and random.random() < 0.7:
            self._known.waiting.append(request)

    async def _command(
        self,
        who: str,
        what: str,
        method: str,
        path: str,
        body: object,
        *,
        fact: str | None,
        names: str,
        service: str = "booking",
        about: str | None = None,
    ) -> dict[str, Any] | None:
        """Send one command until it is answered, and write down what came. None where a rule refused it."""
        self._number += 1
        number = self._number
        key = str(UUID(int=self._random.getrandbits(128), version=4))
        self._ledger.write("sent", number=number, what=what, service=service, key=key)
        headers = {"authorization": f"Bearer {self._tokens[who]}", "idempotency-key": key, "accept-language": "en"}
        answer = await self._until_answered(service, method, path, body, headers)
        if answer is None:
            self._ledger.write("gave_up", number=number, what=what)
            self.answered += 1
            return None
        content = answer.json()
        if not answer.is_success:
            self._ledger.write("refused", number=number, what=what, status=answer.status_code, code=content.get("code"))
            self.answered += 1
            return None
        told: dict[str, Any] = {
            "id": content[names],
            "version": content.get("version"),
            "fact": fact,
            "seats": len(content["seats"]) if isinstance(content.get("seats"), list) else None,
            "run_id": content.get("run", {}).get("run_id") or content.get("run_id"),
            "about": about,
        }
        self._ledger.write("answered", number=number, what=what, service=service, status=answer.status_code, **told)
        self.answered += 1
        result: dict[str, Any] = content
        return result

    async def _until_answered(
        self,
        service: str,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str],
    ) -> httpx.Response | None:
        deadline = time.monotonic() + self._size.patience_seconds
        wait = _SHORTEST_WAIT
        while time.monotonic() < deadline:
            try:
                answer = await self._http[service].request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                pass  # the same command again, under the same key
            else:
                if not _is_to_be_repeated(answer):
                    return answer
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        return None

    async def _find_place(self) -> Place:
        projects = await self._read(LEAD, "/projects", code=PROJECT_CODE)
        project = await self._read(LEAD, f"/projects/{projects['items'][0]['project_id']}")
        courses = await self._read(LEAD, f"/projects/{project['project_id']}/courses")
        employers = {who: (await self._read(who, "/me"))["grants"][0]["employer_id"] for who in CONTACTS}
        return Place(
            project["project_id"], project["buyers"][0]["buyer_id"], courses["items"][0]["course_id"], employers
        )

    async def _read(self, who: str, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        headers = {"authorization": f"Bearer {self._tokens[who]}"}
        answer = await self._until_read(path, query, headers)
        return answer.raise_for_status().json()

    async def _until_read(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        deadline = time.monotonic() + self._size.patience_seconds
        while True:
            try:
                answer = await self._http["booking"].get(path, params=query, headers=headers)
                if not _is_to_be_repeated(answer):
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_SHORTEST_WAIT)


def _is_to_be_repeated(answer: httpx.Response) -> bool:
    """Whether nothing definite was said: a fault of the server's, or the same command still being carried out."""
    if answer.is_server_error:
        return True
    return answer.status_code == httpx.codes.CONFLICT and answer.json().get("code") == "idempotency_key_in_use"
