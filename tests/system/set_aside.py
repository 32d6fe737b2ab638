"""Something that waits for an operator, in every service: put there for pages to show, and taken away again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import asyncpg

from deploy.embedded.environment import SERVICES, database_name, running_environment
from deploy.embedded.home import Home
from shared.kernel.ids import new_id

_SET_ASIDE: Final = (
    "INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', 'booking.bookings', '{key}')",
    """INSERT INTO dead_letters
       (consumer, topic, partition, "offset", key, message_id, type, standing, cause, stack, tries)
       VALUES ('effects', 'booking.bookings', 0, 1, '{key}', '{message}', 'booking.changed.v1', 'failed',
               'ValueError in on_booking_changed', 'on_booking_changed, line 88', 5)""",
    """INSERT INTO dead_letters
       (consumer, topic, partition, "offset", key, message_id, type, standing, cause, tries)
       VALUES ('effects', 'booking.bookings', 0, 2, '{key}', '{person}', 'booking.cancelled.v1', 'follower',
               'waits', 0)""",
    """INSERT INTO stopped_keys (topic, key, outbox_id, cause)
       VALUES ('booking.bookings', '{key}', 1, 'MessageSizeTooLargeError')""",
    "INSERT INTO halted_consumers (worker, consumer, cause) VALUES ('machine/1', 'effects', '60 of 100 messages died')",
    """INSERT INTO message_decisions (action, actor_name, reason, letter_id, consumer, topic, key, type, cause)
       VALUES ('discard', 'root', 'It was sent twice by the old system', 7, 'effects', 'booking.runs', '{key}',
               'run.changed.v1', 'KeyError')""",
)
_TAKEN_AWAY: Final = (
    "DELETE FROM dead_letters WHERE key = '{key}'",
    "DELETE FROM parked_keys WHERE key = '{key}'",
    "DELETE FROM stopped_keys WHERE key = '{key}'",
    "DELETE FROM halted_consumers WHERE worker = 'machine/1'",
    "DELETE FROM message_decisions WHERE key = '{key}'",
)


@asynccontextmanager
async def things_set_aside(home: Home) -> AsyncIterator[None]:
    """Set things aside in every service of the system that runs on `home`, while it lasts."""
    settings = running_environment(home, {})
    key = str(new_id())
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            connection = await asyncpg.connect(settings[database_name(service)])
            stack.push_async_callback(connection.close)
            for statement in _TAKEN_AWAY:
                stack.push_async_callback(connection.execute, statement.format(key=key))
            for statement in _SET_ASIDE:
                await connection.execute(statement.format(key=key, message=new_id(), person=new_id()))
        yield
