"""The worker's parts without Kafka, and facts to give them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.notification.channels.channel import Sending
from services.notification.channels.email import EmailChannel
from services.notification.channels.rules import Outcome
from services.notification.channels.sms import SmsChannel
from services.notification.copies import COPIES
from services.notification.kinds import ChannelName
from services.notification.notifications.desk import Desk
from services.notification.notifications.rules import Schedule
from services.notification.notifications.sender import Sender
from services.notification.reactions import REACTIONS
from services.notification.timers import make_timers
from services.notification.wordings.catalogue import load_wordings
from shared.contracts.booking import BookingConfirmed, PersonAccount, PersonDescribed, PersonGrant
from shared.contracts.facts import Fact, Meeting, Recipient, RunSummary, State
from shared.contracts.procurement import SupplierAccount, SupplierDescribed
from shared.db import Database
from shared.kernel.clock import FixedClock
from shared.kernel.ids import new_id
from shared.kernel.personal_links import PersonalLinks
from tests.support.messaging import a_message, deliver, deliver_grave, deliver_state, rows_of, run_timers
from tests.support.origin import SMS_PASSWORD, SMS_USER, RunningOrigin, serve
from tests.support.web import ISSUER_ALIAS

SENDER = "Kurslots <no-reply@kurslots.test>"
PHONE = "+46701740610"


@dataclass
class Office:
    """What a worker of notification does, one step at a time."""

    database: Database
    clock: FixedClock
    sinks: RunningOrigin
    desk: Desk
    sender: Sender
    email: EmailChannel
    sms: SmsChannel
    sending_limit: timedelta = timedelta(seconds=120)

    async def know(self, *states: State, version: int = 1) -> None:
        """Take copies."""
        for state in states:
            await deliver_state(COPIES, state, self.database, version=version, clock=self.clock)

    async def erase(self, state: type[State], key: UUID, *, version: int = 2) -> None:
        await deliver_grave(COPIES, state, key, self.database, version=version, clock=self.clock)

    async def hear(self, fact: Fact) -> None:
        """Take a fact, twice."""
        await deliver(REACTIONS, fact, self.database, clock=self.clock)

    async def send(self) -> int:
        return await self.sender.send_due()

    async def tick(self) -> int:
        """Run the timers that are due."""
        timers = make_timers(self.desk, sending_limit=self.sending_limit, content_kept=timedelta(days=30))
        return await run_timers(timers, self.database, self.clock)

    def with_channel(self, channel: Any) -> Sender:  # noqa: ANN401 - a channel that behaves badly
        """Return a sender with another way out in place of one of the sinks."""
        channels = {ChannelName.EMAIL: self.email, ChannelName.SMS: self.sms, channel.name: channel}
        return Sender(self.database, self.clock, self.desk, channels)

    def scheduled(self, **changes: Any) -> Sender:  # noqa: ANN401 - fields of Schedule
        """Return a sender with another schedule."""
        desk = replace(self.desk, schedule=replace(self.desk.schedule, **changes))
        return Sender(self.database, self.clock, desk, {ChannelName.EMAIL: self.email, ChannelName.SMS: self.sms})

    async def rows(self, query: str = "SELECT * FROM notifications ORDER BY id", **values: object) -> list[Any]:
        return await rows_of(self.database, query, **values)

    async def states(self) -> dict[tuple[str, str], tuple[str, str | None]]:
        """Return state and cause of every notification, by kind and channel."""
        return {(row.kind, row.channel): (row.state, row.state_cause) for row in await self.rows()}

    async def emails(self) -> list[dict[str, Any]]:
        found: dict[str, list[dict[str, Any]]] = (await self.sinks.client.get("/sent/emails")).json()
        return found["items"]

    async def texts(self) -> list[dict[str, Any]]:
        found: dict[str, list[dict[str, Any]]] = (await self.sinks.client.get("/sent/sms")).json()
        return found["items"]

    async def behave(self, **wishes: dict[str, str | None]) -> None:
        """Make an address of the sinks behave badly."""
        answer: httpx.Response = await self.sinks.client.post("/sent/behaviour", json=wishes)
        assert answer.is_success, answer.text


@asynccontextmanager
async def make_office(
    database: Database, clock: FixedClock, sinks: RunningOrigin, app: FastAPI
) -> AsyncIterator[Office]:
    async with serve(app) as origin:
        desk = Desk(
            wordings=load_wordings(),
            schedule=Schedule(),
            unsubscribing=app.state.unsubscribing,
            links=PersonalLinks.derive(b"links"),
            origin=origin,
            mail_from=SENDER,
        )
        email = EmailChannel(f"smtp://127.0.0.1:{sinks.smtp_port}", sender=SENDER, timeout_seconds=5)
        sms = SmsChannel(
            f"{sinks.url}/sms/a1/sms", user=SMS_USER, password=SMS_PASSWORD, sender="Kurslots", timeout_seconds=5
        )
        sender = Sender(database, clock, desk, {ChannelName.EMAIL: email, ChannelName.SMS: sms})
        try:
            yield Office(database, clock, sinks, desk, sender, email, sms)
        finally:
            await sms.close()


def a_person(
    person_id: UUID | None = None,
    *,
    sub: str | None = None,
    grants: tuple[PersonGrant, ...] = (),
    email: str | None = "eva@example.test",
    phone: str | None = PHONE,
    language: str = "sv",
    given_name: str | None = "Eva",
    protected: bool = False,
) -> PersonDescribed:
    return PersonDescribed(
        person_id=person_id or new_id(),
        protected=protected,
        given_name=None if protected else given_name,
        family_name=None if protected else "Sandström",
        email=None if protected else email,
        phone=None if protected else phone,
        language=language,
        accounts=(PersonAccount(issuer=ISSUER_ALIAS, subject=sub),) if sub else (),
        grants=grants,
    )


def a_supplier(
    supplier_id: UUID | None = None,
    *,
    sub: str | None = None,
    name: str = "Bergslagens Utbildning AB",
    email: str = "lena@example.test",
    language: str = "sv",
) -> SupplierDescribed:
    return SupplierDescribed(
        supplier_id=supplier_id or new_id(),
        name=name,
        organisation_number="556900-3303",
        email=email,
        phone=None,
        language=language,
        accounts=(SupplierAccount(issuer=ISSUER_ALIAS, subject=sub),) if sub else (),
    )


def to_person(person_id: UUID, part: str = "contact") -> Recipient:
    return Recipient(kind="person", id=person_id, part=part)


def to_supplier(supplier_id: UUID, part: str = "invited") -> Recipient:
    return Recipient(kind="supplier", id=supplier_id, part=part)


def a_run(clock: FixedClock, *, begins_in: timedelta = timedelta(days=9), place: str | None = "Falun") -> RunSummary:
    starts = clock.now() + begins_in
    meeting = Meeting(
        meeting_id=new_id(), starts_at=starts, ends_at=starts + timedelta(hours=3), mode="physical", place=place
    )
    return RunSummary(
        run_id=new_id(), reference="K-7K3M9X", course_title="Svetsning", mode="physical", meetings=(meeting,)
    )


def a_booking(office: Office, *recipients: Recipient, **changes: object) -> BookingConfirmed:
    return a_message(BookingConfirmed, **{"recipients": recipients, "run": a_run(office.clock), **changes})


class Scripted:
    """A way out that does as it is told: an outer edge that fails in ways no sink can."""

    honours_key = False

    def __init__(self, name: ChannelName, act: Callable[[Sending], Outcome]) -> None:
        self.name = name
        self._act = act
        self.sent: list[Sending] = []

    async def send(self, sending: Sending) -> Outcome:
        self.sent.append(sending)
        return self._act(sending)


async def one_booking(office: Office, **person: object) -> PersonDescribed:
    someone = a_person(**person)  # type: ignore[arg-type]  # the factory's own fields
    await office.know(someone)
    await office.hear(a_booking(office, to_person(someone.person_id)))
    return someone
