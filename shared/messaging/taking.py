"""How a batch of messages is taken: in one transaction, or message by message once that has failed.

Transient failures count against no message. A message that fails by itself a few times is set aside; when too many
die, the whole consumer stops: a bad deploy must not set a whole topic aside.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import metrics
from shared.db import Database
from shared.kernel.clock import Clock
from shared.messaging.deaths import DeathCap, LivesIn
from shared.messaging.failures import cause_of, is_transient, stack_of
from shared.messaging.messages import Incoming, Reading
from shared.messaging.parking import SetAside
from shared.messaging.reactions import NotYetKnown

log = structlog.get_logger(__name__)
_TAKEN_UP = (Reading.MESSAGE, Reading.GRAVE, Reading.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a consumer is."""

    tries: int = 3
    pause_seconds: float = 0.05
    deaths: int = 20
    deaths_of: int = 100
    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 5.0
    wait_limit_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Taken:
    """How many messages, from the first, are done with for good, and what keeps the next one from being taken."""

    done: int
    error: Exception | None = None


class Taker(ABC):
    """Takes batches for one consumer of a service."""

    consumer: ClassVar[str]
    lives_in: ClassVar[LivesIn]

    def __init__(self, service: str, database: Database, clock: Clock, *, limits: Limits | None = None) -> None:
        self.service = service
        self.database = database
        self.clock = clock
        self.limits = limits or Limits()
        self.cap = DeathCap(self.consumer, self.lives_in, most=self.limits.deaths, out_of=self.limits.deaths_of)

    @abstractmethod
    async def apply(self, session: AsyncSession, messages: Sequence[Incoming]) -> Sequence[Incoming]:
        """Do what the messages cause, in this transaction; return those that took effect now. Raises what goes wrong.

        What had taken effect before, and what waits behind a dead letter, is done with and not among them.
        """

    @abstractmethod
    async def apply_again(self, session: AsyncSession, incoming: Incoming) -> None:
        """Do what a message causes that was set aside, in this transaction."""

    @abstractmethod
    async def put_aside(self, session: AsyncSession, incoming: Incoming, why: SetAside) -> bool:
        """Set one message aside, in this transaction; False where that, or its effect, was done before."""

    async def take(self, messages: Sequence[Incoming]) -> Taken:
        """Take a batch. Failures are dealt with, or given back: transient ones, and TooManyDeaths."""
        self._raise_alarms(messages)
        wanted = [incoming for incoming in messages if incoming.reading in _TAKEN_UP]
        if not wanted:
            return Taken(len(messages))
        try:
            await self.cap.load_once(self.database)
        except Exception as error:  # noqa: BLE001 - the database is away: nothing can be taken
            return Taken(0, error)
        if len(wanted) > 1 and all(incoming.reading is not Reading.UNREADABLE for incoming in wanted):
            try:
                await self.in_one_transaction(wanted)
            except Exception as error:  # noqa: BLE001 - sorted into "not now" and "not together"
                if is_transient(error):
                    return Taken(0, error)
                metrics.CONSUMER_RETRIES.labels(self.service, "batch").inc()
                log.info("batch_failed", messages=len(wanted), cause=cause_of(error))
            else:
                return Taken(len(messages))
        return await self._one_by_one(messages)

    async def may_go_on(self) -> bool:
        """Whether a consumer that stopped for its deaths may take messages again: an operator has settled some."""
        await self.cap.load(self.database)
        return not self.cap.is_reached

    async def _one_by_one(self, messages: Sequence[Incoming]) -> Taken:
        for index, incoming in enumerate(messages):
            if incoming.reading not in _TAKEN_UP:
                continue
            try:
                await self._take_one(incoming)
            except Exception as error:  # noqa: BLE001 - whatever is left after parking is not the message's fault
                return Taken(index, error)
        return Taken(len(messages))

    async def _take_one(self, incoming: Incoming) -> None:
        why = await self._reason_to_set_aside(incoming)
        if why is None:
            return
        if why.standing == "failed":
            self.cap.check()
        async with self.database.sessions() as session, session.begin():
            is_aside = await self.put_aside(session, incoming, why)
        if not is_aside:
            metrics.CONSUMER_REPEATED.labels(self.service).inc()
            return
        if why.standing == "failed":
            self.cap.died()
        log.warning(
            "message_set_aside",
            standing=why.standing,
            message_id=str(incoming.message_id),
            type=incoming.type_name,
            topic=incoming.record.topic,
            partition=incoming.record.partition,
            offset=incoming.record.offset,
            cause=why.cause,
        )

    async def _reason_to_set_aside(self, incoming: Incoming) -> SetAside | None:
        if incoming.reading is Reading.UNREADABLE:
            return SetAside("failed", incoming.cause)
        tries = 0
        while True:
            try:
                await self.in_one_transaction([incoming])
            except NotYetKnown as error:
                return SetAside("waiting", str(error), tries=1, retry_seconds=self.limits.first_wait_seconds)
            except Exception as error:
                if is_transient(error):
                    raise
                tries += 1
                metrics.CONSUMER_RETRIES.labels(self.service, "message").inc()
                if tries >= self.limits.tries:
                    return SetAside("failed", cause_of(error), stack_of(error), tries)
                await asyncio.sleep(self.limits.pause_seconds * tries)
            else:
                return None

    async def in_one_transaction(self, messages: Sequence[Incoming]) -> None:
        """Apply messages and commit, all or none. Raises whatever goes wrong."""
        async with self.database.sessions() as session, session.begin():
            applied = await self.apply(session, messages)
        self.cap.lived(len(applied))
        for incoming in applied:
            metrics.CONSUMER_APPLIED.labels(self.service, incoming.type_name).inc()
        if repeated := len(messages) - len(applied):
            metrics.CONSUMER_REPEATED.labels(self.service).inc(repeated)

    def _raise_alarms(self, messages: Sequence[Incoming]) -> None:
        for incoming in messages:
            if incoming.reading is Reading.UNKNOWN:
                metrics.CONSUMER_UNKNOWN.labels(self.service, incoming.record.topic).inc()
                log.error(
                    "unknown_type",
                    type=incoming.type_name[:100],
                    topic=incoming.record.topic,
                    message_id=str(incoming.message_id),
                )
