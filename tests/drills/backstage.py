"""What all stages of a run share: the nursery, the origin with its issuer and sinks, people's tokens, the clock."""

import asyncio
import base64
import secrets
import subprocess
import sys
import time as machine_time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Self

import httpx

from deploy.embedded.environment import SERVICES
from deploy.embedded.origin.tokens import fetch_token
from deploy.embedded.processes import Deadline, Program, free_port, last_lines, start
from shared.kernel.calendar import at_stockholm, legal_day, next_working_day
from shared.kernel.clock import OffsetFileClock, machine_now, write_offset
from tests.drills.ground import Ground, MakeGround, migrated
from tests.drills.nursery import Nursery
from tests.drills.stage import Stage
from tests.support.run import machine_environment

PEOPLE = ("lead.dalarna", "contact.falun", "contact.borlange", "officer.dalarna")
_TOKEN_MINUTES = 50
_FRESH_SECONDS = 10 * 60
_ROOT = Path(__file__).parents[2]


class Backstage:
    """Used as an asynchronous context manager, from the main thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port = free_port()
        self._smtp_port = free_port()
        self._secrets = {service: base64.b64encode(secrets.token_bytes(32)).decode() for service in SERVICES}
        self._sms_password = secrets.token_hex(16)
        self._tokens: dict[str, str] = {}
        self._tokens_at = 0.0
        self._templates: dict[int, dict[str, str]] = {}
        self._making = asyncio.Lock()
        self._grounds: dict[MakeGround, Ground] = {}
        self._kept = AsyncExitStack()
        self._stages = 0
        self._origin: subprocess.Popen[bytes] | None = None
        self.clock = folder / "clock"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def now(self) -> datetime:
        """Return business time: a working morning, so that nothing is held back for the night."""
        return OffsetFileClock(self.clock).now()

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        day = next_working_day(legal_day(machine_now() + timedelta(days=1)))
        write_offset(self.clock, at_stockholm(day, time(10)) - machine_now())
        self.nursery = Nursery(self.folder / "nursery.log")
        (self.folder / "routes.json").write_text("{}")
        self._origin = start(
            Program(
                (
                    *(sys.executable, "-m", "deploy.embedded.origin"),
                    *("--port", str(self._port), "--smtp-port", str(self._smtp_port)),
                    *("--routes", str(self.folder / "routes.json"), "--home", str(self.folder / "origin")),
                ),
                _ROOT,
                self.environment(),
            ),
            self.folder / "origin.log",
            dies_with_parent=True,
        )
        await self._origin_answers()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._kept.aclose()
        assert self._origin is not None
        self._origin.terminate()
        await asyncio.to_thread(self._origin.wait, 15)
        self.nursery.close()

    async def _origin_answers(self) -> None:
        deadline = Deadline(60)
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            while True:
                try:
                    await http.get(f"{self.origin}/issuer/people")
                except httpx.HTTPError:
                    if deadline.is_over:
                        said = last_lines(self.folder / "origin.log", 20)
                        raise AssertionError(f"the origin does not answer:\n{said}") from None
                    await asyncio.sleep(0.05)
                else:
                    return

    def environment(self) -> dict[str, str]:
        """Return what every process of every stage is told."""
        return {
            **machine_environment(),
            "KURSLOTS_MODE": "embedded",
            "KURSLOTS_CLOCK": f"file:{self.clock}",
            "KURSLOTS_ORIGIN": self.origin,
            "OIDC_ISSUER": f"{self.origin}/issuer",
            "SMTP_URL": f"smtp://127.0.0.1:{self._smtp_port}",
            "SMS_URL": f"{self.origin}/sms/a1/sms",
            "SMS_USER": "kurslots",
            "SMS_PASSWORD": self._sms_password,
            # a sender that was killed is missed soon, but not before its provider would have answered
            "SMTP_TIMEOUT_SECONDS": "8",
            "NOTIFICATION_SENDING_LIMIT_SECONDS": "10",
            "LOG_LEVEL": "info",
            **{f"{service.upper()}_SECRET": secret for service, secret in self._secrets.items()},
        }

    async def tokens(self) -> dict[str, str]:
        """Return an access token for everybody who acts, made anew before the old ones are worn out."""
        if machine_time.monotonic() - self._tokens_at > _FRESH_SECONDS or not self._tokens:
            made = [await fetch_token(self.origin, person, minutes=_TOKEN_MINUTES) for person in PEOPLE]
            self._tokens = dict(zip(PEOPLE, made, strict=True))
            self._tokens_at = machine_time.monotonic()
        return self._tokens

    async def ground(self, make: MakeGround) -> Ground:
        """Return a ground, made when it is first asked for and kept until the run ends: servers take long to start."""
        if make not in self._grounds:
            folder = self.folder / f"ground-{len(self._grounds)}"
            folder.mkdir()
            self._grounds[make] = await self._kept.enter_async_context(make(folder))
        return self._grounds[make]

    @asynccontextmanager
    async def stage(self, ground: Ground, *, without: Sequence[str] = (), name: str = "") -> AsyncIterator[Stage]:
        """Give a stage of its own on this ground; `without` names the guards that its processes go without."""
        async with self._making:
            templates = await self._templates_on(ground)
        self._stages += 1
        stage = self._made_stage(ground, f"{self._stages:03} {name}".strip().replace(" ", "-"), without)
        stage.sent_before = await self._last_sent()
        try:
            await stage.set_up(templates)
            yield stage
        finally:
            await stage.tear_down()
        await stage.clear()

    def _made_stage(self, ground: Ground, name: str, without: Sequence[str]) -> Stage:
        folder = self.folder / name
        folder.mkdir(parents=True)
        return Stage(self, ground, folder, without=without)

    async def _last_sent(self) -> int:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            answer = await http.get(f"{self.origin}/sent/emails", params={"limit": "1"})
            last: int = answer.raise_for_status().json()["last"]
            return last

    async def _templates_on(self, ground: Ground) -> dict[str, str]:
        """Return databases to copy, with tables and the project in them, known to all three services."""
        if ground.server.port not in self._templates:
            names = {service: f"drill_{service}" for service in SERVICES}
            for name in names.values():
                await ground.drop(name)
            await migrated(ground, names, self.environment())
            await self._let_them_know(ground, names)
            self._templates[ground.server.port] = names
        return self._templates[ground.server.port]

    async def _let_them_know(self, ground: Ground, names: dict[str, str]) -> None:
        """Run the workers until every copy has come, so that no drill need wait for that."""
        stage = self._made_stage(ground, f"making-{ground.server.port}", ())
        stage.databases = dict(names)
        try:
            await ground.make_topics(stage.namespace)
            await stage.start(*(f"{service} worker" for service in SERVICES))
            if await stage.settle(60) is None:
                raise AssertionError("the project was not told to all services in time")
        finally:
            for process in stage.processes.values():
                await process.quit()
            stage.ledger.close()
        await ground.delete_topics(stage.namespace)
