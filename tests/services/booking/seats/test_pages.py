"""The public catalogue: words in any case and parts of words, filters that keep the state, files of every row."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.commands import add_course
from services.booking.courses.rules import CourseKind, CoursePlan, Mode
from services.booking.seats.commands import schedule_run_with_pools
from tests.services.booking.offered import IN_TWO_WEEKS, AProject, a_meeting, a_plan, a_project, an_employer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

RUNS = "/booking/runs"


async def _offer(
    office: Office,
    project: AProject,
    title: str,
    *,
    days: int = 0,
    mode: Mode = Mode.PHYSICAL,
    place: str | None = "Magasinet",
    **plan: Any,  # noqa: ANN401 - as a plan has them
) -> str:
    """Schedule a run, so many days after the first, and return its id."""
    meeting = a_meeting(IN_TWO_WEEKS + timedelta(days=days), mode=mode, place=place)
    course = CoursePlan(title, "Grunder", CourseKind.OPEN)
    async with office.transaction() as session:
        added = await add_course(session, office.clock, project_id=project.id, plan=course)
        run = await schedule_run_with_pools(
            session, office.clock, course=added, plan=a_plan(meetings=(meeting,), **plan)
        )
        return str(run.id)


@pytest.fixture(scope="module")
async def offered(office: Office) -> dict[str, str]:
    """Four runs to come, one that is full and one that has begun."""
    async with office.transaction() as session:
        project = await a_project(session)
        other = await a_project(session)
        employer = await an_employer(session, project)
    made = {
        "welding": await _offer(office, project, "Svetsning för ÅKERIER"),
        "sales": await _offer(
            office, project, "Digital försäljning", days=7, mode=Mode.DIGITAL, place=None, municipality=None
        ),
        "leading": await _offer(
            office, other, "Nära ledarskap", days=14, municipality="2062", place="Församlingshuset"
        ),
        "full": await _offer(office, project, "Hygien", days=21, capacity=2),
        "begun": await _offer(office, project, "Historia", days=-20),
    }
    async with office.transaction() as session:
        await book_seats(session, office.clock, Order(project.id, employer.id, UUID(made["full"]), seats=2))
    return made


@pytest.fixture
async def anyone(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app) as client:
            yield client


async def _listed(client: httpx.AsyncClient, offered: dict[str, str], question: str = "") -> list[str]:
    """Return by name the runs that the page lists, in its order."""
    page = page_of(await client.get(f"{RUNS}{question}"))
    names = {f"/booking/runs/{run_id}": name for name, run_id in offered.items()}
    return [names[str(link["href"])] for link in page.tags("a") if str(link["href"]) in names]


async def test_everyone_sees_what_is_to_come_with_its_free_seats(
    anyone: httpx.AsyncClient, offered: dict[str, str]
) -> None:
    assert await _listed(anyone, offered) == ["welding", "sales", "leading", "full"]
    page = page_of(await anyone.get(RUNS))
    for told in ("12 of 12 seats free", "No free seats", "7 Dec 2026, 10:00", "Falun", "online", "Mora"):
        assert told in page.text, told


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("?q=åkerier", ["welding"]),
        ("?q=FÖRSÄLJ", ["sales"]),
        ("?q=svets+falun", ["welding"]),
        ("?q=svets+mora", []),
        ("?q=församling", ["leading"]),
        ("?q=mora", ["leading"]),
        ("?q=100%25", []),
        ("?municipality=2062", ["leading"]),
        ("?mode=digital", ["sales"]),
        ("?seats=free", ["welding", "sales", "leading"]),
        ("?from=2026-12-10&to=2026-12-21", ["sales", "leading"]),
        ("?from=2026-11-01&to=2026-12-07", ["begun", "welding"]),
        ("?sort=title", ["sales", "full", "leading", "welding"]),
        ("?sort=-starts", ["full", "leading", "sales", "welding"]),
        ("?q=&municipality=&mode=&seats=&from=&to=", ["welding", "sales", "leading", "full"]),
    ],
)
async def test_the_catalogue_is_searched_filtered_and_sorted(
    anyone: httpx.AsyncClient, offered: dict[str, str], question: str, names: list[str]
) -> None:
    assert await _listed(anyone, offered, question) == names


async def test_pages_follow_each_other_with_the_filter_kept(anyone: httpx.AsyncClient, offered: dict[str, str]) -> None:
    seen: list[str] = []
    question = "?seats=free&sort=title&limit=2"
    while question:
        seen += await _listed(anyone, offered, question)
        following = page_of(await anyone.get(f"{RUNS}{question}")).tags("a", rel="next")
        question = str(following[0]["href"]).removeprefix(RUNS) if following else ""
        assert not question or ("seats=free" in question and "sort=title" in question)
    assert seen == ["sales", "leading", "welding"]


async def test_the_state_of_the_list_is_in_its_link(anyone: httpx.AsyncClient, offered: dict[str, str]) -> None:
    page = page_of(await anyone.get(f"{RUNS}?q=svets&mode=physical"))
    assert page.tag("input", name="q")["value"] == "svets"
    assert "selected" in page.tag("option", value="physical")
    assert page.tags("a", href=f"{RUNS}?q=svets&mode=physical&format=csv")
    empty = page_of(await anyone.get(f"{RUNS}?q=nothing-like-it"))
    assert "Take away a condition or a word" in empty.text
    assert empty.tags("a", href=RUNS)


async def test_every_row_is_had_as_a_file_in_the_reader_s_language(office: Office, offered: dict[str, str]) -> None:
    with known_visitors(office.app):
        async with browser(office.app, language="sv") as reader:
            answer = await reader.get(f"{RUNS}?sort=title&format=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Kurs;Nummer;Område;Projekt;Börjar;Slutar")
    assert [line.partition(";")[0] for line in lines[1:]] == [
        "Digital försäljning",
        "Hygien",
        "Nära ledarskap",
        "Svetsning för ÅKERIER",
    ]
    assert "på plats" in lines[-1]
    assert len(offered) == 5


async def test_for_whom_one_looks_goes_on_to_the_run(anyone: httpx.AsyncClient, offered: dict[str, str]) -> None:
    question = "?employer=01a20297-592e-749c-97c7-aba6afd47d6a&need=01a20297-592e-749c-97c7-aba6afd47d6b"
    page = page_of(await anyone.get(f"{RUNS}{question}"))
    assert page.tags("a", href=f"{RUNS}/{offered['welding']}{question}")


async def test_a_page_costs_as_many_statements_however_many_rows(
    office: Office, anyone: httpx.AsyncClient, offered: dict[str, str]
) -> None:
    costs = []
    for question in ("?q=svets", ""):
        with statements_of(office.database) as statements:
            await _listed(anyone, offered, question)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 10


async def test_an_address_that_asks_for_something_else_is_refused(anyone: httpx.AsyncClient) -> None:
    for question in ("?mode=telepathy", "?municipality=Falun", "?from=soon", "?nonsense=1"):
        assert (await anyone.get(f"{RUNS}{question}")).status_code == 422, question
