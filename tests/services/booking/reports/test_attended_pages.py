"""Attended hours by month and municipality on a page and in its files: the same figures, at the same cost."""

import csv
import io
from collections.abc import Iterator

import pytest

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.employers.tables import Workplace
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.held import a_held_meeting
from tests.services.booking.offered import a_project
from tests.services.booking.registered import A_MONDAY, Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield
    office.clock.advance(A_MONDAY - office.clock.now())


async def test_the_page_and_its_files_have_the_same_figures_at_a_cost_that_does_not_grow(office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session)
    await office.holder("lead-hours", Grant(Role.PROJECT_LEAD, project_id=project.id))
    address, costs = f"/booking/projects/{project.id}/hours", []
    async with browser(office.app, "lead-hours") as lead:
        assert "Nobody is marked at a meeting yet." in page_of(await lead.get(address)).text
        for number, municipality in enumerate(("2080", "2081", "2062")):
            async with office.transaction() as session:
                held = await a_held_meeting(session, people=3, project=project)
                workplace = await session.get_one(Workplace, held.employer.workplace_id)
                workplace.municipality = municipality
                office.clock.advance(held.at(200) - office.clock.now())
                marks = [Mark(person, 100 + number) for person in held.people]
                await mark_meeting(session, office.clock, held.meeting.id, marks, by=None)
            with statements_of(office.database) as sent:
                page = page_of(await lead.get(address))
            costs.append(len(sent))
        assert len(set(costs)) == 1
        assert costs[0] <= 6
        assert all(place in page.text for place in ("Falun", "Borlänge", "Mora"))
        assert "15:09" in page.text
        exported = await lead.get(f"{address}?format=csv")
        rows = list(csv.reader(io.StringIO(exported.content.decode("utf-8-sig"))))
        assert sum(int(row[2]) for row in rows[1:]) == 15 * 60 + 9
        assert {row[1] for row in rows[1:]} == {"Falun", "Borlänge", "Mora"}
        assert page_of(await lead.get(f"/booking/projects/{project.id}/figures")).tags("a", href=address)
    async with browser(office.app, "lead-hours", language="sv") as lead:
        assert "Timmar som räknas, per kommun" in page_of(await lead.get(address)).text
    async with browser(office.app, "nobody-known") as other:
        page_of(await other.get(address), 403)
