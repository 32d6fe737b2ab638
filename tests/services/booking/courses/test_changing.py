"""Changing a course: each word with its row of the history, seen by nobody else meanwhile, and found from then on."""

from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.changing import change_course
from services.booking.courses.queries import areas_of, course_history, get_course
from services.booking.courses.rules import CourseWords
from shared.kernel.errors import Conflict, Refused
from tests.services.booking.offered import AProject, a_clock, a_project, a_run
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, browser, known_visitors, page_of
from tests.support.statements import statements_of

WHY = "Rubriken var fel"


async def test_each_word_that_is_new_has_its_row(session: AsyncSession) -> None:
    project = await a_project(session)
    course_id = (await a_run(session, project)).course_id
    words = CourseWords("Svetsning för alla", "Grunder", "Teknik", "en")
    course = await change_course(session, a_clock(), course_id, words, reason=WHY, version=1)
    assert (course.title, course.area, course.language, course.version) == ("Svetsning för alla", "Teknik", "en", 2)
    rows = [(row.change, row.before, row.after) for row in await course_history(session, course_id)]
    assert rows[0] == ("added", None, None)
    assert set(rows[1:]) == {
        ("title", "Svetsning", "Svetsning för alla"),
        ("area", None, "Teknik"),
        ("language", "sv", "en"),
    }
    with pytest.raises(Conflict):
        await change_course(session, a_clock(), course_id, words, reason=WHY, version=1)
    with pytest.raises(Refused):
        await change_course(session, a_clock(), course_id, words, reason=WHY, version=2)
    anew = CourseWords("Svetsning för alla", "Alla grunder", "TEKNIK", "en")
    await change_course(session, a_clock(), course_id, anew, reason=WHY, version=2)
    assert list(await areas_of(session, project.id)) == ["Teknik"]
    last = (await course_history(session, course_id))[-1]
    assert (last.change, last.before, last.after, last.reason) == ("description", None, None, WHY)


async def _found(client: httpx.AsyncClient, words: str, run_id: UUID) -> bool:
    page = page_of(await client.get("/booking/runs", params={"q": words}))
    return bool(page.tags("a", href=f"/booking/runs/{run_id}"))


async def test_the_lead_changes_a_course_and_its_runs_are_found_by_the_new_words(office: Office) -> None:
    async with office.transaction() as session:
        run = await a_run(session, AProject(office.project_id, (office.buyer_id,)), clock=office.clock)
    address = f"/booking/courses/{run.course_id}/change"
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead, browser(office.app, "other-lead") as other:
            page_of(await other.get(address), 404)
            listed = page_of(await lead.get(f"/booking/projects/{office.project_id}/courses"))
            assert listed.tags("a", href=address)
            with statements_of(office.database) as sent:
                page = page_of(await lead.get(address))
            assert len(sent) <= 12
            given = {**page.typed(), "_csrf": TOKEN, "title": "Lödning", "description": "Grunder", "language": "sv"}
            wrong = page_of(await lead.post(address, data={**given, "reason": ""}), 422)
            assert wrong.tag("input", id="field-title")["value"] == "Lödning"
            answer = await lead.post(address, data={**given, "reason": "A wrong title"})
            assert answer.status_code == 303, answer.text
            assert await _found(lead, "lödning", run.id)
            assert not await _found(lead, "svetsning", run.id)
            shown = page_of(await lead.get(address))
            for expected in ("Title: Lödning, before that Svetsning", "A wrong title", "Per lead"):
                assert expected in shown.text, expected
    async with office.database.sessions() as session:
        assert (await get_course(session, run.course_id)).version == 2
