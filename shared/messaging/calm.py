"""Keeping aiokafka's log readable: with Kafka away it says the same thing a hundred times a second."""

import logging
import time

_EVERY_SECONDS = 30.0
_LOGGERS = (
    "aiokafka",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)


class SeldomFilter(logging.Filter):
    """Lets a message through once in a while, whatever its values are."""

    def __init__(self, every_seconds: float = _EVERY_SECONDS) -> None:
        super().__init__()
        self._every_seconds = every_seconds
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is let through."""
        now = time.monotonic()
        if now - self._last.get(str(record.msg), -self._every_seconds) < self._every_seconds:
            return False
        self._last[str(record.msg)] = now
        return True


def calm_aiokafka() -> None:
    """Let each of aiokafka's messages through twice a minute at most. Calling it again changes nothing."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, SeldomFilter) for each in logger.filters):
            logger.addFilter(SeldomFilter())
