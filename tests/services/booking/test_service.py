"""Booking says in its docstring what it does, and can tell every state again."""

import asyncio
import re

from alembic import command
from sqlalchemy import text

import services.booking as package
from services.booking.copies import COPIES
from services.booking.people.erasing import erase_person
from services.booking.people.rules import PersonDetails
from services.booking.reactions import REACTIONS
from services.booking.states import STATES
from shared.contracts import booking
from shared.contracts.facts import Message
from shared.messaging.republish import check_sources, republish
from shared.migrations import migration_config
from tests.services.booking.registered import Office
from tests.support.databases import ServiceDatabase


def _told_of(heading: str) -> set[str]:
    """Return the names of messages under a heading of the docstring."""
    sections = re.split(r"\n(?=[A-Z][a-z]+(?: on)? {2,}|Areas)", package.__doc__ or "")
    section = next(part for part in sections if part.startswith(heading))
    return set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", section))


def test_the_docstring_names_what_is_told_and_what_is_acted_on() -> None:
    messages = {
        name
        for name, value in vars(booking).items()
        if isinstance(value, type) and issubclass(value, Message) and "type_name" in vars(value)
    }
    assert _told_of("Emits") == messages
    assert _told_of("Acts on") == {fact.__name__ for fact in REACTIONS.handlers}
    assert _told_of("Copies") == {state.__name__ for state in COPIES.keepers}


def test_every_state_that_booking_owns_can_be_told_again() -> None:
    check_sources("booking", STATES)


async def test_republishing_tells_each_state_as_it_is_and_each_grave(office: Office) -> None:
    await office.registered("republished")
    async with office.transaction() as session:
        person = await office.person(session, PersonDetails("Gun", "Borta"), "gone-soon")
        await erase_person(session, office.clock, person.id, by=None, reason="asked for it")
    latest = text(
        "SELECT DISTINCT ON (topic, key) topic, key, version, payload FROM outbox ORDER BY topic, key, version DESC, id"
    )
    async with office.database.engine.connect() as connection:
        before = {(row.topic, row.key): (row.version, row.payload) for row in await connection.execute(latest)}
        last = (await connection.execute(text("SELECT max(id) FROM outbox"))).scalar_one()
    for source in STATES:
        await republish(office.database, source, office.clock, step=2)
    again = text("SELECT topic, key, version, payload FROM outbox WHERE id > :last")
    async with office.database.engine.connect() as connection:
        rows = await connection.execute(again, {"last": last})
        after = {(row.topic, row.key): (row.version, row.payload) for row in rows}
    states = {source.state.topic.name for source in STATES}
    assert after == {place: told for place, told in before.items() if place[0] in states}
    assert after["booking.people", person.id][1] is None


async def test_the_migrations_make_what_the_tables_say(service_database: ServiceDatabase) -> None:
    url = await service_database("booking")
    await asyncio.to_thread(command.check, migration_config("booking", url))
