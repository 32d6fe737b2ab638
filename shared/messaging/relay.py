"""Publishing the outbox: one active relay for each shard of the keys, in the order of the ids of each key.

No transaction is open while Kafka is waited for, and no row leaves the outbox before Kafka has confirmed it and every
row of its key before it. A row that Kafka refuses for good stops its key, and an operator releases it.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from shared import metrics
from shared.contracts.envelope import Envelope
from shared.db import Database
from shared.messaging.failures import cause_of
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.sender import STALL_SECONDS, Parcel, Sender, Sent, is_refusal
from shared.messaging.shard_lock import IDLE_SECONDS, ShardLock, lock_id
from shared.messaging.traces import sending

log = structlog.get_logger(__name__)

WINDOW = 500
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1
_SHORTEST_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 2.0
_REFUSALS_TO_STOP = 2

# What is on its way is left out by name. To read on from its last id would be wrong: a row with a lower id may have
# been committed since, with another of its key after it.
_SELECT = """
    SELECT id, event_id, topic, key, type, version, at, traceparent, payload
      FROM outbox
     WHERE id NOT IN (SELECT unnest($1::bigint[]))
       AND slot % $2 = $3
       AND NOT EXISTS (SELECT FROM stopped_keys AS stopped
                        WHERE stopped.topic = outbox.topic AND stopped.key = outbox.key)
     ORDER BY id
     LIMIT $4
"""
# The planner cannot know how few rows these conditions leave out. Left alone it reads the whole outbox and sorts it for
# every window, and the longer Kafka was away the more that is: it must walk along the ids.
_WALK = "SET enable_sort = off"
_DELETE = "DELETE FROM outbox WHERE id = ANY ($1::bigint[])"
_STOP_KEY = """
    INSERT INTO stopped_keys (topic, key, outbox_id, cause)
    SELECT topic, key, id, $2 FROM outbox WHERE id = $1
    ON CONFLICT DO NOTHING
"""
Connection: TypeAlias = asyncpg.Connection


@dataclass(frozen=True, slots=True)
class RelayPlace:
    """Which part of which outbox a relay publishes, and to where."""

    service: str
    namespace: str
    kafka: KafkaConnection
    shard: int = 0
    shards: int = 1
    stall_seconds: float = STALL_SECONDS
    idle_seconds: float = IDLE_SECONDS

    def topic(self, name: str) -> str:
        """Return a topic's name in the namespace."""
        return f"{self.namespace}.{name}" if self.namespace else name


class Relay:
    """Publishes one shard of a service's outbox for as long as it holds the shard's lock."""

    def __init__(self, database: Database, place: RelayPlace) -> None:
        self.place = place
        self._database = database
        self._source = f"/{place.service}"
        number = lock_id(place.namespace, place.service, place.shard)
        self._lock = ShardLock(database.engine.url, number, idle_seconds=place.idle_seconds)
        self._sender = Sender(
            place.kafka,
            name=f"{place.topic(place.service)}.relay.{place.shard}",
            stall_seconds=place.stall_seconds,
        )
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self.is_active = False

    def wake(self) -> None:
        """Look at the outbox now: this process has just committed something."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until stopped; every failure is waited out."""
        try:
            await self._run()
        finally:
            await self._sender.stop()

    async def _run(self) -> None:
        back_off = _SHORTEST_BACK_OFF
        while not self._stopping.is_set():
            try:
                async with self._lock.held(unless=self._stopping) as is_ours:
                    if not is_ours:
                        return
                    self.is_active = True
                    log.info("relay_active", shard=self.place.shard)
                    back_off = _SHORTEST_BACK_OFF
                    await self._publish_while_held()
            except Exception as error:  # noqa: BLE001 - a relay outlives every failure: nobody else publishes its rows
                log.warning("relay_interrupted", shard=self.place.shard, cause=cause_of(error))
                await self._pause(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)
            finally:
                self.is_active = False

    def stop(self) -> None:
        """End after the window in hand."""
        self._stopping.set()
        self._wake.set()

    async def _publish_while_held(self) -> None:
        autocommit = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with autocommit.connect() as pooled:
            # asyncpg's own: what SQLAlchemy does with every row would take as long as sending it
            connection = (await pooled.get_raw_connection()).driver_connection
            assert connection is not None
            try:
                await connection.execute(_WALK)
                await self._publish_through(connection)
            finally:
                await pooled.invalidate()  # nobody else is to plan as it does

    async def _publish_through(self, connection: Connection) -> None:
        pause, back_off = _SHORTEST_PAUSE, _SHORTEST_BACK_OFF
        while not self._stopping.is_set():
            self._wake.clear()
            parcels = await self._window(connection)
            if not parcels:
                await self._pause(pause)
                pause = min(pause * 1.3, _LONGEST_PAUSE)
                continue
            pause = _SHORTEST_PAUSE
            if await self._publish_from(connection, parcels):
                back_off = _SHORTEST_BACK_OFF
            else:
                await self._pause(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)

    async def _publish_from(self, connection: Connection, parcels: Sequence[Parcel]) -> bool:
        """Publish this window and those after it, reading each while the one before is on its way.

        The next window is sent only when every row of the one before is confirmed, so that the order of a key holds.
        False where something is in the way that only time can clear.
        """
        confirmed: Sequence[Parcel] = ()
        while True:
            self._lock.check()
            metrics.RELAY_WINDOW_ROWS.labels(self.place.service).observe(len(parcels))
            is_last = len(parcels) < WINDOW or self._stopping.is_set()
            under_way = None if is_last else [parcel.id for parcel in parcels]
            clearing = asyncio.create_task(self._clear_and_read(connection, confirmed, under_way))
            try:
                sent = await self._publish(parcels)
            except BaseException:
                clearing.cancel()
                await asyncio.gather(clearing, return_exceptions=True)
                raise
            following = await clearing
            confirmed = () if sent is None else sent.confirmed
            if sent is None or sent.failed or not following or self._stopping.is_set():
                await self._delete(connection, confirmed)
                return sent is not None and await self._after(connection, sent)
            parcels = following

    async def _clear_and_read(
        self, connection: Connection, confirmed: Sequence[Parcel], under_way: Sequence[int] | None
    ) -> list[Parcel]:
        await self._delete(connection, confirmed)
        return [] if under_way is None else await self._window(connection, under_way)

    async def _window(self, connection: Connection, under_way: Sequence[int] = ()) -> list[Parcel]:
        rows = await connection.fetch(_SELECT, under_way, self.place.shards, self.place.shard, WINDOW)
        return [self._parcel(*row) for row in rows]

    def _parcel(  # noqa: PLR0913, PLR0917 - the columns of the statement above
        self,
        number: int,
        event_id: UUID,
        topic: str,
        key: UUID,
        kind: str,
        version: int,
        at: datetime,
        traceparent: str | None,
        payload: bytes | None,
    ) -> Parcel:
        envelope = Envelope(event_id, kind, self._source, key, at, version, traceparent)
        return Parcel(number, self.place.topic(topic), str(key).encode(), payload, envelope.headers())

    async def _publish(self, parcels: Sequence[Parcel]) -> Sent | None:
        """Publish a window; None where Kafka is away."""
        try:
            with sending(self.place.service, parcels):
                return await self._sender.send(parcels)
        except (KafkaError, OSError, TimeoutError) as error:
            self._note_failures([error])
            return None

    async def _after(self, connection: Connection, sent: Sent) -> bool:
        """Do what is left to do with rows that failed. False where only time can help."""
        if not sent.failed:
            return True
        self._note_failures([failure for _, failure in sent.failed])
        refused = [parcel for parcel, failure in sent.failed if is_refusal(failure)]
        return await self._try_alone(connection, refused) if refused else False

    async def _try_alone(self, connection: Connection, suspects: Sequence[Parcel]) -> bool:
        """Send each suspect alone: a refusal hits the whole batch, so it does not say which row is meant."""
        for parcel in suspects:
            for attempt in range(1, _REFUSALS_TO_STOP + 1):
                self._lock.check()
                try:
                    sent = await self._sender.send([parcel])
                except (KafkaError, OSError, TimeoutError) as error:
                    self._note_failures([error])
                    return False
                await self._delete(connection, sent.confirmed)
                if not sent.failed:
                    break
                _, failure = sent.failed[0]
                self._note_failures([failure])
                if not is_refusal(failure):
                    return False
                if attempt == _REFUSALS_TO_STOP:
                    await self._stop_key(connection, parcel, failure)
        return True

    async def _stop_key(self, connection: Connection, parcel: Parcel, error: BaseException) -> None:
        await connection.execute(_STOP_KEY, parcel.id, type(error).__name__)
        log.error(
            "key_stopped",
            topic=parcel.topic,
            key=parcel.key.decode(),
            outbox_id=parcel.id,
            cause=type(error).__name__,
        )

    async def _delete(self, connection: Connection, confirmed: Sequence[Parcel]) -> None:
        if not confirmed:
            return
        await connection.execute(_DELETE, [parcel.id for parcel in confirmed])
        for topic, count in Counter(parcel.topic for parcel in confirmed).items():
            metrics.RELAY_PUBLISHED.labels(self.place.service, topic).inc(count)

    def _note_failures(self, failures: Sequence[BaseException]) -> None:
        for cause, count in Counter(type(failure).__name__ for failure in failures).items():
            metrics.RELAY_FAILURES.labels(self.place.service, cause).inc(count)
            log.warning("not_published", shard=self.place.shard, cause=cause, keys=count)

    async def _pause(self, seconds: float) -> None:
        if self._stopping.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
