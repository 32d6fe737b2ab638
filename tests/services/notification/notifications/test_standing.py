"""The gauge of what stands still: by channel and state, after a minute, and gone when it moves."""

import asyncio
from datetime import timedelta

from prometheus_client import REGISTRY

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from services.notification.notifications.rules import State
from services.notification.notifications.standing import SHOWN, count_standing, show_standing
from services.notification.settings import NotificationSettings
from shared.db import Database
from shared.kernel.clock import FixedClock
from shared.messaging.worker import Running
from tests.services.notification.office import Office, a_booking, a_person, to_person
from tests.support.messaging import until
from tests.support.web import LocalIssuer, settings_for


class Silent:
    """A provider that never says what became of it."""

    honours_key = False
    name = ChannelName.EMAIL

    async def send(self, _sending: Sending) -> Outcome:
        return Outcome(Result.UNKNOWN, cause="timeout")


async def counted(office: Office) -> dict[tuple[ChannelName, State], int]:
    async with office.database.sessions() as session:
        found = await count_standing(session, office.clock.now())
    assert set(found) == {(channel, state) for channel in ChannelName for state in SHOWN}
    return {place: count for place, count in found.items() if count}


async def test_what_waits_is_counted_after_a_minute_and_no_longer_when_sent(office: Office) -> None:
    someone = a_person()
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id)))
    assert await counted(office) == {}
    office.clock.advance(timedelta(minutes=2))
    assert await counted(office) == {(ChannelName.EMAIL, State.PENDING): 1}
    await office.send()
    office.clock.advance(timedelta(minutes=2))
    assert await counted(office) == {}


async def test_what_nobody_knows_of_is_shown_by_the_worker(
    office: Office, database: Database, clock: FixedClock, issuer: LocalIssuer, database_url: str
) -> None:
    someone = a_person()
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id)))
    assert await office.with_channel(Silent()).send_due() == 1
    office.clock.advance(timedelta(minutes=2))
    running = running_on(database, clock, issuer, database_url)
    task = asyncio.create_task(show_standing(running))

    async def is_shown() -> bool:
        labels = {"channel": "email", "state": "unknown"}
        return REGISTRY.get_sample_value("kurslots_notifications_standing", labels) == 1

    await until(is_shown, what="the unknown notification")
    running.stopping.set()
    await task
    assert REGISTRY.get_sample_value("kurslots_notifications_standing", {"channel": "sms", "state": "held"}) == 0


def running_on(database: Database, clock: FixedClock, issuer: LocalIssuer, url: str) -> Running:
    settings = settings_for(NotificationSettings, url, issuer)
    return Running(settings, database, clock, asyncio.Event(), lambda: None)
