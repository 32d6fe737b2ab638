"""A service's worker: consumers, relay, retries, timers and the service's own tasks in one process.

It starts with Kafka or PostgreSQL away and works when they are there. It stops in order: consumers finish the batch in
hand, the relay its window, and then connections are closed. What is left waits in the outbox.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog
from faststream.asgi import AsgiFastStream

from shared.db import Database, open_database
from shared.kernel.clock import Clock
from shared.messaging.broker import PatientBroker
from shared.messaging.calm import calm_aiokafka
from shared.messaging.consumer import GroupConsumer
from shared.messaging.copies import COPIES, CopyKeeper
from shared.messaging.effects import EFFECTS, Effects
from shared.messaging.failures import cause_of
from shared.messaging.halts import note_halts
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.probes import probes
from shared.messaging.purge import purge
from shared.messaging.reactions import Copies, Reactions, StateSource, Timers
from shared.messaging.relay import Relay, RelayPlace
from shared.messaging.republish import check_sources
from shared.messaging.retries import Retries
from shared.messaging.state import LateTimers, read_state, show, show_parts
from shared.messaging.taking import Limits, Taker
from shared.messaging.timers import TimerRunner
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

_RETRIES_SECONDS = 0.25
_TIMERS_SECONDS = 0.5  # business time may be stepped: a timer is at most a second late
_GAUGES_SECONDS = 5.0
_PURGE_SECONDS = 300.0
_AFTER_FAILURE_SECONDS = 1.0
_STOP_SECONDS = 10.0


@dataclass(slots=True)
class Running:
    """What a service's own task works with. It returns soon after `stopping` is set."""

    settings: ServiceSettings
    database: Database
    clock: Clock
    stopping: asyncio.Event
    wake_relay: Callable[[], None]
    committed: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the worker runs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    async def until_committed(self, seconds: float) -> None:
        """Wait until a consumer of this worker has committed something; not longer than so, or than the worker runs.

        Clear `committed` before looking at what it may be about.
        """
        if not self.stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.committed.wait()

    def after_batch(self) -> None:
        """Tell whoever waits in this worker that a consumer has committed a batch."""
        self.committed.set()
        self.wake_relay()

    def stop(self) -> None:
        """Let everything that waits return."""
        self.stopping.set()
        self.committed.set()


ExtraTask = Callable[[Running], Awaitable[None]]
Purge = Callable[[Database], Awaitable[int]]


@dataclass(slots=True)
class Worker:
    """The parts of a running worker, for probes and tests."""

    service: str
    settings: ServiceSettings
    database: Database
    broker: PatientBroker
    consumers: list[GroupConsumer]
    relays: list[Relay]
    retries: Retries
    timers: TimerRunner
    running: Running
    extra_tasks: Sequence[ExtraTask] = field(default_factory=list)
    purges: Sequence[Purge] = (purge,)
    late_timers: LateTimers = field(default_factory=LateTimers)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run everything but the consumers, which FastStream starts after and stops before."""
        tasks = [
            *(asyncio.create_task(relay.run(), name=f"relay {relay.place.shard}") for relay in self.relays),
            self._repeat("retries", self.retries.run_due, _RETRIES_SECONDS),
            self._repeat("timers", self.timers.run_due, _TIMERS_SECONDS),
            self._repeat("gauges", self._show_state, _GAUGES_SECONDS),
            self._repeat("purge", self._purge, _PURGE_SECONDS),
            *(self._supervise(extra) for extra in self.extra_tasks),
        ]
        try:
            yield
        finally:
            self.running.stop()
            for relay in self.relays:
                relay.stop()
            _, late = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
            for task in late:
                log.warning("task_cancelled", task=task.get_name())
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.database.close()

    def stop_consumers_soon(self) -> None:
        """End back-offs: the worker is about to stop."""
        for consumer in self.consumers:
            consumer.stop_soon()

    def _repeat(self, name: str, turn: Callable[[], Awaitable[int]], idle_seconds: float) -> "asyncio.Task[None]":
        async def forever() -> None:
            while not self.running.stopping.is_set():
                try:
                    did = await turn()
                except Exception as error:  # noqa: BLE001 - a loop of the worker outlives every failure
                    log.warning("turn_failed", task=name, cause=cause_of(error))
                    await self.running.pause(_AFTER_FAILURE_SECONDS)
                    continue
                if did:
                    self.running.wake_relay()
                await self.running.pause(0 if did else idle_seconds)

        return asyncio.create_task(forever(), name=name)

    def _supervise(self, extra: ExtraTask) -> "asyncio.Task[None]":
        name = getattr(extra, "__name__", "task")

        async def forever() -> None:
            while not self.running.stopping.is_set():
                try:
                    await extra(self.running)
                except Exception as error:  # noqa: BLE001 - as above
                    log.warning("task_failed", task=name, cause=cause_of(error))
                await self.running.pause(_AFTER_FAILURE_SECONDS)

        return asyncio.create_task(forever(), name=name)

    async def _show_state(self) -> int:
        show_parts(self.service, self.relays, self.consumers)
        await note_halts(self.database, self.consumers)
        show(self.service, await read_state(self.database, shards=self.settings.relay_shards))
        await self.late_timers.look(self.service, self.timers)
        return 0

    async def _purge(self) -> int:
        for forget in self.purges:
            await forget(self.database)
        return 0


def make_worker(
    *,
    service: str,
    settings: ServiceSettings,
    reactions: Reactions,
    copies: Copies,
    timers: Timers,
    extra_tasks: Sequence[ExtraTask] = (),
    purges: Sequence[Purge] = (),
    limits: Limits | None = None,
) -> Worker:
    """Return the parts of a worker, connected to one another and to nothing yet."""
    calm_aiokafka()
    reactions.check_complete()
    copies.check_complete()
    database = open_database(settings.database_url.get_secret_value(), name=f"kurslots {service} worker")
    clock = settings.make_clock()
    effects = Effects(reactions, database, clock, limits=limits)
    keeper = CopyKeeper(copies, database, clock, limits=limits)
    kafka = KafkaConnection.of(settings)
    relays = [
        Relay(database, RelayPlace(service, settings.namespace, kafka, shard, settings.relay_shards))
        for shard in range(settings.relay_shards)
    ]

    def wake_relays() -> None:
        for relay in relays:
            relay.wake()

    running = Running(settings, database, clock, asyncio.Event(), wake_relays)
    broker = PatientBroker(kafka, client_id=settings.topic(f"{service}.worker"))
    takers: dict[str, Taker] = {EFFECTS: effects, COPIES: keeper}
    consumers = [
        GroupConsumer(
            broker,
            group=settings.topic(f"{service}.{name}"),
            topics={settings.topic(topic.name): topic for topic in topics},
            taker=takers[name],
            ignored=reactions.ignored,
            after_batch=running.after_batch,
        )
        for name, topics in ((EFFECTS, reactions.topics), (COPIES, copies.topics))
        if topics
    ]
    return Worker(
        service=service,
        settings=settings,
        database=database,
        broker=broker,
        consumers=consumers,
        relays=relays,
        retries=Retries(database, takers, reactions.ignored),
        timers=TimerRunner(timers, database, clock),
        running=running,
        extra_tasks=extra_tasks,
        purges=(purge, *purges),
    )


def build_worker(
    *,
    service: str,
    settings: ServiceSettings,
    reactions: Reactions,
    copies: Copies,
    timers: Timers,
    states: Sequence[StateSource] = (),
    extra_tasks: Sequence[ExtraTask] = (),
    purges: Sequence[Purge] = (),
) -> AsgiFastStream:
    """Return a service's worker as an ASGI application with `/health`, `/ready` and `/metrics`.

    `purges` forget what is the service's own by age, beside what messaging forgets. `states` must cover every state
    topic that the service owns. An extra task is called with `Running` and is started again a second after it returns
    or fails. Raises TypeError where the lists are not complete.
    """
    check_sources(service, states)
    worker = make_worker(
        service=service,
        settings=settings,
        reactions=reactions,
        copies=copies,
        timers=timers,
        extra_tasks=extra_tasks,
        purges=purges,
    )
    return AsgiFastStream(
        worker.broker,
        asgi_routes=probes(worker),
        logger=logging.getLogger("faststream.worker"),
        lifespan=worker.lifespan,
        on_shutdown=[worker.stop_consumers_soon],
    )
