"""Who was not reached: told to whoever can ring them, with the number; nobody who is protected, no name to others."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.booking.people.tables import Person
from services.booking.reach.tables import Unreached
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.offered import MONDAY_MORNING, AnEmployer, AProject, a_project, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield


def _row(project: AProject, employer: AnEmployer, person: UUID, minutes: int, **facts: object) -> Unreached:
    given = {"kind": "meeting_reminder", "channel": "email", "cause": "smtp_550"} | facts
    return Unreached(
        notification_id=new_id(),
        person_id=person,
        project_id=project.id,
        employer_id=employer.id,
        failed_at=MONDAY_MORNING + timedelta(minutes=minutes),
        **given,  # type: ignore[arg-type]  # what a test gives
    )


@pytest.fixture(scope="module")
async def address(office: Office) -> str:
    """The page of a project in which three people were not reached, and one was after all."""
    async with office.transaction() as session:
        project = await a_project(session)
        employer = await an_employer(session, project, people=0)
        people = {
            name: Person(
                given_name=name,
                family_name="Berg",
                phone="+46 70 174 06 50",
                protected=name == "Hemlig",
                created_at=MONDAY_MORNING,
            )
            for name in ("Åsa", "Bo", "Hemlig", "Nådd")
        }
        session.add_all(people.values())
        await session.flush()
        session.add_all(
            [
                _row(project, employer, people["Åsa"].id, 1),
                _row(project, employer, people["Bo"].id, 2, channel="sms", cause="no_receipt", kind="new_kind"),
                _row(project, employer, people["Hemlig"].id, 3, cause="suppressed"),
                _row(project, employer, people["Nådd"].id, 4, reached_at=MONDAY_MORNING),
            ]
        )
    await office.holder("ringer", Grant(Role.COACH, project_id=project.id))
    await office.holder("own-contact", Grant(Role.CONTACT, employer_id=employer.id))
    await office.holder("other-coach", Grant(Role.COACH, project_id=office.project_id))
    return f"/booking/projects/{project.id}/unreached"


async def test_a_coach_sees_whom_to_ring_and_why(office: Office, address: str) -> None:
    async with browser(office.app, "ringer") as coach:
        page = page_of(await coach.get(address))
        for told in (
            "Åsa Berg",
            "+46 70 174 06 50",
            "reminder of a meeting, e-mail",
            "another message, text message",
            "Person with protected identity",
            "The address does not exist",
            "Nobody knows whether it arrived.",
        ):
            assert told in page.text, told
        assert "Hemlig" not in page.text
        assert "Nådd" not in page.text
        assert page.text.index("Bo Berg") < page.text.index("Åsa Berg"), "the latest first"
        file = (await coach.get(f"{address}?format=csv")).content.decode("utf-8-sig")
        assert "Hemlig" not in file
        assert len(file.splitlines()) == 4


@pytest.mark.parametrize(
    ("question", "names"),
    [("?q=åsa", ["Åsa"]), ("?channel=sms", ["Bo"]), ("?q=hemlig", []), ("?sort=failed", ["Åsa", "Bo"])],
)
async def test_the_list_is_searched_and_tells_nothing_of_who_is_protected(
    office: Office, address: str, question: str, names: list[str]
) -> None:
    async with browser(office.app, "ringer") as coach:
        text = page_of(await coach.get(f"{address}{question}")).text
    places = {text.find(f"{name} Berg"): name for name in ("Åsa", "Bo") if f"{name} Berg" in text}
    assert [places[place] for place in sorted(places)] == names
    if question == "?q=hemlig":
        assert "protected" not in text


async def test_an_operator_sees_that_it_happened_and_not_to_whom(office: Office, address: str) -> None:
    async with browser(office.app, "operator") as operator:
        page = page_of(await operator.get(address))
        assert "Somebody" in page.text
        assert "Berg" not in page.text
        assert "+46 70 174 06 50" not in page.text
        assert "no message fits" in page_of(await operator.get(f"{address}?q=åsa")).text.casefold()


async def test_nobody_else_sees_it(office: Office, address: str) -> None:
    async with browser(office.app, "own-contact") as contact, browser(office.app, "other-coach") as coach:
        assert (await contact.get(address)).status_code == 403
        assert (await coach.get(address)).status_code == 404


async def test_it_costs_as_many_statements_however_many_rows(office: Office, address: str) -> None:
    costs = []
    async with browser(office.app, "ringer") as coach:
        for question in ("?channel=sms", ""):
            with statements_of(office.database) as statements:
                page_of(await coach.get(f"{address}{question}"))
            costs.append(len(statements))
    assert costs[0] == costs[1] <= 10
