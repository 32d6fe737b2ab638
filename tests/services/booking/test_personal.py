"""What is said of personal data is all of the schema, and true of a database in which somebody was erased."""

from sqlalchemy import Column, LargeBinary, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.erasing import erase_person
from services.booking.people.grants import give_role
from services.booking.people.rules import PersonDetails, identity_number
from services.booking.personal import NOT_PERSONAL, PERSONAL
from services.booking.schema import METADATA
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office

_MAY_HOLD_TEXT = (String, LargeBinary, JSONB, ARRAY)


def _may_hold_a_person(column: Column[object]) -> bool:
    if any(key.column.table.name == "persons" for key in column.foreign_keys):
        return True
    if isinstance(column.type, Uuid):
        return column.name in {"person_id", "actor_id", "participant_id"} or column.name.endswith("_by")
    return isinstance(column.type, _MAY_HOLD_TEXT)


def test_every_column_that_may_hold_a_person_is_named_once() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if _may_hold_a_person(column)
    }
    whole = {name.removesuffix("*") for name in NOT_PERSONAL if name.endswith("*")}
    named = PERSONAL.keys() | {name for name in NOT_PERSONAL if not name.endswith("*")}
    left = {name for name in found - named if f"{name.partition('.')[0]}." not in whole}
    assert not left, f"say in personal.py what erasing does to {sorted(left)}"
    assert not PERSONAL.keys() & NOT_PERSONAL
    every = {f"{table.name}.{column.name}" for table in METADATA.sorted_tables for column in table.columns}
    assert named <= every, f"personal.py names what is not there: {sorted(named - every)}"


async def test_of_an_erased_person_no_value_is_left_in_any_table(office: Office) -> None:
    details = PersonDetails(
        "Quintilia", "Zebedeus", "quintilia@example.test", "+46701740690", number=identity_number("199006022397")
    )
    async with office.transaction() as session:
        person = await office.person(session, details, "quintilia")
        await give_role(session, office.clock, person, Grant(Role.PROJECT_LEAD, project_id=office.project_id), by=None)
        assert await _places(office, session) != []
        kept = await erase_person(session, office.clock, person.id, by=None, reason="asked for it")
        assert kept is False
        assert await _places(office, session) == []
        await session.rollback()


async def _places(office: Office, session: AsyncSession) -> list[str]:
    """Return the tables in which a value of Quintilia's can be read, the outbox aside: it holds what is to be told."""
    values = ("Quintilia", "Zebedeus", "quintilia", "46701740690", "199006022397")
    found = []
    for table in METADATA.sorted_tables:
        rows = (await (await session.connection()).execute(text(f"SELECT t::text FROM {table.name} t"))).scalars()  # noqa: S608 - words and ids of our own
        if any(value in row for row in rows for value in values):
            found.append(table.name)
    return found
