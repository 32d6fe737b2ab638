"""What booking says of people, projects and employers is copied, and erased."""

from sqlmodel import select

from services.procurement.copies import COPIES, EmployerCopy, PersonAccountCopy, PersonCopy, ProjectCopy
from services.procurement.suppliers.queries import find_actor
from shared.contracts.booking import EmployerDescribed, PersonAccount, PersonDescribed, PersonGrant, ProjectDescribed
from shared.db import Database
from shared.kernel.grants import Grant, Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.support.messaging import a_message, deliver_grave, deliver_state


async def test_a_person_is_copied_with_her_grants_and_signs_in(procurement_database: Database) -> None:
    buyer = new_id()
    person = a_message(
        PersonDescribed,
        accounts=(PersonAccount(issuer="embedded", subject="copied.one"),),
        grants=(
            PersonGrant(role="procurement_officer", buyer_id=buyer),
            PersonGrant(role="a_role_of_tomorrow"),
            PersonGrant(role="supplier"),
        ),
    )
    await deliver_state(COPIES, person, procurement_database)
    async with procurement_database.sessions() as session:
        actor = await find_actor(session, Subject("embedded", "copied.one"))
    assert actor is not None
    assert actor.person_id == person.person_id
    assert actor.grants == (Grant(Role.PROCUREMENT_OFFICER, buyer_id=buyer),)


async def test_a_sign_in_belongs_to_whom_it_was_last_said_to(procurement_database: Database) -> None:
    account = (PersonAccount(issuer="embedded", subject="copied.two"),)
    first, second = a_message(PersonDescribed, accounts=account), a_message(PersonDescribed, accounts=account)
    await deliver_state(COPIES, first, procurement_database)
    await deliver_state(COPIES, second, procurement_database)
    async with procurement_database.sessions() as session:
        actor = await find_actor(session, Subject("embedded", "copied.two"))
    assert actor is not None
    assert actor.person_id == second.person_id


async def test_an_erased_person_is_nobody(procurement_database: Database) -> None:
    person = a_message(PersonDescribed, accounts=(PersonAccount(issuer="embedded", subject="copied.three"),))
    await deliver_state(COPIES, person, procurement_database)
    await deliver_grave(COPIES, PersonDescribed, person.person_id, procurement_database, version=2)
    async with procurement_database.sessions() as session:
        assert await find_actor(session, Subject("embedded", "copied.three")) is None
        assert await session.get(PersonCopy, person.person_id) is None
        assert not (
            await session.exec(select(PersonAccountCopy).where(PersonAccountCopy.person_id == person.person_id))
        ).all()


async def test_a_protected_person_has_no_name_here(procurement_database: Database) -> None:
    person = a_message(PersonDescribed, protected=True, given_name="Eva", family_name="S", accounts=())
    await deliver_state(COPIES, person, procurement_database)
    async with procurement_database.sessions() as session:
        copy = await session.get(PersonCopy, person.person_id)
    assert copy is not None
    assert copy.name is None


async def test_projects_and_employers_are_copied_and_erased(procurement_database: Database) -> None:
    for state, table in ((ProjectDescribed, ProjectCopy), (EmployerDescribed, EmployerCopy)):
        message = a_message(state)
        await deliver_state(COPIES, message, procurement_database)
        async with procurement_database.sessions() as session:
            assert await session.get(table, message.key) is not None
        await deliver_grave(COPIES, state, message.key, procurement_database, version=2)
        async with procurement_database.sessions() as session:
            assert await session.get(table, message.key) is None
