"""The stage of one drill: databases, a namespace on Kafka, a ledger, and the services' processes on them.

async with backstage.stage(ground, without=("inbox",)) as stage:
    await stage.start(die_at={"booking worker": "relay.before_ack:5"})
    async with stage.load(random, size) as load:
        await load.has_answered(20)
        await stage.worker("booking").died()
        await stage.worker("booking").restart()
    await stage.settle()
    report = await stage.check()
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from deploy.embedded.environment import SERVICES, database_name
from tests.drills import checker
from tests.drills.evidence import Sources, settled
from tests.drills.ground import Ground
from tests.drills.guards import GUARDS
from tests.drills.ledger import Ledger
from tests.drills.load import Load
from tests.drills.report import Report
from tests.drills.service_process import ServiceProcess
from tests.drills.size import Size

if TYPE_CHECKING:
    from tests.drills.backstage import Backstage

CAST = ("booking web", "procurement web", "booking worker", "procurement worker", "notification worker")
SETTLE_SECONDS = 60.0


class Stage:
    """Made by `Backstage.stage`. `processes` are by name: `booking worker`, `booking worker 2`."""

    def __init__(self, backstage: "Backstage", ground: Ground, folder: Path, *, without: Sequence[str] = ()) -> None:
        self.backstage = backstage
        self.ground = ground
        self.folder = folder
        self.without = tuple(without)
        self.namespace = f"d{uuid4().hex[:10]}"
        self.databases: dict[str, str] = {}
        self.processes: dict[str, ServiceProcess] = {}
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.settle_seconds = SETTLE_SECONDS
        self.sent_before = 0
        self.allowed: frozenset[str] = frozenset()
        """What the drill itself causes, and so is not counted: `checker.SET_ASIDE`, `checker.FAILED_MAILS`."""

    async def set_up(self, templates: Mapping[str, str]) -> None:
        """Make databases and topics."""
        for service in SERVICES:
            self.databases[service] = await self.ground.clone(service, templates[service])
        for guard in self.without:
            for service, statements in GUARDS[guard].statements.items():
                for statement in statements:
                    await self.ground.execute(statement, self.databases[service])
        await self.ground.make_topics(self.namespace)

    async def tear_down(self) -> None:
        """End every process and take the databases and topics away."""
        await asyncio.gather(*(process.kill() for process in self.processes.values()))
        self.ledger.close()

    async def clear(self) -> None:
        """Take the databases and topics away."""
        for name in self.databases.values():
            await self.ground.drop(name)
        await self.ground.delete_topics(self.namespace)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what every process of this stage is told."""
        return {
            **self.backstage.environment(),
            "NAMESPACE": self.namespace,
            "KAFKA_BOOTSTRAP": self.ground.kafka,
            "KAFKA_REPLICATION": str(self.ground.replication),
            **{database_name(each): self.ground.url(name, each) for each, name in self.databases.items()},
            **self.ground.settings,
            **more,
        }

    def web(self, service: str) -> ServiceProcess:
        return self.processes[f"{service} web"]

    def worker(self, service: str, number: int = 1) -> ServiceProcess:
        """Return a service's first worker, or another."""
        return self.processes[f"{service} worker" if number == 1 else f"{service} worker {number}"]

    def cast(self, name: str, **settings: str) -> ServiceProcess:
        """Make a process of the stage, not started yet: `booking worker`, or `booking worker 2` for a second one."""
        service, kind = name.split()[:2]
        process = ServiceProcess(
            self.backstage.nursery,
            service,
            kind,
            environment=self.environment(**settings),
            without=self.without,
            log=self.folder / f"{name.replace(' ', '-')}.log",
        )
        self.processes[name] = process
        return process

    async def start(self, *names: str, die_at: Mapping[str, str] | None = None) -> None:
        """Start processes, by default the whole cast, at once, and return when all are ready."""
        chosen = [self.processes.get(name) or self.cast(name) for name in names or CAST]
        for name, process in zip(names or CAST, chosen, strict=True):
            process.begin((die_at or {}).get(name))
        await asyncio.gather(*(process.ready() for process in chosen))

    @asynccontextmanager
    async def load(self, random: Random, size: Size) -> AsyncIterator[Load]:
        """Send commands until the block has ended and `size.commands` are answered."""
        load = Load(
            self.ledger,
            random,
            size,
            booking=self.web("booking").url,
            procurement=self.web("procurement").url,
            tokens=await self.backstage.tokens(),
            now=self.backstage.now,
        )
        async with load.going_on():
            yield load

    async def newest_in_outbox(self, service: str) -> int:
        """Return the number of the last row that waits to be published, 0 where none does."""
        return await self._of_outbox(service, "max")

    async def oldest_in_outbox(self, service: str) -> int:
        """Return the number of the first row that waits; beyond any number where none does."""
        return await self._of_outbox(service, "min") or sys.maxsize

    async def _of_outbox(self, service: str, which: str) -> int:
        connection = await asyncpg.connect(self.sources.databases[service])
        try:
            return int(await connection.fetchval(f"SELECT coalesce({which}(id), 0) FROM outbox"))  # noqa: S608 - ours
        finally:
            await connection.close()

    @property
    def sources(self) -> Sources:
        """Where the checker looks; never through a proxy."""
        return Sources(
            ledger=self.ledger.path,
            databases={each: self.ground.url(name, each, direct=True) for each, name in self.databases.items()},
            kafka=self.ground.kafka_direct,
            namespace=self.namespace,
            sent=f"{self.backstage.origin}/sent/emails",
            sent_after=self.sent_before,
        )

    async def settle(self, seconds: float | None = None) -> float | None:
        """Wait until nothing is on its way any more; None when that did not happen in time: the checker will see."""
        began = time.monotonic()
        done = await settled(self.sources, seconds or self.settle_seconds)
        return time.monotonic() - began if done else None

    async def check(self) -> Report:
        """Let the checker compare what was acknowledged with what there is."""
        return await checker.check(self.sources, allowed=self.allowed)
