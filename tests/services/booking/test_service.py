"""Booking can tell every state again."""

from sqlalchemy import text

from services.booking.people.erasing import erase_person
from services.booking.people.rules import PersonDetails
from services.booking.states import STATES
from shared.messaging.republish import check_sources, republish
from tests.services.booking.registered import Office


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
