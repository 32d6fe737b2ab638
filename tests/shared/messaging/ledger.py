"""The listening service of these tests: what took effect is in its ledger, in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, Uuid, delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.booking import (
    BookingAsked,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    BookingDeclined,
    BookingNamesAwaited,
    ConfirmationAnswered,
    ConfirmationAsked,
    PersonDescribed,
    SeatOfferAccepted,
    SeatOfferDeclined,
    SeatOfferExpired,
    SeatOfferOpened,
    SeatOfferReminded,
    WaitingEntryJoined,
    WaitingEntryMoved,
    WaitingEntryWithdrawn,
)
from shared.contracts.facts import Fact
from shared.db import Database, UtcDateTime
from shared.messaging.outbox import record
from shared.messaging.reactions import Copies, Delivery, NotYetKnown, Reactions, Timers
from shared.messaging.taking import Limits
from shared.messaging.worker import Worker, make_worker
from shared.settings import Mode, ServiceSettings
from tests.support.messaging import SOME_TIME, rows_of

metadata = MetaData()
ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
)
people = Table(
    "people", metadata, Column("id", Uuid, primary_key=True), Column("name", Text), Column("version", BigInteger)
)
reminders = Table(
    "reminders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done", BigInteger, nullable=False, server_default="0"),
)


class LedgerSettings(ServiceSettings):
    SERVICE: ClassVar[str] = "ledger"


_OF_A_QUEUE = (
    *(SeatOfferAccepted, SeatOfferDeclined, SeatOfferExpired, SeatOfferOpened, SeatOfferReminded),
    *(ConfirmationAsked, ConfirmationAnswered),
    *(WaitingEntryJoined, WaitingEntryMoved, WaitingEntryWithdrawn),
)


class Listener:
    """The lists of the service. `failing` keys raise; `awaited` keys are not yet known.

    `confirmed` are the versions of the fact that a booking is confirmed which this version of the service acts on.
    """

    def __init__(self, confirmed: Sequence[type[Fact]] = (BookingConfirmed,)) -> None:
        self.failing: dict[UUID, Exception] = {}
        self.awaited: set[UUID] = set()
        self.tells_on = False
        self.calls = 0
        self.reactions = Reactions("ledger")
        self.copies = Copies("ledger")
        self.timers = Timers("ledger")
        for fact in confirmed:
            self.reactions.on(fact)(self._note)
        self.reactions.on(BookingChanged)(self._note)
        self.reactions.ignore(BookingAsked, BookingDeclined, BookingCancelled, BookingNamesAwaited, *_OF_A_QUEUE)
        self.copies.of(PersonDescribed)(self._copy)
        self.copies.gone(PersonDescribed)(self._erase)
        self.timers.due("reminders", find=find_due_reminders)(self._remind)

    async def _note(self, delivery: Delivery, fact: Fact) -> None:
        self.calls += 1
        assert delivery.envelope is not None
        connection = await delivery.session.connection()
        await connection.execute(
            insert(ledger).values(kind=fact.type_name, key=fact.key, version=delivery.envelope.version)
        )
        if self.tells_on:
            await record(delivery.session, fact, version=delivery.envelope.version, at=delivery.clock.now())
        if fact.key in self.awaited:
            raise NotYetKnown("person", fact.key)
        if fact.key in self.failing:
            raise self.failing[fact.key]

    async def _copy(self, delivery: Delivery, state: PersonDescribed) -> None:
        self.calls += 1
        assert delivery.envelope is not None
        if state.person_id in self.failing:
            raise self.failing[state.person_id]
        values = {"name": state.given_name, "version": delivery.envelope.version}
        copy = upsert(people).values(id=state.person_id, **values)
        connection = await delivery.session.connection()
        await connection.execute(copy.on_conflict_do_update(index_elements=["id"], set_=values))

    async def _erase(self, delivery: Delivery, key: UUID) -> None:
        await (await delivery.session.connection()).execute(delete(people).where(people.c.id == key))

    async def _remind(self, delivery: Delivery, reminder_id: UUID) -> None:
        self.calls += 1
        if reminder_id in self.failing:
            raise self.failing[reminder_id]
        statement = text("UPDATE reminders SET done = done + 1 WHERE id = :id AND done = 0 AND due_at <= :now")
        await (await delivery.session.connection()).execute(statement, {"id": reminder_id, "now": delivery.clock.now()})

    def worker(self, url: str, *, kafka: str, namespace: str, limits: Limits | None = None) -> Worker:
        """Return a worker of the service."""
        return make_worker(
            service="ledger",
            settings=settings(url, kafka=kafka, namespace=namespace),
            reactions=self.reactions,
            copies=self.copies,
            timers=self.timers,
            limits=limits,
        )


async def find_due_reminders(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    query = text("SELECT id FROM reminders WHERE done = 0 AND due_at <= :now ORDER BY due_at LIMIT :limit")
    rows = await (await session.connection()).execute(query, {"now": now, "limit": limit})
    return [row.id for row in rows]


def settings(url: str, *, kafka: str, namespace: str) -> LedgerSettings:
    return LedgerSettings.model_validate(
        {
            "mode": Mode.EMBEDDED,
            "kafka_bootstrap": kafka,
            "namespace": namespace,
            "database_url": url,
            "secret": "sample-secret",
        }
    )


async def tell(database: Database, *facts: tuple[Fact, int]) -> None:
    """Record facts, each with its version, in one transaction."""
    async with database.sessions() as session, session.begin():
        for fact, version in facts:
            await record(session, fact, version=version, at=SOME_TIME)


async def noted(database: Database, key: UUID | None = None) -> list[tuple[UUID, int]]:
    """Return what took effect, in order."""
    rows = await rows_of(database, "SELECT key, version FROM ledger ORDER BY id")
    return [(row.key, row.version) for row in rows if key in (None, row.key)]
