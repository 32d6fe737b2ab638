"""Copies: as little as telling needs, the highest version, and nothing of who is erased."""

from services.notification.kinds import ChannelName
from services.notification.recipients.commands import suppress
from services.notification.recipients.rules import SuppressionCause
from shared.contracts.booking import EmployerDescribed, PersonDescribed, PersonGrant, ProjectDescribed
from shared.contracts.procurement import SupplierDescribed
from shared.kernel.ids import new_id
from tests.services.notification.office import Office, a_person, a_supplier
from tests.support.messaging import a_message


async def test_a_person_is_copied_without_more_than_is_needed(office: Office) -> None:
    grant = PersonGrant(role="coach", project_id=new_id())
    person = a_person(sub="eva", grants=(grant,))
    await office.know(person)
    [row] = await office.rows("SELECT * FROM recipients")
    assert (row.name, row.email, row.phone, row.language) == ("Eva", "eva@example.test", "+46701740610", "sv")
    assert not [value for value in row if value == "Sandström"]
    [account] = await office.rows("SELECT * FROM accounts")
    assert (account.subject, account.holder_id) == ("eva", person.person_id)
    [held] = await office.rows("SELECT * FROM grants")
    assert (held.role, held.project_id, held.person_id) == ("coach", grant.project_id, person.person_id)


async def test_a_newer_version_replaces_and_an_older_changes_nothing(office: Office) -> None:
    person_id = new_id()
    await office.know(a_person(person_id, sub="eva", grants=(PersonGrant(role="coach"),)), version=1)
    await office.know(a_person(person_id, email="ny@example.test"), version=3)
    await office.know(a_person(person_id, email="gammal@example.test"), version=2)
    [row] = await office.rows("SELECT * FROM recipients")
    assert row.email == "ny@example.test"
    assert not await office.rows("SELECT * FROM grants")
    assert not await office.rows("SELECT * FROM accounts")


async def test_a_protected_person_has_no_name_and_no_address(office: Office) -> None:
    await office.know(a_person(protected=True))
    [row] = await office.rows("SELECT * FROM recipients")
    assert (row.protected, row.name, row.email, row.phone) == (True, None, None, None)


async def test_an_erased_person_leaves_nothing_and_does_not_come_back(office: Office) -> None:
    person = a_person(sub="eva", grants=(PersonGrant(role="coach"),))
    await office.know(person)
    async with office.database.sessions() as session, session.begin():
        await suppress(
            session, ChannelName.EMAIL, "Eva@example.test", SuppressionCause.HARD_BOUNCE, now=office.clock.now()
        )
    await office.erase(PersonDescribed, person.person_id, version=5)
    for table in ("recipients", "accounts", "grants"):
        assert not await office.rows(f"SELECT * FROM {table}")  # noqa: S608 - words and ids of our own
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert suppression.address is None
    await office.know(person, version=4)
    assert not await office.rows("SELECT * FROM recipients")


async def test_a_suppression_outlives_one_of_two_who_share_an_address(office: Office) -> None:
    one, other = a_person(), a_person()
    await office.know(one, other)
    async with office.database.sessions() as session, session.begin():
        await suppress(
            session, ChannelName.EMAIL, "eva@example.test", SuppressionCause.HARD_BOUNCE, now=office.clock.now()
        )
    await office.erase(PersonDescribed, one.person_id)
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert suppression.address == "eva@example.test"
    await office.know(a_person(other.person_id, email="annan@example.test"), version=2)
    [suppression] = await office.rows("SELECT * FROM suppressions")
    assert suppression.address is None


async def test_projects_and_employers_are_copied_by_what_scopes_need(office: Office) -> None:
    project, employer = a_message(ProjectDescribed), a_message(EmployerDescribed)
    await office.know(project, employer)
    [row] = await office.rows("SELECT * FROM projects")
    assert (row.id, row.name, row.buyer_ids) == (
        project.project_id,
        project.name,
        [buyer.buyer_id for buyer in project.buyers],
    )
    [row] = await office.rows("SELECT * FROM employers")
    assert (row.id, row.project_ids) == (employer.employer_id, list(employer.project_ids))
    await office.erase(ProjectDescribed, project.project_id)
    await office.erase(EmployerDescribed, employer.employer_id)
    assert not await office.rows("SELECT id FROM projects UNION SELECT id FROM employers")


async def test_a_supplier_is_copied_and_erased(office: Office) -> None:
    supplier = a_supplier(sub="lena")
    await office.know(supplier)
    [row] = await office.rows("SELECT * FROM recipients")
    assert (row.kind, row.name, row.email) == ("supplier", supplier.name, "lena@example.test")
    await office.erase(SupplierDescribed, supplier.supplier_id)
    assert not await office.rows("SELECT id FROM recipients UNION SELECT holder_id FROM accounts")
