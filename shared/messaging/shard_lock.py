"""At most one relay works on a shard: a PostgreSQL session lock that a stopped or cut-off process loses by itself.

The server ends a session that is idle for longer than `idle_session_timeout`; the heartbeat comes three times within
it. Without that, a process that is stopped (SIGSTOP, a sleeping machine) would keep its lock for ever.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog
from sqlalchemy import URL

from shared.db import connect_alone
from shared.messaging.failures import cause_of

log = structlog.get_logger(__name__)

IDLE_SECONDS = 9.0
_TRY_EVERY_SECONDS = 1.0


class LockLost(Exception):  # noqa: N818 - named for what happened
    """The shard may be another relay's by now."""


def lock_id(namespace: str, service: str, shard: int) -> int:
    """Return the advisory lock of a shard: the same 64 bits in every process."""
    digest = hashlib.blake2b(f"kurslots relay/{namespace}/{service}/{shard}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


class ShardLock:
    """The lock of one shard, on a connection of its own."""

    def __init__(self, url: URL, number: int, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._url = url
        self._number = number
        self._idle_seconds = idle_seconds
        self._last_heard = 0.0

    @asynccontextmanager
    async def held(self, *, unless: asyncio.Event | None = None) -> AsyncIterator[bool]:
        """Wait until the lock is ours, and keep it. Gives False where `unless` was set before that."""
        connection = await connect_alone(
            self._url,
            timeout=self._idle_seconds,
            command_timeout=self._idle_seconds / 3,
            server_settings={
                "application_name": "kurslots relay lock",
                "idle_session_timeout": str(int(self._idle_seconds * 1000)),
            },
        )
        try:
            unless = unless or asyncio.Event()
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", self._number):
                if await _is_set_within(unless, min(_TRY_EVERY_SECONDS, self._idle_seconds / 4)):  # held elsewhere
                    yield False
                    return
            self._last_heard = time.monotonic()
            heart = asyncio.create_task(self._beat(connection))
            try:
                yield True
            finally:
                heart.cancel()
                await asyncio.wait([heart])
        finally:
            self._last_heard = 0.0
            connection.terminate()

    def check(self) -> None:
        """Raise LockLost where the server may have given the lock to another."""
        if time.monotonic() - self._last_heard > self._idle_seconds * 0.8:
            raise LockLost

    async def _beat(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            while True:
                await asyncio.sleep(self._idle_seconds / 3)
                asked = time.monotonic()
                await connection.fetchval("SELECT 1")
                self._last_heard = asked
        except Exception as error:  # noqa: BLE001 - whatever it is, the lock can no longer be relied on
            log.warning("heartbeat_failed", cause=cause_of(error))
            self._last_heard = 0.0


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
