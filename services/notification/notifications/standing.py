"""What stands still on its way, as a gauge by channel and state: a notification should be at its end within a minute.

Ends that are as they should be are not counted, and neither is what was forgotten with its content.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.kinds import ChannelName
from services.notification.notifications.rules import OPEN, State
from services.notification.notifications.tables import Notification
from shared.messaging.worker import Running
from shared.metrics import NOTIFICATIONS_STANDING

SHOWN: Final = OPEN | {State.FAILED_TECHNICAL}
_STANDS_AFTER = timedelta(minutes=1)
_EVERY_SECONDS = 15.0


async def count_standing(session: AsyncSession, now: datetime) -> dict[tuple[ChannelName, State], int]:
    """Return how many stand still, by channel and state, the zeros too."""
    statement = (
        select(Notification.channel, Notification.state, func.count())
        .where(
            col(Notification.content).is_not(None),  # the index that leaves the old ones out
            col(Notification.state).in_(SHOWN),
            col(Notification.changed_at) <= now - _STANDS_AFTER,
        )
        .group_by(col(Notification.channel), col(Notification.state))
    )
    counted = {(channel, state): count for channel, state, count in (await session.exec(statement)).all()}
    return {(channel, state): counted.get((channel, state), 0) for channel in ChannelName for state in SHOWN}


async def show_standing(running: Running) -> None:
    """Keep the gauge up to date until the worker stops."""
    while not running.stopping.is_set():
        async with running.database.sessions() as session:
            counted = await count_standing(session, running.clock.now())
        for (channel, state), count in counted.items():
            NOTIFICATIONS_STANDING.labels(channel.value, state.value).set(count)
        await running.pause(_EVERY_SECONDS)
