"""Outside courses as people enter and decide on them: with a file as evidence, which only those allowed read."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from services.booking.needs.tables import Need
from services.booking.proof.tables import OutsideCourse, OutsideEvidence
from shared.contracts.booking import OutsideCourseDecided
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.web.limits import LARGEST_BODY
from tests.services.booking.offered import a_project, an_employer, parts
from tests.services.booking.registered import API, Office
from tests.services.booking.world import a_need
from tests.support.messaging import rows_of
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4
TYPED = {
    "title": "Kvalitetsteknik",
    "provider": "Högskolan Dalarna",
    "provider_kind": "university",
    "starts_on": "2026-09-01",
    "ends_on": "2026-11-02",
    "hours": "7,5",
}


@dataclass(frozen=True)
class Scene:
    """An employer with people and a need, and who acts: its contact, its coach and the project's lead."""

    office: Office
    name: str
    project_id: UUID
    employer_id: UUID
    person_id: UUID
    need_id: UUID
    contact_id: UUID

    @property
    def form(self) -> str:
        return (
            f"/booking/projects/{self.project_id}/employers/{self.employer_id}/people/{self.person_id}"
            "/outside-courses/new"
        )

    def sub(self, role: str) -> str:
        return f"{role}-{self.name}"

    async def enter(self, role: str = "contact", *, content: bytes = PDF, **typed: str) -> httpx.Response:
        async with browser(self.office.app, self.sub(role)) as reader:
            page = page_of(await reader.get(self.form))
            own = {name: value for name, value in page.typed().items() if name.startswith("_")}
            files = {"evidence": ("Intyg Anna Ask.pdf", content, "text/html")}
            return await reader.post(self.form, data=own | TYPED | typed, files=files)


async def _scene(office: Office, name: str, *, people: int = 2) -> Scene:
    async with office.transaction() as session:
        project = await a_project(session)
        employer = await an_employer(session, project, people=people)
        need = await a_need(session, project.id, employer.id, employer.contact)
    contact = await office.holder(f"contact-{name}", Grant(Role.CONTACT, employer_id=employer.id))
    await office.holder(f"coach-{name}", Grant(Role.COACH, project_id=project.id))
    await office.holder(f"lead-{name}", Grant(Role.PROJECT_LEAD, project_id=project.id))
    return Scene(office, name, project.id, employer.id, employer.people[0], need.id, contact)


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield


async def test_a_course_is_entered_with_evidence_and_counts_when_somebody_else_has_accepted_it(office: Office) -> None:
    scene = await _scene(office, "whole")
    done = await scene.enter(need_id=str(scene.need_id))
    assert done.status_code == 303, done.text
    address = done.headers["location"]
    outside_id = UUID(address.rpartition("/")[2])
    async with office.transaction() as session:
        row = await session.get_one(OutsideCourse, outside_id)
        assert (row.minutes, row.state, row.entered_by) == (450, "entered", scene.contact_id)
        evidence = await session.get_one(OutsideEvidence, outside_id)
        assert (evidence.content, evidence.media_type) == (PDF, "application/pdf")
    async with browser(office.app, scene.sub("contact")) as contact:
        page = page_of(await contact.get(address))
        assert "Waits for a decision" in page.text
        assert not page.tags("a", href=f"{address}/accept")
        file = await contact.get(f"{address}/evidence")
        assert file.content == PDF
        assert file.headers["content-disposition"] == 'attachment; filename="evidence.pdf"'
        assert file.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in file.headers["content-security-policy"]
        page_of(await contact.get(f"{address}/accept"), 403)
    async with browser(office.app, scene.sub("coach")) as coach:
        page = page_of(await coach.get(f"{address}/accept"))
        assert "The need “Svetsning” is then met by it." in page.text
        own = {name: value for name, value in page.typed().items() if name.startswith("_")}
        decided = await coach.post(f"{address}/accept", data=own | {"answer": "Gott underlag"})
        assert decided.headers["location"] == address
        assert "Accepted: the hours count" in page_of(await coach.get(address)).text
    async with office.transaction() as session:
        need = await session.get_one(Need, scene.need_id)
        assert (need.met_by, need.met_note) == ("outside", "Kvalitetsteknik, Högskolan Dalarna")
    told = await rows_of(office.database, "SELECT payload FROM outbox WHERE type = 'outside_course.decided.v1'")
    facts = [OutsideCourseDecided.model_validate_json(bytes(row.payload)) for row in told]
    fact = next(each for each in facts if each.outside_course_id == outside_id)
    assert (fact.is_accepted, fact.answer, fact.minutes) == (True, "Gott underlag", 450)
    assert parts(fact) == {("entered_by", scene.contact_id)}


async def test_a_wrong_file_or_period_is_told_at_its_field_and_nothing_is_kept(office: Office) -> None:
    scene = await _scene(office, "wrong")
    for content, said in (
        (b"", "Attach the evidence"),
        (b"<script>alert(1)</script>", "neither a PDF nor a picture"),
        (b"%PDF-" + bytes(4 * 1024 * 1024), "The file is larger than 4 MB."),
    ):
        page = page_of(await scene.enter(content=content), 422)
        assert said in page.text
        assert page.tag("input", id="field-title")["value"] == "Kvalitetsteknik"
    assert "still to come" in page_of(await scene.enter(ends_on="2027-01-01"), 422).text
    assert "The employer has no such need." in page_of(await scene.enter(need_id=str(new_id())), 422).text
    assert (await scene.enter(content=bytes(6 * 1024 * 1024))).status_code == 413
    async with browser(office.app, scene.sub("contact")) as contact:
        body, kind = b"x" * (LARGEST_BODY + 1), {"content-type": "multipart/form-data; boundary=x"}
        other = f"/booking/projects/{scene.project_id}/employers/{scene.employer_id}/people/new"
        assert (await contact.post(other, content=body, headers=kind)).status_code == 413
        assert (await contact.post(other, content=b"--x--", headers=kind)).status_code == 415
    async with office.transaction() as session:
        entered = await session.exec(select(OutsideCourse).where(col(OutsideCourse.project_id) == scene.project_id))
        assert entered.all() == []


async def test_it_is_declined_with_a_reason_and_what_was_accepted_leaves_its_need_again(office: Office) -> None:
    scene = await _scene(office, "declined")
    address = (await scene.enter(need_id=str(scene.need_id))).headers["location"]
    assert "entered for the person already" in page_of(await scene.enter("coach"), 422).text
    decision = f"http://127.0.0.1{API}/outside-courses/{address.rpartition('/')[2]}/decision"
    lead = office.ask(scene.sub("lead"))
    assert (await lead.post(decision, json={"state": "accepted"})).json()["state"] == "accepted"
    missing = await lead.post(decision, json={"state": "declined"})
    assert missing.json()["errors"][0]["field"] == "answer"
    assert (await lead.post(decision, json={"state": "declined", "answer": "Fel person"})).status_code == 200
    assert (await lead.post(decision, json={"state": "accepted"})).status_code == 409
    async with office.transaction() as session:
        assert (await session.get_one(Need, scene.need_id)).met_by == "nothing"
    again = await scene.enter("coach")
    assert again.status_code == 303, "what was declined can be entered anew"
    async with browser(office.app, scene.sub("coach")) as coach:
        page = page_of(await coach.get(again.headers["location"]))
        assert not page.tags("a", href=f"{again.headers['location']}/accept")
        refused = page_of(await coach.get(f"{again.headers['location']}/accept"))
        own = {name: value for name, value in refused.typed().items() if name.startswith("_")}
        told = page_of(await coach.post(f"{again.headers['location']}/accept", data=own), 422)
        assert "You entered this course yourself." in told.text


async def test_lists_cost_the_same_whatever_their_rows_and_others_see_nothing(office: Office) -> None:
    counts: dict[int, list[int]] = {}
    for courses in (1, 5):
        scene = await _scene(office, f"lists-{courses}")
        for number in range(courses):
            address = (await scene.enter(title=f"Kurs {number}")).headers["location"]
        lists = {
            scene.sub("lead"): f"/booking/projects/{scene.project_id}/outside-courses",
            scene.sub("contact"): f"/booking/projects/{scene.project_id}/employers/{scene.employer_id}/outside-courses",
        }
        counts[courses] = []
        for sub, shown in lists.items():
            async with browser(office.app, sub) as reader:
                with statements_of(office.database) as sent:
                    page_of(await reader.get(shown))
                counts[courses].append(len(sent))
                exported = await reader.get(f"{shown}?format=csv&state=entered&q=kurs")
                assert exported.text.count("\n") == courses + 1
    assert counts[1] == counts[5]
    assert max(counts[5]) <= 9
    async with browser(office.app, "contact-lists-1") as other:
        for hidden in (address, f"{address}/evidence", scene.form):
            assert (await other.get(hidden)).status_code == 404
