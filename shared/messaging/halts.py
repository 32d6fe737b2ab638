"""Which consumers have stopped because too many messages died, noted where an operator's page can read it.

Only the worker itself knows that it has stopped; it says so again and again, and what it has not said lately is over.
"""

import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Database

if TYPE_CHECKING:
    from shared.messaging.consumer import GroupConsumer  # a web process reads this module and never touches Kafka

STALE_SECONDS: Final = 30  # six times as long as a worker waits before it says so again

_NOTE = text("""
    INSERT INTO halted_consumers (worker, consumer, cause) VALUES (:worker, :consumer, :cause)
    ON CONFLICT (worker, consumer) DO UPDATE SET cause = excluded.cause, noted_at = clock_timestamp()
""")
_FORGET = text("""
    DELETE FROM halted_consumers WHERE worker = :worker AND NOT (consumer = ANY(CAST(:halted AS text[])))
""")
_LIST = text(f"""
    SELECT consumer, cause, min(noted_at) AS noted_at, count(*) AS workers
      FROM halted_consumers
     WHERE noted_at > clock_timestamp() - interval '{STALE_SECONDS} seconds'
     GROUP BY consumer, cause
     ORDER BY consumer, cause
""")  # noqa: S608 - the only thing put in is our own number


@dataclass(frozen=True, slots=True)
class Halt:
    """A consumer that takes nothing up until its fault is mended."""

    consumer: str
    cause: str
    noted_at: datetime
    workers: int


async def note_halts(database: Database, consumers: "Iterable[GroupConsumer]") -> None:
    """Say which of this worker's consumers have stopped. Nothing is written while none has, and none had."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    halted = {each.group: each.halted_because for each in consumers if each.halted_because is not None}
    async with database.engine.begin() as connection:
        await connection.execute(_FORGET, {"worker": worker, "halted": list(halted)})
        for consumer, cause in sorted(halted.items()):
            await connection.execute(_NOTE, {"worker": worker, "consumer": consumer, "cause": cause[:500]})


async def list_halts(session: AsyncSession) -> Sequence[Halt]:
    """Return the consumers that a worker has lately said to have stopped."""
    rows = await (await session.connection()).execute(_LIST)
    return [Halt(**row) for row in rows.mappings()]
