"""Runs are found by their words, in any form of them, and told to machines: on the pages and as an open list."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.commands import add_course, change_run
from services.booking.courses.finding import describe_runs_of
from services.booking.courses.rules import CourseKind, CoursePlan, Mode
from services.booking.courses.tables import Run
from services.booking.projects.tables import Project
from services.booking.seats.commands import schedule_run_with_pools
from shared.contracts.booking import KeptSeats
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import IN_TWO_WEEKS, AProject, a_meeting, a_plan, a_project, an_employer
from tests.services.booking.registered import API, Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.web import anonymous_client

OPEN_RUNS = f"{API}/runs"
HOSTILE = "</script><script>alert(1)</script>"


async def _offer(office: Office, project: AProject, course: CoursePlan, days: int, **changes: Any) -> UUID:  # noqa: ANN401 - of a plan
    plan = {"meetings": (a_meeting(IN_TWO_WEEKS + timedelta(days=days)),)} | changes
    async with office.transaction() as session:
        added = await add_course(session, office.clock, project_id=project.id, plan=course)
        return (await schedule_run_with_pools(session, office.clock, course=added, plan=a_plan(**plan))).id


@pytest.fixture(scope="module")
async def project(office: Office) -> AProject:
    async with office.transaction() as session:
        return await a_project(session)


@pytest.fixture(scope="module")
async def runs(office: Office, project: AProject) -> dict[str, UUID]:
    def course(title: str, description: str, area: str | None = None) -> CoursePlan:
        return CoursePlan(title, description, CourseKind.OPEN, area=area)

    online = a_meeting(IN_TWO_WEEKS + timedelta(days=4), mode=Mode.DIGITAL, place=None)
    return {
        "steel": await _offer(office, project, course("Stål", "Även något om svetsning", "Verkstadsteknik"), 0),
        "welding": await _offer(
            office, project, course("Svetsning för åkerier", "Grunder", "verkstadsteknik"), 1, price_ore=None
        ),
        "truck": await _offer(
            office, project, course("Motviktstruck", "Om mål och mening", "Logistik"), 2, municipality="1280"
        ),
        "grinding": await _offer(office, project, course("Mala kaffe", "Om kvarnar", None), 3),
        "code": await _offer(
            office, project, course(f"Node.js & C++ {HOSTILE}", "IT-säkerhet"), 4, meetings=(online,), municipality=None
        ),
    }


async def _found(office: Office, runs: dict[str, UUID], **asked: str) -> list[str]:
    names = {str(run_id): name for name, run_id in runs.items()}
    async with anonymous_client(office.app) as anyone:
        answer = await anyone.get(OPEN_RUNS, params=asked)
    assert answer.status_code == 200, answer.text
    return [names[run["run_id"]] for run in answer.json()["items"]]


@pytest.mark.parametrize(
    ("searched", "found"),
    [
        ("svetsning", ["welding", "steel"]),  # the best fit first: it is in the title
        ("Svetsningar", ["welding", "steel"]),
        ("SVETSNINGARNA", ["welding", "steel"]),
        ("svetsn", ["welding", "steel"]),
        ("åkeri", ["welding"]),
        ("akerierna", ["welding"]),
        ("malmö", ["truck"]),
        ("MALMO", ["truck"]),
        ("mål", ["truck"]),
        ("mal", ["grinding", "truck"]),
        ("truckar", ["truck"]),
        ("viktstruckarna", ["truck"]),
        ("verkstadsteknik stål", ["steel"]),
        ("svetsning för åkerier", ["welding"]),
        ("svetsning malmö", []),
        ("node.js", ["code"]),
        ("c++", ["code"]),
        ("it-säkerhet", ["code"]),
        ("sakerh", ["code"]),
        ("lyftkraft logistik", ["truck"]),
        ("magasinet truck", ["truck"]),
        ("'; DROP TABLE runs; --", []),
        ("&|!():*<->", []),
        ("²", []),
    ],
)
async def test_a_run_is_found_by_its_words_in_any_of_their_forms(
    office: Office, runs: dict[str, UUID], searched: str, found: list[str]
) -> None:
    assert await _found(office, runs, q=searched) == found


async def test_a_run_is_found_by_its_number_or_the_beginning_of_it(office: Office, runs: dict[str, UUID]) -> None:
    async with office.transaction() as session:
        reference = (await session.get_one(Run, runs["truck"])).reference
    for searched in (reference, reference.lower(), reference[:-2]):
        assert "truck" in await _found(office, runs, q=searched)


async def test_the_reader_may_have_what_fits_by_time_and_by_area(office: Office, runs: dict[str, UUID]) -> None:
    assert await _found(office, runs, q="svetsning", sort="starts") == ["steel", "welding"]
    assert await _found(office, runs, q="svetsning", sort="-starts") == ["welding", "steel"]
    assert await _found(office, runs, area="Verkstadsteknik") == ["steel", "welding"]  # one area, however it is written
    assert await _found(office, runs, mode="digital", seats="free") == ["code"]


async def test_the_best_fit_goes_on_over_pages(office: Office, runs: dict[str, UUID]) -> None:
    async with anonymous_client(office.app) as anyone:
        first = (await anyone.get(OPEN_RUNS, params={"q": "svetsning", "limit": 1})).json()
        after = {"q": "svetsning", "limit": 1, "after": first["next"]}
        second = (await anyone.get(OPEN_RUNS, params=after)).json()
    assert [page["items"][0]["run_id"] for page in (first, second)] == [str(runs["welding"]), str(runs["steel"])]
    assert second["next"] is None


async def test_words_follow_what_becomes_of_a_run_and_its_project(office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session)
    plan = CoursePlan("Keramik", "Drejning", CourseKind.OPEN)
    ours = {"pots": await _offer(office, project, plan, 9)}
    assert await _found(office, ours, q="drejning magasinet") == ["pots"]
    async with office.transaction() as session:
        run = await session.get_one(Run, ours["pots"])
        moved = a_meeting(run.starts_at, place="Ladugården")
        await change_run(session, office.clock, run=run, meetings=[moved], reason="Bättre plats", recipients=())
        (await session.get_one(Project, project.id)).name = "Hantverkslyftet"
        await describe_runs_of(session, project.id)
    assert await _found(office, ours, q="drejning magasinet") == []
    assert await _found(office, ours, q="ladugårdar drejning hantverkslyftet") == ["pots"]


async def test_the_database_finds_words_by_its_indexes(office: Office, runs: dict[str, UUID]) -> None:
    async with office.transaction() as session:
        await session.exec(text("SET LOCAL enable_seqscan = off"))  # type: ignore[call-overload]  # plain SQL
        plan = await session.exec(
            text(  # type: ignore[call-overload]  # plain SQL
                "EXPLAIN SELECT run_id FROM run_words WHERE words @@ plainto_tsquery('swedish', 'svetsning')"
                " OR title LIKE '%svetsning%'"
            )
        )
        told = "\n".join(row[0] for row in plan)
    assert "ix_run_words_words" in told
    assert "ix_run_words_title" in told
    assert len(runs) == 5


async def test_the_open_list_tells_what_everyone_may_know(office: Office) -> None:
    async with office.transaction() as session:
        project = await a_project(session)
        employer = await an_employer(session, project)
        course = await add_course(
            session,
            office.clock,
            project_id=project.id,
            plan=CoursePlan("Hemlig gäst", "För alla", CourseKind.TAILORED),
        )
        kept = [KeptSeats(employer_id=employer.id, seats=2, request_id=None)]
        run = await schedule_run_with_pools(session, office.clock, course=course, plan=a_plan(), kept=kept)
    async with anonymous_client(office.app) as anyone:
        answer = await anyone.get(OPEN_RUNS, params={"q": "hemlig gäst"})
        again = await anyone.get(
            OPEN_RUNS, params={"q": "hemlig gäst"}, headers={"if-none-match": answer.headers["etag"]}
        )
        (told,) = answer.json()["items"]
        assert told["address"] == f"{office.app.state.parts.origin}/booking/runs/{run.id}"
        assert (told["capacity"], told["free_seats"], told["municipality_name"]) == (12, 10, "Falun")
        assert told["meetings"][0].keys() == {"starts_at", "ends_at", "mode", "place"}
        assert str(employer.id) not in answer.text
        assert not {name for name in told if "kept" in name or "taken" in name}
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "max-age=60" in answer.headers["cache-control"]
        assert (again.status_code, again.content) == (304, b"")
        async with office.transaction() as session:
            order = Order(project.id, employer.id, run.id, seats=3)
            await book_seats(session, office.clock, order)
        booked = await anyone.get(
            OPEN_RUNS, params={"q": "hemlig gäst"}, headers={"if-none-match": f"W/{answer.headers['etag']}"}
        )
        assert booked.json()["items"][0]["free_seats"] == 9
        assert (await anyone.get(OPEN_RUNS, params={"after": "nonsense"})).status_code == 422


def _linked(answer: httpx.Response) -> list[dict[str, Any]]:
    page_of(answer)
    opening = '<script type="application/ld+json">'
    assert answer.text.count(opening) == 1
    data = json.loads(answer.text.partition(opening)[2].partition("</script>")[0])
    assert data["@context"] == "https://schema.org"
    graph: list[dict[str, Any]] = data["@graph"]
    return graph


async def test_pages_without_sign_in_tell_machines_what_is_offered(office: Office, runs: dict[str, UUID]) -> None:
    with known_visitors(office.app):
        async with browser(office.app) as anyone:
            courses = {course["name"]: course for course in _linked(await anyone.get("/booking/runs"))}
            (truck,) = _linked(await anyone.get(f"/booking/runs/{runs['truck']}"))
            empty = await anyone.get("/booking/runs?q=nothingness")
    assert "ld+json" not in empty.text
    (instance,) = truck["hasCourseInstance"]
    (listed,) = courses["Motviktstruck"]["hasCourseInstance"]
    assert listed.items() < instance.items()
    assert [meeting["startDate"] for meeting in instance["subEvent"]] == [instance["startDate"]]
    assert (truck["@type"], truck["about"]) == ("Course", "Logistik")
    assert instance["url"] == f"{office.app.state.parts.origin}/booking/runs/{runs['truck']}"
    assert (instance["@type"], instance["courseMode"], instance["courseWorkload"]) == (
        "CourseInstance",
        "Onsite",
        "PT180M",
    )
    assert instance["location"][0]["address"]["addressLocality"] == "Malmö"
    assert instance["offers"]["category"] == "Free"
    assert instance["remainingAttendeeCapacity"] == 12
    assert f"Node.js & C++ {HOSTILE}" in courses  # and it ended no element
    (online,) = courses[f"Node.js & C++ {HOSTILE}"]["hasCourseInstance"]
    assert [place["@type"] for place in online["location"]] == ["VirtualLocation"]


async def test_a_page_for_somebody_who_is_signed_in_is_not_made_longer_by_it(
    office: Office, runs: dict[str, UUID]
) -> None:
    await office.holder("lead-reading", Grant(Role.PROJECT_LEAD, project_id=office.project_id))
    with known_visitors(office.app):
        async with browser(office.app, "lead-reading") as lead:
            for address in ("/booking/runs", f"/booking/runs/{runs['truck']}"):
                assert "ld+json" not in (await lead.get(address)).text


async def test_a_lead_gives_a_course_its_area(office: Office) -> None:
    grant = Grant(Role.PROJECT_LEAD, project_id=office.project_id)
    await office.holder("lead-of-areas", grant)
    new = f"/booking/projects/{office.project_id}/courses/new"
    given = {"title": "Laga mat", "description": "För alla", "language": "sv", "kind": "open"}
    with known_visitors(office.app):
        async with browser(office.app, "lead-of-areas") as lead:
            for area in ("Kök", "kök"):
                typed = page_of(await lead.get(new)).typed()
                answer = await lead.post(new, data={**typed, **given, "area": area})
                assert answer.status_code == 303, answer.text
            page = page_of(await lead.get(new))
            listed = page_of(await lead.get(f"/booking/projects/{office.project_id}/courses"))
    assert page.tag("datalist", id="suggested-area")
    assert page.tags("option", value="Kök")
    assert "Kök" in listed.text
    async with office.transaction() as session:
        added = await session.exec(text("SELECT area FROM courses WHERE title = 'Laga mat'"))  # type: ignore[call-overload]  # plain SQL
    assert [row[0] for row in added] == ["Kök", "Kök"]
