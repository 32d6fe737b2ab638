"""Results divided: every figure is the sum of its rows, the totals are the project's figures, and few are not told."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import openpyxl
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.tables import Person
from services.booking.projects.rules import HourRounding
from services.booking.projects.tables import Project
from services.booking.reports.facts import IN_MINUTES, OF_PERSONS, By, Measure
from services.booking.reports.queries import get_figures
from services.booking.reports.results import (
    Reach,
    ResultRow,
    Results,
    RowsFilter,
    ask,
    get_results,
    list_rows,
    sum_behind,
)
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import IN_TWO_WEEKS, AProject, a_clock, a_project
from tests.services.booking.registered import Office
from tests.services.booking.reports.reached import Reached, something_reached
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

LATER = a_clock(IN_TWO_WEEKS + timedelta(days=1))
ALL = Reach(None, opens_rows=True)


async def results_by(session: AsyncSession, project_id: UUID, by: By, reach: Reach = ALL) -> Results:
    project = await session.get_one(Project, project_id)
    return await get_results(session, await ask(session, project, reach, by, LATER.now()), reach)


@pytest.mark.parametrize("by", By)
async def test_every_figure_is_the_sum_of_the_rows_behind_it(session: AsyncSession, by: By) -> None:
    project = await a_project(session)
    await something_reached(session, project)
    asked = await ask(session, await session.get_one(Project, project.id), ALL, by, LATER.now())
    found = await get_results(session, asked, ALL)
    for measure in Measure:
        for group, figure in [(None, found.totals[measure])] + [
            (group.key, group.amounts.get(measure, 0)) for group in found.groups
        ]:
            if group is not None and by in OF_PERSONS and measure in (Measure.WAITING, Measure.EMPLOYERS):
                continue
            query = RowsFilter(project=project.id, by=by, measure=measure, group=group, limit=3)
            behind = await sum_behind(session, asked, query)
            rows: list[ResultRow] = []
            while True:
                page = await list_rows(session, asked, query)
                rows += page.rows
                if page.next is None:
                    break
                query = query.model_copy(update={"after": page.next})
            told = (measure, group)
            if not (by in OF_PERSONS and measure in (Measure.NEEDS, Measure.MET) and group is not None):
                assert behind.amount == figure, told
            assert sum(row.amount for row in rows) == behind.amount, told
            assert len({(row.row_id, row.part_id) for row in rows}) == len(rows) == behind.rows, told
            if measure not in IN_MINUTES and measure is not Measure.WAITING:
                assert len(rows) == behind.amount, told
    if by not in OF_PERSONS:
        for measure in Measure:
            assert sum(group.amounts.get(measure, 0) for group in found.groups) == found.totals[measure], measure


@pytest.mark.parametrize("rounding", HourRounding)
async def test_the_totals_are_the_figures_of_the_project(session: AsyncSession, rounding: HourRounding) -> None:
    project = await a_project(session)
    (await session.get_one(Project, project.id)).hour_rounding = rounding.value
    await something_reached(session, project)
    figures = await get_figures(session, LATER, project.id)
    totals = (await results_by(session, project.id, By.MONTH)).totals
    assert totals == {
        Measure.PERSONS: figures.persons.reached,
        Measure.EMPLOYERS: figures.employers.reached,
        Measure.SEATS: figures.seats.booked,
        Measure.BOOKED: figures.booked_minutes,
        Measure.ATTENDED: figures.attended.counted_minutes,
        Measure.NO_SHOWS: figures.attended.no_shows,
        Measure.OUTSIDE: figures.attended.outside_minutes,
        Measure.WAITING: 3,
        Measure.NEEDS: 3,
        Measure.MET: 1,
    }
    assert totals[Measure.PERSONS] == 7
    assert totals[Measure.NO_SHOWS] == 2
    assert totals[Measure.OUTSIDE] == (90 if rounding is HourRounding.EXACT else 60)


def told_of(found: Results, measure: Measure) -> dict[str, int]:
    return {group.key: group.amounts.get(measure, 0) for group in found.groups if group.amounts.get(measure)}


async def test_what_is_reached_counts_where_people_work_and_as_what_they_are(session: AsyncSession) -> None:
    project = await a_project(session)
    reached = await something_reached(session, project)
    places = await results_by(session, project.id, By.MUNICIPALITY)
    assert told_of(places, Measure.PERSONS) == {"2080": 4, "2062": 3}
    assert told_of(places, Measure.SEATS) == {"2080": 5, "2062": 5}, "a seat without a name is where its employer is"
    assert told_of(places, Measure.WAITING) == {"2062": 3}
    assert told_of(await results_by(session, project.id, By.SECTOR), Measure.PERSONS) == {"C": 4, "unknown": 3}
    genders = await results_by(session, project.id, By.GENDER)
    assert told_of(genders, Measure.PERSONS) == {"man": 3, "woman": 3, "unknown": 1}
    (await session.get_one(Person, reached.falun.people[0])).protected = True
    await session.flush()
    genders = await results_by(session, project.id, By.GENDER)
    assert told_of(genders, Measure.PERSONS) == {"man": 3, "woman": 2, "unknown": 2}, "a protected identity is not told"
    ages = await results_by(session, project.id, By.AGE)
    assert told_of(ages, Measure.PERSONS) == {"0": 1, "1": 1, "2": 1, "3": 1, "4": 1, "unknown": 2}
    months = await results_by(session, project.id, By.MONTH)
    assert told_of(months, Measure.BOOKED) == {"2026-12": 7 * 180 + 3 * 180, "2027-01": 7 * 120}
    assert told_of(months, Measure.MET) == {"2026-10": 1}


async def test_a_coach_of_one_employer_sees_that_alone(session: AsyncSession) -> None:
    project = await a_project(session)
    reached = await something_reached(session, project)
    reach = Reach(frozenset({reached.mora.id}), opens_rows=True)
    found = await results_by(session, project.id, By.MUNICIPALITY, reach)
    assert {key for group in found.groups for key in [group.key]} == {"2062"}
    assert (found.totals[Measure.PERSONS], found.totals[Measure.SEATS], found.totals[Measure.NEEDS]) == (3, 5, 0)
    assert found.capacity is None


async def test_one_person_of_two_employers_is_counted_once_with_her_first_course(session: AsyncSession) -> None:
    project = await a_project(session)
    reached = await something_reached(session, project)
    for person_id in (reached.falun.people[0], reached.mora.people[3]):
        person = await session.get_one(Person, person_id)
        person.number_kind, person.number_sealed, person.number_hash = "personal", b"sealed", b"the same"
    await session.flush()
    found = await results_by(session, project.id, By.MUNICIPALITY)
    assert told_of(found, Measure.PERSONS) == {"2080": 4, "2062": 2}


@pytest.fixture(scope="module")
async def reached(office: Office) -> Reached:
    """The office's project, with something reached."""
    async with office.transaction() as session:
        reached = await something_reached(session, AProject(office.project_id, (office.buyer_id,)), office.clock)
    await office.holder("coach-of-one", Grant(Role.COACH, project_id=office.project_id, employer_id=reached.mora.id))
    office.clock.advance(timedelta(days=15))
    return reached


@pytest.fixture
async def lead(office: Office, reached: Reached) -> AsyncIterator[httpx.AsyncClient]:
    assert reached
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


def results_of(office: Office, **asked: str) -> str:
    given = "".join(f"&{name}={value}" for name, value in asked.items())
    return f"/booking/results?project={office.project_id}{given}"


async def test_the_page_shows_reached_beside_target_and_time_and_leads_to_rows(
    office: Office, lead: httpx.AsyncClient
) -> None:
    page = page_of(await lead.get(results_of(office, by="municipality")))
    for told in (
        "7 of 500",
        "Falun",
        "Mora",
        "1 % of the target",
        "The courses that are scheduled have 24 seats: 41 %",
    ):
        assert told in page.text, told
    links = [str(tag["href"]) for tag in page.tags("a") if "/results/rows?" in str(tag.get("href"))]
    assert len(links) > 15
    for link in links:
        page_of(await lead.get(link))
    rows = page_of(await lead.get(next(link for link in links if "measure=persons&group=2062" in link)))
    assert "3 rows make the figure." in rows.text


async def test_files_have_the_figures_of_the_page(office: Office, lead: httpx.AsyncClient) -> None:
    answer = await lead.get(results_of(office, by="municipality", format="csv"))
    by_place = {row["Municipality"]: row for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}
    assert {name: (row["Persons"], row["Seats booked"]) for name, row in by_place.items()} == {
        "Falun": ("4", "5"),
        "Mora": ("3", "5"),
    }
    page = page_of(await lead.get(results_of(office, by="municipality")))
    assert all(row["Hours booked"] in page.text for row in by_place.values())
    workbook = openpyxl.load_workbook(
        io.BytesIO((await lead.get(results_of(office, by="municipality", format="xlsx"))).content)
    )
    cells = [list(row) for row in workbook.worksheets[0].iter_rows(values_only=True)]
    assert [str(cell) for row in cells[1:] for cell in row] == [
        value for row in by_place.values() for value in row.values()
    ]
    address = results_of(office, by="gender").replace("results?", "results/rows?") + "&measure=persons&group=woman"
    answer = await lead.get(f"{address}&format=csv")
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 1 + 3


async def test_who_may_not_open_the_rows_is_not_told_of_few(office: Office, lead: httpx.AsyncClient) -> None:
    async with browser(office.app, "operator", language="sv") as operator:
        page = page_of(await operator.get(results_of(office, by="gender")))
        assert "visas inte" in page.text
        assert not [tag for tag in page.tags("a") if "/results/rows?" in str(tag.get("href"))]
        page_of(await operator.get(results_of(office).replace("results?", "results/rows?") + "&measure=persons"), 403)
    own = await office.ask("operator").get(f"projects/{office.project_id}/results?by=gender")
    assert {group["hidden"] for group in own.json()["groups"]} == {True}
    assert page_of(await lead.get(results_of(office, by="gender"))).text.count("not shown") == 0


async def test_others_see_nothing_and_a_coach_her_own(office: Office, lead: httpx.AsyncClient) -> None:
    assert lead
    async with browser(office.app, "other-lead") as other:
        page_of(await other.get(results_of(office)), 404)
    async with browser(office.app, "coach-of-one") as coach:
        page = page_of(await coach.get(results_of(office, by="municipality")))
        assert "Of the employers that you coach." in page.text
        assert ("Mora" in page.text, "Falun" in page.text) == (True, False)
        rows = results_of(office).replace("results?", "results/rows?") + "&measure=persons"
        assert "3 rows make the figure." in page_of(await coach.get(rows)).text
    rows_of_all = await office.ask("lead").get(f"projects/{office.project_id}/results/rows?measure=persons")
    assert len(rows_of_all.json()["items"]) == 7


async def test_the_page_costs_the_same_whatever_is_reached(office: Office, lead: httpx.AsyncClient) -> None:
    costs = []
    for sub, project in (("lead", office.project_id), ("other-lead", office.other_project_id)):
        async with browser(office.app, sub) as reader:
            with statements_of(office.database) as sent:
                page_of(await reader.get(f"/booking/results?project={project}"))
        costs.append(len(sent))
    assert lead
    assert costs[0] == costs[1] <= 12


async def test_an_employer_sees_the_hours_of_each_of_its_people(
    office: Office, reached: Reached, lead: httpx.AsyncClient
) -> None:
    address = f"/booking/projects/{office.project_id}/employers/{reached.falun.id}/hours"
    page = page_of(await lead.get(f"/booking/employers/{reached.falun.id}"))
    page.tag("a", href=address)
    assert "1 of 3" in page.text
    rows = list(csv.DictReader(io.StringIO((await lead.get(f"{address}?format=csv")).text.lstrip("\ufeff"))))
    assert sorted(int(row["Minutes attended"]) for row in rows) == [0, 59, 61, 180]
    assert {row["Minutes booked"] for row in rows} == {"300"}
    assert sum(int(row["Did not come"]) for row in rows) == 1
    shown = page_of(await lead.get(address))
    assert ("3:00" in shown.text, "1:01" in shown.text) == (True, True)
