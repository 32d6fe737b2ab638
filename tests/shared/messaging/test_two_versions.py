"""A breaking fact is told twice, as v1 and as v2 with one id: it takes effect once, whichever of them is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from shared import metrics
from shared.contracts.booking import BookingChanged, BookingConfirmed
from shared.contracts.facts import Fact
from shared.contracts.registry import MESSAGES
from shared.contracts.topics import BOOKINGS
from shared.db import Database
from shared.kernel.ids import new_id
from shared.messaging.outbox import record
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import Listener, noted, settings, tell
from tests.support.messaging import SOME_TIME, a_message, rows_of, until, working


class BookingConfirmedAnew(Fact, type="booking.confirmed.v2", topic=BOOKINGS, key="booking_id"):
    """What the fact may look like one day; known to this test alone."""

    booking_id: UUID
    places: int


V1, V2 = BookingConfirmed, BookingConfirmedAnew
KNOWN = {"only the old": (V1,), "only the new": (V2,), "both": (V1, V2)}


@dataclass
class Stage:
    """A service that knows some versions, and its own outbox to tell from."""

    database: Database
    url: str
    kafka: str
    namespace: str

    async def run(self, known: Sequence[type[Fact]], *, one_id: bool = True) -> dict[UUID, int]:
        """Tell pairs in both orders, together and apart; return how often each took effect."""
        listener = Listener(confirmed=known)
        await create_topics(settings(self.url, kafka=self.kafka, namespace=self.namespace))
        old_first, new_first, apart, last = new_id(), new_id(), new_id(), new_id()
        async with working(listener.worker(self.url, kafka=self.kafka, namespace=self.namespace)):
            await self.tell_pair(old_first, (V1, V2), one_id=one_id)
            await self.tell_pair(new_first, (V2, V1), one_id=one_id)
            first = await self.tell_one(V1, apart)
            await tell(self.database, (a_message(BookingChanged, booking_id=apart), 2))
            await self.wait_for(apart, 2)
            await self.tell_one(V2, apart, same_as=first if one_id else None)
            for key in (old_first, new_first, apart, last):
                await tell(self.database, (a_message(BookingChanged, booking_id=key), 3))
                await self.wait_for(key, 3)
        rows = await rows_of(self.database, "SELECT key FROM ledger WHERE kind LIKE 'booking.confirmed.%'")
        return {key: sum(row.key == key for row in rows) for key in (old_first, new_first, apart)}

    async def tell_pair(self, key: UUID, versions: Sequence[type[Fact]], *, one_id: bool) -> None:
        first, second = versions
        event_id = await self.tell_one(first, key)
        await self.tell_one(second, key, same_as=event_id if one_id else None)

    async def tell_one(self, version: type[Fact], key: UUID, *, same_as: UUID | None = None) -> UUID:
        fact = V2(booking_id=key, places=3) if version is V2 else a_message(V1, booking_id=key)
        async with self.database.sessions() as session, session.begin():
            return await record(session, fact, version=1, at=SOME_TIME, same_as=same_as)

    async def wait_for(self, key: UUID, version: int) -> None:
        async def is_noted() -> bool:
            return (key, version) in await noted(self.database, key)

        await until(is_noted, what=f"version {version}")


@pytest.fixture
def stage(database: Database, database_url: str, kafka: str, namespace: str) -> Stage:
    return Stage(database, database_url, kafka, namespace)


def known_here(monkeypatch: pytest.MonkeyPatch, known: Sequence[type[Fact]]) -> None:
    """Let this process be of a version that knows these contracts."""
    for version in (V1, V2):
        if version in known:
            monkeypatch.setitem(MESSAGES, version.type_name, version)
        else:
            monkeypatch.delitem(MESSAGES, version.type_name, raising=False)


def alarms() -> float:
    return float(metrics.CONSUMER_UNKNOWN.labels("ledger", BOOKINGS.name)._value.get())


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
async def test_a_pair_takes_effect_once(
    stage: Stage, known: Sequence[type[Fact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    known_here(monkeypatch, known)
    before = alarms()
    assert set((await stage.run(known)).values()) == {1}
    assert alarms() - before == (0 if len(known) == 2 else 3)
    dead = await rows_of(stage.database, "SELECT 1 FROM dead_letters")
    assert dead == []


async def test_with_two_ids_it_takes_effect_twice(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    known_here(monkeypatch, (V1, V2))
    assert set((await stage.run((V1, V2), one_id=False)).values()) == {2}
