"""The lead's figures as a page: what is counted, in both languages, for those who may see it, at a bounded price."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest

from services.booking.bookings.commands import Order, book_seats
from services.booking.reports.commands import note_contract
from services.booking.reports.drawing import elapsed_share, percent
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.offered import AProject, a_meeting, a_plan, a_run, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture(scope="module")
async def booked(office: Office) -> Office:
    """Two employers with people booked on two runs, and a contract."""
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        start = office.clock.now() + timedelta(days=14)
        for number in range(2):
            employer = await an_employer(session, project)
            run = await a_run(
                session,
                project,
                clock=office.clock,
                plan=a_plan(meetings=(a_meeting(start + timedelta(days=40 * number)),)),
            )
            order = Order(project.id, employer.id, run.id, 3, employer.people[:2])
            await book_seats(session, office.clock, order)
        await note_contract(
            session,
            contract_id=new_id(),
            project_id=project.id,
            value_ore=12_345_600,
            currency="SEK",
            signed_at=office.clock.now(),
        )
    return office


@pytest.fixture
async def lead(booked: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(booked.app):
        async with browser(booked.app, "lead") as lead:
            yield lead


def figures_of(office: Office) -> str:
    return f"/booking/projects/{office.project_id}/figures"


async def test_who_leads_one_project_is_led_to_its_figures(booked: Office, lead: httpx.AsyncClient) -> None:
    answer = await lead.get("/booking/projects/mine")
    assert (answer.status_code, answer.headers["location"]) == (303, figures_of(booked))


async def test_who_leads_several_chooses(booked: Office, lead: httpx.AsyncClient) -> None:
    ids = (booked.project_id, booked.other_project_id)
    await booked.holder("both", *(Grant(Role.PROJECT_LEAD, project_id=project) for project in ids))
    async with browser(booked.app, "both") as both:
        page = page_of(await both.get("/booking/projects/mine"))
    for project in ids:
        page.tag("a", href=f"/booking/projects/{project}/figures")


async def test_figures_are_told_against_their_targets_with_a_table_for_every_chart(
    booked: Office, lead: httpx.AsyncClient
) -> None:
    page = page_of(await lead.get(figures_of(booked)))
    for told in ("4 of 500", "18 of 4,500", "2 of 40", "0 % of the target", "SEK 123,456", "SEK 4,942,088", "Falun"):
        assert told in page.text, told
    assert "Hours that count by the project's rule" in page.text
    page.tag("a", href=f"/booking/projects/{booked.project_id}/attendance")
    charts = page.tags("svg", role="img")
    assert len(charts) == 3 + 4 + 1
    assert len(page.tags("table")) == 5
    for chart in charts:
        for name in str(chart["aria-labelledby"]).split():
            assert len(page.tags("title", id=name) + page.tags("desc", id=name)) == 1


async def test_figures_are_told_in_swedish(booked: Office) -> None:
    with known_visitors(booked.app):
        async with browser(booked.app, "lead", language="sv") as lead:
            page = page_of(await lead.get(figures_of(booked)))
    for told in ("4 av 500", "123\N{NO-BREAK SPACE}456\N{NO-BREAK SPACE}kr", "Personer", "2026-12", "Närvaro"):
        assert told in page.text.replace(" ", "\N{NO-BREAK SPACE}") or told in page.text, told


async def test_the_page_follows_its_figures_and_says_how_old_it_is(booked: Office, lead: httpx.AsyncClient) -> None:
    page = page_of(await lead.get(figures_of(booked)))
    (stream,) = [tag["data-sse-connect"] for tag in page.tags("div") if "data-sse-connect" in tag]
    assert str(stream).startswith(f"{figures_of(booked)}/changes?since=")
    assert page.tag("div", id="figures")["data-hx-get"] == figures_of(booked)
    page.tag("span", id="figures-at", role="status")
    assert "Load again" in page.text


async def test_the_page_costs_the_same_whatever_is_booked(booked: Office, lead: httpx.AsyncClient) -> None:
    costs = []
    for _ in range(2):
        with statements_of(booked.database) as sent:
            page_of(await lead.get(figures_of(booked)))
        costs.append(len(sent))
        async with booked.transaction() as session:
            project = AProject(booked.other_project_id, (booked.buyer_id,))
            await an_employer(session, project)
    with statements_of(booked.database) as sent:
        async with browser(booked.app, "other-lead") as other:
            page_of(await other.get(f"/booking/projects/{booked.other_project_id}/figures"))
    assert {*costs, len(sent)} == {costs[0]}
    assert costs[0] <= 17


async def test_others_see_nothing_of_it(booked: Office) -> None:
    await booked.holder("trainer", Grant(Role.TRAINER, project_id=booked.project_id))
    with known_visitors(booked.app):
        for sub, status in (("other-lead", 404), ("trainer", 403)):
            async with browser(booked.app, sub) as other:
                page_of(await other.get(figures_of(booked)), status)
                assert (await other.get(f"{figures_of(booked)}/changes")).status_code == status
        async with browser(booked.app, "trainer") as trainer:
            page_of(await trainer.get("/booking/projects/mine"), 403)


async def test_a_coach_sees_the_figures_without_the_leads_places(booked: Office) -> None:
    await booked.holder("coach", Grant(Role.COACH, project_id=booked.project_id))
    with known_visitors(booked.app):
        async with browser(booked.app, "coach") as coach:
            page = page_of(await coach.get(figures_of(booked)))
    assert "4 of 500" in page.text
    assert not page.tags("a", href=f"/booking/projects/{booked.project_id}/settings")


def test_time_elapsed_stays_between_nothing_and_all() -> None:
    begins, ends = date(2026, 1, 1), date(2026, 12, 31)
    assert elapsed_share(begins, None, begins) is None
    assert elapsed_share(begins, ends, date(2025, 1, 1)) == 0
    assert elapsed_share(begins, ends, date(2027, 1, 1)) == 1
    assert percent(elapsed_share(begins, ends, date(2026, 7, 2)) or 0) == 50
    assert percent(0.999) == 99
