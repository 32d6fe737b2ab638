"""The loop that sends: the one place of this service that commits, because an attempt must be kept before it is made.

Several workers may run it: a row is taken by one of them only. What takes its provider long holds up nothing else.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import stamina
import structlog

from services.notification.channels.channel import Channel
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from services.notification.notifications.sending import Desk, Due, Prepared, find_due, prepare, settle
from shared.db import Database
from shared.kernel.clock import Clock
from shared.log import current_traceparent
from shared.messaging.failures import cause_of, is_transient
from shared.messaging.worker import Running
from shared.metrics import SENDINGS
from shared.tracing import Kind, span

_SHORTEST_IDLE_SECONDS, _IDLE_SECONDS = 0.01, 0.5
_BATCH = 50
_MOST_UNDER_WAY = 100
_LEFT_ALONE_SECONDS = 30.0
_SETTLING_TRIES = 8  # what is known must not be lost because the database was away for a moment
_log = structlog.get_logger(__name__)


class Sender:
    """Sends what is due over the channels that it was given."""

    def __init__(
        self, database: Database, clock: Clock, desk: Desk, channels: Mapping[ChannelName, Channel], *, at_once: int = 8
    ) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._channels = channels
        self._places = asyncio.Semaphore(at_once)
        self._left_alone: dict[UUID, float] = {}
        self._under_way: dict[UUID, asyncio.Task[bool]] = {}

    async def run(self, running: Running) -> None:
        """Send until the worker stops."""
        idle = _SHORTEST_IDLE_SECONDS
        try:
            while not running.stopping.is_set():
                running.committed.clear()
                if await self._begin_due(running.wake_relay):
                    idle = _SHORTEST_IDLE_SECONDS  # more is soon to come: what one event causes comes in parts
                await running.until_committed(idle)
                idle = min(idle * 1.3, _IDLE_SECONDS)
        except asyncio.CancelledError:
            for task in self._under_way.values():
                task.cancel()
            raise
        finally:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _begin_due(self, on_sent: Callable[[], None]) -> int:
        """Begin with what is due and not under way, as far as there is room; return how many."""
        found = [due for due in await self._due() if due.id not in self._under_way]
        for due in found[: _MOST_UNDER_WAY - len(self._under_way)]:
            self._under_way[due.id] = task = asyncio.create_task(self._take_up(due))
            task.add_done_callback(partial(self._ended, due.id, on_sent))
        return len(found)

    def _ended(self, notification_id: UUID, on_sent: Callable[[], None], task: "asyncio.Task[bool]") -> None:
        del self._under_way[notification_id]
        if not task.cancelled() and task.result():
            on_sent()

    async def send_due(self) -> int:
        """Take up everything that is due now, once; return how many were decided about."""
        return sum(await asyncio.gather(*(self._take_up(due) for due in await self._due())))

    async def _due(self) -> list[Due]:
        left_alone = self._still_left_alone()
        limit = _BATCH + len(left_alone) + len(self._under_way)
        async with self._database.sessions() as session:
            found = await find_due(session, self._clock.now(), limit)
        return [due for due in found if due.id not in left_alone]

    def _still_left_alone(self) -> set[UUID]:
        """Return what failed by a fault of ours a short while ago: it must not be tried without a pause."""
        now = time.monotonic()
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > now}
        return set(self._left_alone)

    async def _take_up(self, due: Due) -> bool:
        attributes = {"kurslots.notification.id": str(due.id)}
        async with self._places:
            with span("take up notification", under=due.traceparent, attributes=attributes) as work:
                try:
                    await self._send(due.id)
                except Exception as error:  # noqa: BLE001 - one notification must not hold up the others
                    work.fail(type(error).__name__)
                    tell = _log.warning if is_transient(error) else _log.error
                    tell("notification_left_alone", notification=str(due.id), cause=cause_of(error))
                    self._left_alone[due.id] = time.monotonic() + _LEFT_ALONE_SECONDS
                    return False
                return True

    async def _send(self, notification_id: UUID) -> None:
        async with self._database.sessions() as session:
            prepared = await prepare(session, self._clock, self._desk, notification_id)
            await session.commit()
        if prepared is not None:
            await self._call(prepared)

    async def _call(self, prepared: Prepared) -> None:
        """Call the provider with no transaction held, then record what came of it."""
        outcome = await self._handed_over(prepared)
        SENDINGS.labels(prepared.channel.value, outcome.result.value).inc()
        _log.info(
            "sent" if outcome.provider_id or outcome.cause is None else "not_sent",
            notification=str(prepared.notification_id),
            channel=prepared.channel.value,
            result=outcome.result.value,
            cause=outcome.cause,
        )
        async for attempt in stamina.retry_context(on=is_transient, attempts=_SETTLING_TRIES, timeout=None):
            with attempt:
                async with self._database.sessions() as session:
                    await settle(session, self._clock, self._desk, prepared, outcome)
                    await session.commit()

    async def _handed_over(self, prepared: Prepared) -> Outcome:
        name = prepared.channel.value
        with span(f"hand over {name}", Kind.CLIENT, under=current_traceparent()) as work:
            outcome = await self._channels[prepared.channel].send(prepared.sending)
            work.note({"kurslots.channel": name, "kurslots.result": outcome.result.value})
            if outcome.result is not Result.ACCEPTED:
                work.fail(outcome.cause or outcome.result.value)
        return outcome
