"""One process of a service on a stage: started, killed, stopped, woken and started again by the drill."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from deploy.embedded.processes import free_port, last_lines
from tests.drills.nursery import Nursery

_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class ServiceProcess:
    """`service` and `kind` (web or worker) say what it runs; `without` and `die_at` what is different in it."""

    def __init__(
        self,
        nursery: Nursery,
        service: str,
        kind: str,
        *,
        environment: Mapping[str, str],
        without: Sequence[str] = (),
        log: Path,
    ) -> None:
        self.service = service
        self.kind = kind
        self.port = free_port()
        self.environment = dict(environment)
        self.log = log
        self.pid: int | None = None
        self._nursery = nursery
        self._may_die = False
        self._without = tuple(without)

    @property
    def name(self) -> str:
        """Such as `booking worker`."""
        return f"{self.service} {self.kind}"

    @property
    def url(self) -> str:
        """Where it listens; the same after every start."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether it runs, stopped or not."""
        if self.pid is None:
            return False
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def begin(self, die_at: str | None = None) -> None:
        """Start it, to kill itself at a point (`relay.before_ack:17`) where one is named; see `ready`."""
        guards = [part for guard in self._without for part in ("--without", guard)]
        armed = ["--die-at", die_at] if die_at else []
        arguments = [*guards, *armed, self.service, self.kind, "--port", str(self.port)]
        self._may_die = die_at is not None
        self.pid = self._nursery.fork(arguments, self.environment, self.log)

    async def ready(self) -> None:
        """Return when it answers that it is ready; one that is armed may have died before."""
        path = f"/{self.service}/health" if self.kind == "web" else "/ready"
        deadline = time.monotonic() + _READY_SECONDS
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=5) as http:
            while True:
                with suppress(httpx.HTTPError):
                    if (await http.get(path)).status_code == httpx.codes.OK:
                        return
                if self._may_die and not self.is_alive:
                    return
                if not self.is_alive or time.monotonic() > deadline:
                    raise AssertionError(f"{self.name} is not ready. Its log:\n{last_lines(self.log, 30)}")
                await asyncio.sleep(_LOOK_SECONDS)

    async def start(self, die_at: str | None = None) -> None:
        """Start it and return when it is ready."""
        self.begin(die_at)
        await self.ready()

    async def died(self, seconds: float = 30.0) -> bool:
        """Wait until it has died by itself; whether it did in time."""
        deadline = time.monotonic() + seconds
        while self.is_alive and time.monotonic() < deadline:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_LOOK_SECONDS)
        return not self.is_alive

    async def kill(self) -> None:
        """`kill -9`."""
        await self._end(signal.SIGKILL)

    async def quit(self) -> None:
        """Ask it to stop in order; killed where it does not."""
        await self._end(signal.SIGTERM)
        await self._end(signal.SIGKILL)

    async def revive(self, die_at: str | None = None) -> None:
        """Start it again at the same address, killing it first where it still runs; do not wait until it is ready.

        A killed worker's groups wait for its session to end before its successor reads; its relay works at once.
        """
        await self.kill()
        self.begin(die_at)

    async def restart(self, die_at: str | None = None) -> None:
        """As `revive`, and return when it is ready."""
        await self.revive(die_at)
        await self.ready()

    def stop(self) -> None:
        """SIGSTOP: it does nothing and hears nothing until `wake`."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    async def _end(self, number: signal.Signals) -> None:
        self._signal(number)
        await self.died(10)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
