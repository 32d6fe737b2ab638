"""The loop that sends waits for nothing that it could know: neither for its own clock nor for a slow provider."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from services.notification.notifications import sender as sender_module
from services.notification.notifications.sender import Sender
from services.notification.settings import NotificationSettings
from shared.messaging.worker import Running
from tests.services.notification.office import Office, Scripted, a_booking, one_booking, to_person
from tests.support.messaging import until
from tests.support.statements import statements_of
from tests.support.web import LocalIssuer, settings_for

NEVER = 3_600.0


class Slow:
    """A provider whose first call takes until it is let go; it counts what it has taken."""

    name = ChannelName.EMAIL
    honours_key = False

    def __init__(self) -> None:
        self.called = 0
        self.taken = 0
        self.let_go = asyncio.Event()

    async def send(self, _sending: Sending) -> Outcome:
        self.called += 1
        if self.called == 1:
            await self.let_go.wait()
        self.taken += 1
        return Outcome(Result.ACCEPTED)


@pytest.fixture
def running(office: Office, issuer: LocalIssuer, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A worker whose sender never looks by itself."""
    monkeypatch.setattr(sender_module, "_SHORTEST_IDLE_SECONDS", NEVER)
    monkeypatch.setattr(sender_module, "_IDLE_SECONDS", NEVER)
    settings = settings_for(NotificationSettings, database_url, issuer)
    return Running(settings, office.database, office.clock, asyncio.Event(), lambda: None)


@asynccontextmanager
async def sending(sender: Sender, running: Running) -> AsyncIterator[None]:
    task = asyncio.create_task(sender.run(running))
    yield
    running.stop()
    await task


def reached(counted: Callable[[], int], number: int) -> Callable[[], "asyncio.Future[bool]"]:
    async def is_reached() -> bool:
        return counted() == number

    return lambda: asyncio.ensure_future(is_reached())


async def test_what_a_consumer_has_committed_is_sent_without_waiting_for_a_look(
    office: Office, running: Running
) -> None:
    provider = Slow()
    provider.let_go.set()
    await one_booking(office)
    async with sending(office.with_channel(provider), running):
        await until(reached(lambda: provider.taken, 1), what="the first, which was there at the start", seconds=60)
        await one_booking(office)
        running.after_batch()
        await until(reached(lambda: provider.taken, 2), what="the one that was told of", seconds=60)


async def test_a_provider_that_is_slow_with_one_holds_up_no_other(office: Office, running: Running) -> None:
    provider = Slow()
    await one_booking(office)
    async with sending(office.with_channel(provider), running):
        await until(reached(lambda: provider.called, 1), what="the first call", seconds=60)
        await one_booking(office)
        running.after_batch()
        await until(reached(lambda: provider.taken, 1), what="the second, while the first is under way", seconds=60)
        assert provider.called == 2
        provider.let_go.set()
    assert provider.taken == 2, "what is under way is finished before the sender ends"
    assert [row.state for row in await office.rows()] == ["sent", "sent"]


async def test_several_are_decided_about_with_the_statements_of_one(office: Office) -> None:
    someone = await one_booking(office)
    await office.send()  # whatever is asked once in a process
    asked: dict[int, int] = {}
    for number in (1, 8):
        for _ in range(number):
            await office.hear(a_booking(office, to_person(someone.person_id)))
        silent = Scripted(ChannelName.EMAIL, _fail)
        with statements_of(office.database) as statements:
            await office.with_channel(silent).send_due()
        assert len(silent.sent) == number
        asked[number] = len(statements)
    assert asked == {1: 10, 8: 10}, "one to find what is due, six to decide, three to keep the attempts"


async def test_what_came_of_a_call_is_recorded_in_few_statements(office: Office) -> None:
    provider = Slow()
    await one_booking(office)
    sender = office.with_channel(provider)
    sending = asyncio.create_task(sender.send_due())
    await until(reached(lambda: provider.called, 1), what="the call", seconds=60)
    with statements_of(office.database) as statements:
        provider.let_go.set()
        await sending
    assert len(statements) == 6, statements


async def test_one_that_cannot_be_decided_about_holds_up_no_other(office: Office) -> None:
    someone = await one_booking(office)
    for _ in range(2):
        await office.hear(a_booking(office, to_person(someone.person_id)))
    broken = (
        "UPDATE notifications SET calendar = '{}', id = id WHERE id = (SELECT min(id::text)::uuid FROM notifications)"
    )
    async with office.database.engine.begin() as connection:
        await connection.exec_driver_sql(broken)
    provider = Scripted(ChannelName.EMAIL, lambda _: Outcome(Result.ACCEPTED))
    sender = office.with_channel(provider)
    assert await sender.send_due() == 3
    assert [row.state for row in await office.rows()] == ["pending", "sent", "sent"]
    assert await sender.send_due() == 0, "it is left alone for a while, and not tried again and again"
    assert len(provider.sent) == 2


def _fail(_sending: Sending) -> Outcome:
    raise RuntimeError("power cut")
