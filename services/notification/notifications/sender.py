"""The loop that sends: the one place of this service that commits, because an attempt must be kept before it is made.

Several workers may run it: a row is taken by one of them only. What takes its provider long holds up nothing else, and
no more is taken than can be handed over at once: what waits, waits as due, and not as on its way.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import stamina
import structlog

from services.notification.channels.channel import Channel
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from services.notification.notifications.desk import Desk, Prepared
from services.notification.notifications.preparing import find_due, prepare
from services.notification.notifications.settling import settle
from shared.db import Database
from shared.kernel.clock import Clock
from shared.log import current_traceparent
from shared.messaging.failures import cause_of, is_transient
from shared.messaging.worker import Running
from shared.metrics import SENDINGS
from shared.tracing import Kind, span

_SHORTEST_IDLE_SECONDS, _IDLE_SECONDS = 0.01, 0.5
_MOST_DUE = 50
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
        self._at_once = at_once
        self._left_alone: dict[UUID, float] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self, running: Running) -> None:
        """Send until the worker stops."""
        idle = _SHORTEST_IDLE_SECONDS
        try:
            while not running.stopping.is_set():
                running.committed.clear()
                if await self._begin_due(running):
                    idle = _SHORTEST_IDLE_SECONDS  # more is soon to come: what one event causes comes in parts
                await running.until_committed(idle)
                idle = min(idle * 1.3, _IDLE_SECONDS)
        except asyncio.CancelledError:
            for call in self._calls:
                call.cancel()
            raise
        finally:
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def _begin_due(self, running: Running) -> bool:
        """Begin with what is due, as far as there is room; return whether anything was."""

        def ended(call: asyncio.Task[None]) -> None:
            self._calls.discard(call)
            running.after_batch()  # there is room again, and perhaps something to publish

        room = self._at_once - len(self._calls)
        due = await self._due(room) if room else []
        prepared = await self._take_up(due)
        for each in prepared:
            call = asyncio.create_task(self._call(each))
            self._calls.add(call)
            call.add_done_callback(ended)
        if len(prepared) < len(due):
            running.wake_relay()
        return bool(due)

    async def send_due(self) -> int:
        """Take up everything that is due now, once; return how much that was."""
        due = await self._due(_MOST_DUE)
        for start in range(0, len(due), self._at_once):
            await asyncio.gather(*map(self._call, await self._take_up(due[start : start + self._at_once])))
        return len(due)

    async def _due(self, limit: int) -> Sequence[UUID]:
        async with self._database.sessions() as session:
            return await find_due(session, self._clock.now(), limit, but=self._still_left_alone())

    async def _take_up(self, due: Sequence[UUID]) -> list[Prepared]:
        """Decide about what is due, together or, where that fails, one by one; return what is to be handed over now."""
        if not due:
            return []
        try:
            return await self._prepared(due)
        except Exception as error:  # noqa: BLE001 - one notification must not hold up the others
            if len(due) == 1:
                self._leave_alone(due[0], error)
                return []
        return [prepared for each in due for prepared in await self._take_up([each])]

    async def _prepared(self, ids: Collection[UUID]) -> list[Prepared]:
        async with self._database.sessions() as session:
            prepared = await prepare(session, self._clock, self._desk, ids)
            await session.commit()
        return prepared

    def _still_left_alone(self) -> set[UUID]:
        """Return what failed by a fault of ours a short while ago: it must not be tried without a pause."""
        now = time.monotonic()
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > now}
        return set(self._left_alone)

    def _leave_alone(self, notification_id: UUID, error: Exception) -> None:
        tell = _log.warning if is_transient(error) else _log.error
        tell("notification_left_alone", notification=str(notification_id), cause=cause_of(error))
        self._left_alone[notification_id] = time.monotonic() + _LEFT_ALONE_SECONDS

    async def _call(self, prepared: Prepared) -> None:
        """Call the provider with no transaction held, then record what came of it."""
        attributes = {"kurslots.notification.id": str(prepared.notification_id)}
        with span("take up notification", under=prepared.traceparent, attributes=attributes) as work:
            try:
                outcome = await self._handed_over(prepared)
                await self._settle(prepared, outcome)
            except Exception as error:  # noqa: BLE001 - one notification must not hold up the others
                work.fail(type(error).__name__)
                self._leave_alone(prepared.notification_id, error)

    async def _handed_over(self, prepared: Prepared) -> Outcome:
        name = prepared.channel.value
        with span(f"hand over {name}", Kind.CLIENT, under=current_traceparent()) as work:
            outcome = await self._channels[prepared.channel].send(prepared.sending)
            work.note({"kurslots.channel": name, "kurslots.result": outcome.result.value})
            if outcome.result is not Result.ACCEPTED:
                work.fail(outcome.cause or outcome.result.value)
        return outcome

    async def _settle(self, prepared: Prepared, outcome: Outcome) -> None:
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
