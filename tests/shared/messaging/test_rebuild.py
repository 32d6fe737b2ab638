"""Copies are rebuilt from the state topics to what they were, while everything goes on; real Kafka."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.contracts.booking import BookingChanged, PersonDescribed
from shared.contracts.topics import PEOPLE
from shared.db import Database
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging.copies import CopyKeeper
from shared.messaging.messages import read_record
from shared.messaging.outbox import bury, describe
from shared.messaging.rebuild import NotWhole, Rebuilt, rebuild
from shared.messaging.topics_admin import create_topics
from tests.shared.messaging.ledger import LedgerSettings, Listener, noted, settings, tell
from tests.support.messaging import SOME_TIME, a_grave, a_message, a_record, rows_of, until, working


class _Service:
    """The listening service with a worker at work, and what an operator does beside it."""

    def __init__(self, listener: Listener, database: Database, its_settings: LedgerSettings) -> None:
        self.database = database
        self.settings = its_settings
        self.keeper = CopyKeeper(listener.copies, database, SystemClock())

    async def describe(self, *people: PersonDescribed, version: int) -> None:
        async with self.database.sessions() as session, session.begin():
            for person in people:
                await describe(session, person, version=version, at=SOME_TIME)

    async def bury(self, person: PersonDescribed, *, version: int) -> None:
        async with self.database.sessions() as session, session.begin():
            await bury(session, PersonDescribed, person.person_id, version=version, at=SOME_TIME)

    async def rebuild(self) -> Rebuilt:
        return await rebuild(self.keeper, ["people"], self.settings)

    async def until_copied(self, **names: int) -> None:
        async def copied() -> bool:
            return await self.names() == names

        await until(copied, what=f"copying {names}")

    async def names(self) -> dict[str, int]:
        """Return how many people have which name."""
        rows = await rows_of(self.database, "SELECT name, count(*) AS people FROM people GROUP BY name")
        return {row.name: row.people for row in rows}


@pytest.fixture
async def service(
    database: Database, database_url: str, kafka: str, namespace: str, listener: Listener
) -> AsyncIterator[_Service]:
    made = _Service(listener, database, settings(database_url, kafka=kafka, namespace=namespace))
    await create_topics(made.settings)
    async with working(listener.worker(database_url, kafka=kafka, namespace=namespace)):
        yield made


async def test_rebuilt_copies_are_what_they_were_and_graves_stay(service: _Service) -> None:
    people = [a_message(PersonDescribed, given_name="old") for _ in range(30)]
    await service.describe(*people, version=1)
    changed = [person.model_copy(update={"given_name": "new"}) for person in people]
    await service.describe(*changed[:20], version=2)
    await service.bury(people[29], version=2)
    await service.until_copied(new=20, old=9)

    done = await service.rebuild()
    assert (done.states, done.graves) == (29, 1)
    assert done.before["people"] == done.after["people"]
    assert done.after["people"].rows == 29
    await service.keeper.take([read_record(a_record(people[29], version=1), PEOPLE)])
    assert await service.names() == {"new": 20, "old": 9}


async def test_what_was_wrong_with_the_copies_is_mended(service: _Service) -> None:
    people = [a_message(PersonDescribed, given_name="right") for _ in range(5)]
    await service.describe(*people, version=1)
    await service.until_copied(right=5)
    async with service.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE people SET name = 'wrong'")
        await connection.exec_driver_sql("DELETE FROM people WHERE id = (SELECT id FROM people LIMIT 1)")
    done = await service.rebuild()
    assert (done.before["people"].rows, done.after["people"].rows) == (4, 5)
    assert done.before["people"].digest != done.after["people"].digest
    assert await service.names() == {"right": 5}


async def test_effects_go_on_and_no_state_that_comes_meanwhile_is_lost(service: _Service) -> None:
    people = [a_message(PersonDescribed, given_name="v1") for _ in range(20)]
    await service.describe(*people, version=1)
    await service.until_copied(v1=20)
    fact = a_message(BookingChanged)

    async def go_on() -> None:
        for version in range(2, 12):
            newer = [person.model_copy(update={"given_name": f"v{version}"}) for person in people]
            await service.describe(*newer, a_message(PersonDescribed, given_name="late"), version=version)
            await tell(service.database, (fact, version))

    async def rebuild_often() -> None:
        for _ in range(3):
            assert (await service.rebuild()).after["people"].rows >= 20

    await asyncio.gather(go_on(), rebuild_often())
    await service.until_copied(v11=20, late=10)
    everything: list[tuple[object, int]] = [(fact.booking_id, version) for version in range(2, 12)]

    async def all_noted() -> bool:
        return await noted(service.database, fact.booking_id) == everything

    await until(all_noted, what="every effect")
    done = await service.rebuild()
    assert done.before == done.after


async def test_others_see_the_copies_of_before_until_the_new_ones_are_whole(
    service: _Service, listener: Listener
) -> None:
    people = [a_message(PersonDescribed, given_name="there") for _ in range(3)]
    await service.describe(*people, version=1)
    await service.until_copied(there=3)
    listener.failing = {people[1].person_id: ValueError("a bug")}
    with pytest.raises(ValueError, match="a bug"):
        await service.rebuild()
    assert await service.names() == {"there": 3}


async def test_a_topic_that_has_lost_a_state_empties_no_copy(service: _Service) -> None:
    person = a_message(PersonDescribed, given_name="there")
    await service.describe(person, version=1)
    await service.until_copied(there=1)
    lost = read_record(a_record(a_message(PersonDescribed, given_name="lost")), PEOPLE)
    newer = read_record(a_record(person.model_copy(update={"given_name": "newer"}), version=2), PEOPLE)
    await service.keeper.take([lost, newer])  # what compaction took, and what a late duplicate hid
    with pytest.raises(NotWhole) as refused:
        await service.rebuild()
    assert refused.value.short == {PEOPLE.name: 2}
    assert await service.names() == {"newer": 1, "lost": 1}


async def test_a_grave_that_the_topic_forgot_stays(service: _Service) -> None:
    gone = new_id()
    await service.keeper.take([read_record(a_grave(PersonDescribed, gone, version=2), PEOPLE)])
    assert (await service.rebuild()).after["people"].rows == 0
    await service.keeper.take([read_record(a_record(a_message(PersonDescribed, person_id=gone), version=2), PEOPLE)])
    assert await service.names() == {}
