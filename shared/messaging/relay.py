"""Publishing the outbox: one active relay for each shard of the keys, in the order of the ids of each key.

No transaction is open while Kafka is waited for, and no row leaves the outbox before Kafka has confirmed it and every
row of its key before it. A row that Kafka refuses for good stops its key, and an operator releases it.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import metrics
from shared.contracts.envelope import Envelope
from shared.db import Database
from shared.messaging.failures import cause_of
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.sender import STALL_SECONDS, Parcel, Sender, is_refusal
from shared.messaging.shard_lock import IDLE_SECONDS, ShardLock, lock_id
from shared.messaging.tables import outbox
from shared.messaging.traces import sending
from shared.messaging.traces import sending

log = structlog.get_logger(__name__)

WINDOW = 500
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1
_SHORTEST_BACK_OFF, _LONGEST_BACK_OFF = 0.1, 2.0
_REFUSALS_TO_STOP = 2

_SELECT = text("""
    SELECT id, event_id, topic, key, type, version, at, traceparent, payload
      FROM outbox
     WHERE slot % :shards = :shard
       AND NOT EXISTS (SELECT FROM stopped_keys AS stopped
                        WHERE stopped.topic = outbox.topic AND stopped.key = outbox.key)
     ORDER BY id
     LIMIT :window
""")

_STOP_KEY = text("""
    INSERT INTO stopped_keys (topic, key, outbox_id, cause)
    SELECT topic, key, id, :cause FROM outbox WHERE id = :id
    ON CONFLICT DO NOTHING
""")


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
        async with autocommit.connect() as connection:
            pause, back_off = _SHORTEST_PAUSE, _SHORTEST_BACK_OFF
            while not self._stopping.is_set():
                self._lock.check()
                self._wake.clear()
                parcels = await self._window(connection)
                if not parcels:
                    await self._pause(pause)
                    pause = min(pause * 1.3, _LONGEST_PAUSE)
                    continue
                pause = _SHORTEST_PAUSE
                metrics.RELAY_WINDOW_ROWS.labels(self.place.service).observe(len(parcels))
                if await self._publish(connection, parcels):
                    back_off = _SHORTEST_BACK_OFF
                else:
                    await self._pause(back_off)
                    back_off = min(back_off * 2, _LONGEST_BACK_OFF)

    async def _window(self, connection: AsyncConnection) -> list[Parcel]:
        rows = await connection.execute(
            _SELECT, {"shards": self.place.shards, "shard": self.place.shard, "window": WINDOW}
        )
        return [self._parcel(row) for row in rows]

    def _parcel(self, row: Any) -> Parcel:  # noqa: ANN401 - a row of the statement above
        key: UUID = row.key
        envelope = Envelope(
            id=row.event_id,
            type=row.type,
            source=f"/{self.place.service}",
            subject=key,
            time=row.at,
            version=row.version,
            traceparent=row.traceparent,
        )
        return Parcel(row.id, self.place.topic(row.topic), str(key).encode(), row.payload, envelope.headers())

    async def _publish(self, connection: AsyncConnection, parcels: Sequence[Parcel]) -> bool:
        """Publish a window. False where something is in the way that only time can clear."""
        try:
            with sending(self.place.service, parcels):
                with sending(self.place.service, parcels):
                sent = await self._sender.send(parcels)
        except (KafkaError, OSError, TimeoutError) as error:
            self._note_failures([error])
            return False
        await self._delete(connection, sent.confirmed)
        if not sent.failed:
            return True
        self._note_failures([failure for _, failure in sent.failed])
        refused = [parcel for parcel, failure in sent.failed if is_refusal(failure)]
        return await self._try_alone(connection, refused) if refused else False

    async def _try_alone(self, connection: AsyncConnection, suspects: Sequence[Parcel]) -> bool:
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

    async def _stop_key(self, connection: AsyncConnection, parcel: Parcel, error: BaseException) -> None:
        await connection.execute(_STOP_KEY, {"id": parcel.id, "cause": type(error).__name__})
        log.error(
            "key_stopped",
            topic=parcel.topic,
            key=parcel.key.decode(),
            outbox_id=parcel.id,
            cause=type(error).__name__,
        )

    async def _delete(self, connection: AsyncConnection, confirmed: Sequence[Parcel]) -> None:
        if not confirmed:
            return
        await connection.execute(delete(outbox).where(outbox.c.id.in_([parcel.id for parcel in confirmed])))
        for topic in {parcel.topic for parcel in confirmed}:
            count = sum(parcel.topic == topic for parcel in confirmed)
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
