"""The cap on deaths: when too many of the last messages were set aside, the fault is not theirs.

What counts is read from the database when a consumer starts, so that a worker which is started again and again does
not set a topic aside bit by bit. A message that an operator has settled counts no longer.
"""

from collections import deque
from dataclasses import dataclass

from sqlalchemy import text

from shared.db import Database

_DEATHS = """
    SELECT parked_at AS at, true AS died
      FROM dead_letters
     WHERE consumer = :consumer AND standing = 'failed' AND settled_at IS NULL
     ORDER BY parked_at DESC LIMIT :most
"""
_LIVES_BY_INBOX = """
    SELECT seen_at AS at, false AS died
      FROM inbox
     WHERE consumer = :consumer AND seen_at > (SELECT min(at) FROM deaths)
       AND NOT EXISTS (SELECT FROM dead_letters AS letter
                        WHERE letter.consumer = inbox.consumer AND letter.message_id = inbox.message_id)
     ORDER BY seen_at DESC LIMIT :most
"""
_LIVES_BY_VERSIONS = """
    SELECT seen_at AS at, false AS died
      FROM copy_versions
     WHERE seen_at > (SELECT min(at) FROM deaths)
     ORDER BY seen_at DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class LivesIn:
    """Where a consumer's messages that took effect are noted."""

    lives: str


INBOX = LivesIn(_LIVES_BY_INBOX)
COPY_VERSIONS = LivesIn(_LIVES_BY_VERSIONS)


class TooManyDeaths(Exception):  # noqa: N818 - named for what is wrong
    """So many messages die one after another that the fault is not theirs."""


class DeathCap:
    """Counts how many of the last messages of a consumer died; `most` of the last `out_of` is too many."""

    def __init__(self, consumer: str, noted: LivesIn, *, most: int, out_of: int) -> None:
        self._consumer = consumer
        self._most = most
        self._last: deque[bool] = deque(maxlen=out_of)
        self._is_loaded = False
        self._query = text(f"""
            WITH deaths AS ({_DEATHS}), lives AS ({noted.lives})
            SELECT died FROM (SELECT * FROM deaths UNION ALL SELECT * FROM lives) AS last
             ORDER BY at DESC, died LIMIT :most
        """)  # noqa: S608 - the statements above

    async def load_once(self, database: Database) -> None:
        """Begin with what the database knows of the messages before. Raises what the database raises."""
        if not self._is_loaded:
            await self.load(database)

    async def load(self, database: Database) -> None:
        """Count anew, by the database: what an operator has settled meanwhile counts no longer."""
        async with database.engine.connect() as connection:
            values = {"consumer": self._consumer, "most": self._last.maxlen}
            died = (await connection.execute(self._query, values)).scalars().all()
        self._last.clear()
        self._last.extend(reversed(died))
        self._is_loaded = True

    def lived(self, count: int) -> None:
        """Count messages that took effect."""
        self._last.extend([False] * min(count, self._last.maxlen or count))

    def died(self) -> None:
        """Count a message that was set aside."""
        self._last.append(True)

    @property
    def is_reached(self) -> bool:
        """Whether one more would be too many."""
        return sum(self._last) >= self._most

    def check(self) -> None:
        """Raise TooManyDeaths where one more would be too many."""
        if self.is_reached:
            raise TooManyDeaths(f"{self._most} of the last {len(self._last)} messages died")
