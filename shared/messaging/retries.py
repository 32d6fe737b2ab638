"""Trying again what was set aside: by itself while a reference is waited for, and when an operator asks.

One message of a key at a time, in order, each settled in the transaction of its effects. Any worker may do it.
"""

from collections.abc import Collection, Mapping

import structlog
from sqlalchemy import text

from shared.contracts.facts import Message
from shared.contracts.topics import TOPICS
from shared.db import Database
from shared.messaging import parking
from shared.messaging.failures import cause_of, is_transient, stack_of
from shared.messaging.messages import Incoming, Reading, read_record
from shared.messaging.parking import Letter, SetAside
from shared.messaging.reactions import NotYetKnown
from shared.messaging.taking import Taker

log = structlog.get_logger(__name__)

_TOPIC_BY_NAME = {topic.name: topic for topic in TOPICS}

_DUE = text("""
    SELECT consumer, topic, key
      FROM dead_letters
     WHERE retry_at <= clock_timestamp() AND settled_at IS NULL
     ORDER BY retry_at
     LIMIT 50
""")


class StillUnreadable(Exception):  # noqa: N818 - named for what is wrong
    """The message cannot be read by this version either; the argument says why."""


class Retries:
    """Tries again for one service. `takers` by consumer name."""

    def __init__(
        self, database: Database, takers: Mapping[str, Taker], ignored: Collection[type[Message]] = ()
    ) -> None:
        self._database = database
        self._takers = takers
        self._ignored = ignored

    async def run_due(self) -> int:
        """Try every message whose time has come; return how many were settled."""
        async with self._database.sessions() as session:
            due = (await (await session.connection()).execute(_DUE)).all()
        return sum([await self.run_key(row.consumer, row.topic, row.key) for row in due])

    async def run_key(self, consumer: str, topic: str, key: str) -> int:
        """Settle the messages of a key in order, until one fails again; return how many were settled."""
        settled = 0
        while await self._settle_first(self._takers[consumer], consumer, topic, key):
            settled += 1
        return settled

    async def _settle_first(self, taker: Taker, consumer: str, topic: str, key: str) -> bool:
        letter: Letter | None = None
        try:
            async with self._database.sessions() as session, session.begin():
                letter = await parking.next_due(session, consumer, topic, key)
                if letter is None:
                    return False
                incoming = read_record(letter.record, _TOPIC_BY_NAME[topic], ignored=self._ignored)
                if incoming.reading in (Reading.UNREADABLE, Reading.UNKNOWN):
                    raise StillUnreadable(incoming.cause)  # noqa: TRY301 - it must end the transaction
                if incoming.reading is not Reading.IGNORED:
                    await taker.apply_again(session, incoming)
                await parking.settle(session, consumer, letter, outcome="replayed")
        except Exception as error:
            if is_transient(error):
                return False
            if letter is None:
                raise
            await self._note_failure(taker, consumer, letter, error)
            return False
        self._tell(incoming, letter)
        return True

    async def _note_failure(self, taker: Taker, consumer: str, tried: Letter, error: Exception) -> None:
        """Note it on the message that was tried, unless somebody has settled it or asked for it again meanwhile."""
        topic = tried.record.topic
        async with self._database.sessions() as session, session.begin():
            letter = await parking.find_open(session, consumer, topic, tried.key, tried.id)
            if letter is None or letter.retry_at != tried.retry_at:
                return
            why = self._why(taker, letter, error)
            await parking.fail_again(session, letter, why)
        if why.standing == "failed":
            log.error("message_failed_again", message_id=str(letter.message_id), topic=topic, cause=why.cause)

    def _why(self, taker: Taker, letter: Letter, error: Exception) -> SetAside:
        limits = taker.limits
        if isinstance(error, NotYetKnown) and letter.age_seconds < limits.wait_limit_seconds:
            wait = min(limits.first_wait_seconds * 2 ** min(letter.tries, 20), limits.longest_wait_seconds)
            return SetAside("waiting", str(error), retry_seconds=wait)
        if isinstance(error, NotYetKnown | StillUnreadable):
            return SetAside("failed", str(error))
        return SetAside("failed", cause_of(error), stack_of(error))

    def _tell(self, incoming: Incoming, letter: Letter) -> None:
        log.info(
            "message_settled",
            message_id=str(letter.message_id),
            type=incoming.type_name,
            topic=letter.record.topic,
            standing=letter.standing,
        )
