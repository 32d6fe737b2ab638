"""Marking and signing as people do it: the trainer on a phone, the participant by her link, the lead, the employer."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.door import shown_code
from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.signing import send_code
from services.booking.people.accounts import bind_account
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from shared.kernel.grants import Grant, Subject
from shared.kernel.personal_links import PersonalLinks
from shared.kernel.roles import Role
from tests.services.booking.held import LENGTH, Held, a_held_meeting, attendance_of
from tests.services.booking.registered import A_MONDAY, API, Office
from tests.support.pages import PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import ISSUER_ALIAS, anonymous_client, problem_of


@dataclass(frozen=True)
class Stage:
    """A meeting, who holds it, and its addresses."""

    office: Office
    held: Held
    links: PersonalLinks
    trainer: str
    lead: str

    @property
    def marking(self) -> str:
        return f"/booking/meetings/{self.held.meeting.id}/attendance"

    def link(self, person: UUID) -> str:
        return f"/booking/mine/{self.links.token(self.held.meeting.id, person)}"

    def at(self, minutes: float) -> None:
        """Let the office's clock stand so many minutes after the meeting has begun."""
        self.office.clock.advance(self.held.at(minutes) - self.office.clock.now())

    async def attendance(self, person: UUID) -> UUID:
        async with self.office.transaction() as session:
            return (await attendance_of(session, self.held, person)).id


async def _stage(office: Office, name: str, *, people: int = 3) -> Stage:
    async with office.transaction() as session:
        held = await a_held_meeting(session, people=people)
    trainer, lead = f"trainer-{name}", f"lead-{name}"
    await office.holder(trainer, Grant(Role.TRAINER, project_id=held.project.id))
    await office.holder(lead, Grant(Role.PROJECT_LEAD, project_id=held.project.id))
    return Stage(office, held, office.app.state.links, trainer, lead)


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield
    office.clock.advance(A_MONDAY - office.clock.now())


def _typed(page: PageText, **chosen: str) -> dict[str, str]:
    return page.typed() | {name.replace("__", "."): value for name, value in chosen.items()}


async def test_the_trainer_marks_a_whole_meeting_and_what_nobody_touched_stays(office: Office) -> None:
    stage = await _stage(office, "marks")
    stage.at(5)
    async with browser(office.app, stage.trainer) as trainer:
        meetings = page_of(await trainer.get("/booking/meetings"))
        assert "0 of 3" in meetings.text
        assert meetings.tags("a", href=stage.marking)
        page = page_of(await trainer.get(stage.marking))
        assert page.tag("script", src=page.tags("script")[-1]["src"] or "")["defer"] is None
        assert page.tag("form", data_keeps_marks=str(stage.held.meeting.id))
        missing = _typed(page, marks__0__presence="part", marks__1__presence="none")
        wrong = page_of(await trainer.post(stage.marking, data=missing), 422)
        assert "Say how many minutes she was there." in wrong.text
        sent = _typed(wrong, marks__0__presence="part", marks__0__minutes="60", marks__1__presence="none")
        done = await trainer.post(stage.marking, data=sent | {"all_here": "true"})
        assert (done.status_code, done.headers["location"]) == (303, f"{stage.marking}?saved=3")
        again = await trainer.post(stage.marking, data=sent | {"all_here": "true"})
        assert again.headers["location"] == done.headers["location"], "the same key is carried out once"
        page = page_of(await trainer.get(done.headers["location"]))
        assert "3 marks are saved." in page.text
        assert page.tag("input", name="marks.0.minutes")["value"] == "60"
        untouched = await trainer.post(stage.marking, data=_typed(page))
        assert untouched.headers["location"] == f"{stage.marking}?saved=0"
        assert "All of 3" in page_of(await trainer.get("/booking/meetings")).text


async def test_before_it_begins_nobody_is_marked_and_others_do_not_see_it(office: Office) -> None:
    stage = await _stage(office, "before")
    stage.at(-60)
    async with browser(office.app, stage.trainer) as trainer:
        page = page_of(await trainer.get(stage.marking))
        assert "The meeting has not begun" in page.text
        assert not page.tags("form", data_keeps_marks=str(stage.held.meeting.id))
        assert (
            "A code is shown here from"
            in page_of(await trainer.get(f"/booking/meetings/{stage.held.meeting.id}/door")).text
        )
    async with browser(office.app, "other-lead") as other:
        page_of(await other.get(stage.marking), 404)
    async with browser(office.app, stage.trainer, language="sv") as trainer:
        assert "Kurspasset har inte börjat" in page_of(await trainer.get(stage.marking)).text


async def test_the_pages_cost_the_same_whatever_the_number_of_people(office: Office) -> None:
    counts: dict[int, list[int]] = {}
    for people in (2, 9):
        stage = await _stage(office, f"cost-{people}", people=people)
        stage.at(200)
        async with office.transaction() as session:
            marks = [Mark(person, LENGTH) for person in stage.held.people]
            await mark_meeting(session, office.clock, stage.held.meeting.id, marks, by=None)
        addresses = (stage.marking, f"/booking/runs/{stage.held.run.id}/attendance", "/booking/meetings")
        async with browser(office.app, stage.trainer) as trainer:
            counts[people] = []
            for address in addresses:
                with statements_of(office.database) as sent:
                    page_of(await trainer.get(address))
                counts[people].append(len(sent))
    assert counts[2] == counts[9]
    assert max(counts[9]) <= 9


async def test_the_participant_signs_by_her_link_without_signing_in(office: Office) -> None:
    stage = await _stage(office, "link")
    her = stage.held.people[0]
    link = stage.link(her)
    stage.at(-20)
    async with browser(office.app, language="sv") as nobody:
        page = page_of(await nobody.get(link))
        assert "Anmäl att du har kommit" in page.text
        wrong = page_of(await nobody.post(link, data=_typed(page) | {"code": "000 000"}), 422)
        assert "Det är inte koden som visas nu" in wrong.text
        code, _ = shown_code(office.keys, stage.held.meeting.id, office.clock.now())
        came = await nobody.post(link, data=_typed(page) | {"code": code, "_key": "come"})
        assert came.headers["location"] == f"{link}?told=arrived"
        assert "Du är noterad som här" in page_of(await nobody.get(came.headers["location"])).text
        stage.at(180)
        page = page_of(await nobody.get(link))
        assert "Genom att signera intygar du att du var med i 180 minuter" in page.text
        assert "Berg" not in page.text, "whoever has the link reads no name"
        signed = await nobody.post(link, data=_typed(page))
        assert signed.headers["location"] == f"{link}?told=signed"
        assert "Tack: din tid är signerad." in page_of(await nobody.get(signed.headers["location"])).text
        page_of(await nobody.get("/booking/mine/AAAA"), 404)
        stage.at(200 * 24 * 60)
        page_of(await nobody.get(link), 404)


async def test_the_participant_signs_signed_in_and_sees_her_own_alone(office: Office) -> None:
    stage = await _stage(office, "own")
    her = stage.held.people[0]
    async with office.transaction() as session:
        person = await session.get_one(Person, her)
        await _bind(office, session, person, "participant-own")
        await mark_meeting(session, stage.held.after(5), stage.held.meeting.id, [Mark(her, 60)], by=None)
    stage.at(100)
    own = f"/booking/me/meetings/{stage.held.meeting.id}"
    async with browser(office.app, "participant-own") as participant:
        assert page_of(await participant.get("/booking/me/attendance")).tags("a", href=own)
        page = page_of(await participant.get(own))
        assert (await participant.post(own, data=_typed(page))).headers["location"] == f"{own}?told=signed"
        assert "Signed by link" in page_of(await participant.get("/booking/me/attendance")).text
    async with browser(office.app, stage.trainer) as stranger:
        page_of(await stranger.get(own), 404)


async def _bind(office: Office, session: AsyncSession, person: Person, sub: str) -> None:
    subject = Subject(ISSUER_ALIAS, sub)
    await bind_account(session, office.clock, person, subject, bound_by=BoundBy.LOADING, by=None)


async def test_she_signs_on_the_trainers_device_by_the_code_that_she_was_sent(office: Office) -> None:
    stage = await _stage(office, "code")
    her = stage.held.people[0]
    async with office.transaction() as session:
        await mark_meeting(session, stage.held.after(5), stage.held.meeting.id, [Mark(her, LENGTH)], by=None)
    stage.at(180)
    attendance_id = await stage.attendance(her)
    here = f"/booking/attendance/{attendance_id}"
    async with browser(office.app, stage.trainer) as trainer:
        page = page_of(await trainer.get(f"{here}/sign"))
        sent = await trainer.post(f"{here}/send-code", data={"_csrf": page.typed()["_csrf"]})
        assert sent.headers["location"] == f"{here}/sign?sent=true"
        async with office.transaction() as session:
            code = await send_code(session, office.clock, attendance_id, by=stage.held.employer.contact)
        right = stage.links.code(code.id)
        page = page_of(await trainer.get(f"{here}/sign"))
        wrong = await trainer.post(f"{here}/sign", data=_typed(page) | {"code": f"{(int(right) + 1) % 10_000:04d}"})
        assert wrong.headers["location"] == f"{here}/sign?left=4"
        page = page_of(await trainer.get(wrong.headers["location"]))
        assert "4 tries are left." in page.text
        signed = await trainer.post(f"{here}/sign", data=_typed(page) | {"code": right})
        assert signed.headers["location"] == here
        page = page_of(await trainer.get(here))
        assert "Signed by code: 180 minutes" in page.text
        assert right not in page.text
        assert page_of(await trainer.get(stage.marking)).tags("a", href=here)


async def test_the_lead_corrects_notes_and_reads_who_has_not_signed(office: Office) -> None:
    stage = await _stage(office, "lead")
    her, other = stage.held.people[:2]
    async with office.transaction() as session:
        marks = [Mark(her, LENGTH), Mark(other, 0)]
        await mark_meeting(session, stage.held.after(5), stage.held.meeting.id, marks, by=None)
    stage.at(300)
    here = f"/booking/attendance/{await stage.attendance(her)}"
    unsigned = f"/booking/projects/{stage.held.project.id}/unsigned"
    async with browser(office.app, stage.lead) as lead:
        assert page_of(await lead.get(unsigned)).tags("a", href=here)
        page = page_of(await lead.get(f"{here}/correct"))
        wrong = page_of(
            await lead.post(f"{here}/correct", data=_typed(page) | {"minutes": "181", "reason": "Fel"}), 422
        )
        assert wrong.tag("input", name="minutes")["aria-invalid"] == "true"
        done = await lead.post(
            f"{here}/correct", data=_typed(page) | {"minutes": "120", "reason": "Gick efter lunchen"}
        )
        assert done.headers["location"] == here
        page = page_of(await lead.get(f"{here}/note"))
        noted = {"way": "paper", "evidence": "Dagens lista, skannad"}
        assert (await lead.post(f"{here}/note", data=_typed(page) | noted)).headers["location"] == here
        page = page_of(await lead.get(here))
        for each in (
            "Corrected from 180 to 120 minutes",
            "Gick efter lunchen",
            "Dagens lista, skannad",
            "Per lead-lead",
        ):
            assert each in page.text, each
        assert "All attended time is signed for." in page_of(await lead.get(unsigned)).text
        run = f"/booking/runs/{stage.held.run.id}/attendance"
        assert "Did not come" in page_of(await lead.get(f"{run}?shown=no_show")).text
        file = await lead.get(f"{run}?format=csv")
        assert file.headers["content-type"].startswith("text/csv")
        assert len(file.text.strip().splitlines()) == 1 + len(stage.held.people)


async def test_the_employer_reads_its_own_people_and_a_protected_name_is_read_by_nobody(office: Office) -> None:
    stage = await _stage(office, "employer")
    her = stage.held.people[0]
    async with office.transaction() as session:
        person = await session.get_one(Person, her)
        person.given_name, person.protected = "Hemlig", True
        await mark_meeting(session, stage.held.after(5), stage.held.meeting.id, [Mark(her, 60)], by=None)
    await office.holder("contact-employer", Grant(Role.CONTACT, employer_id=stage.held.employer.id))
    stage.at(10)
    booking = f"/booking/bookings/{stage.held.booking.id}"
    async with browser(office.app, "contact-employer") as contact:
        assert page_of(await contact.get(booking)).tags("a", href=f"{booking}/attendance")
        page = page_of(await contact.get(f"{booking}/attendance"))
        assert "There for a part" in page.text
        assert "Hemlig" not in page.text
        page_of(await contact.get(stage.marking), 403)
    async with browser(office.app, stage.trainer) as trainer:
        text = page_of(await trainer.get(stage.marking)).text
        assert "Hemlig" not in text
        assert "Participant B-" in text, "told apart by booking and seat"


async def test_a_program_marks_corrects_and_lists(office: Office) -> None:
    stage = await _stage(office, "api")
    stage.at(200)
    trainer = office.ask(stage.trainer)
    her = stage.held.people[0]
    path = f"meetings/{stage.held.meeting.id}/attendance"
    body = {"marks": [{"person_id": str(her), "minutes": 60}]}
    assert (await trainer.post(path, json=body)).json() == {"changed": 1}
    wrong = {"marks": [{"person_id": str(her), "minutes": 200}]}
    problem_of(await trainer.post(path, json=wrong), 422, "minutes_beyond_meeting", field="marks.0.minutes")
    sheet = (await trainer.get(path)).json()
    assert [each["standing"] for each in sheet["people"] if each["person_id"] == str(her)] == ["partly"]
    one = f"attendance/{await stage.attendance(her)}"
    corrected = await trainer.post(f"{one}/correction", json={"minutes": 90, "reason": "Räknade fel"})
    assert corrected.json()["minutes"] == 90
    whole = (await trainer.get(one)).json()
    assert [each["change"] for each in whole["history"]] == ["trainer", "corrected"]
    sent = await trainer.post(f"{one}/code")
    assert set(sent.json()) == {"expires_at"}, "the digits are told to the participant alone"
    tried = await trainer.post(f"{one}/code-signature", json={"code": "0000"})
    assert tried.status_code == 200
    listed = (await trainer.get(f"runs/{stage.held.run.id}/attendance?shown=attended")).json()
    assert [each["minutes"] for each in listed["items"]] == [90]
    unsigned = (await office.ask(stage.lead).get(f"projects/{stage.held.project.id}/unsigned-attendance")).json()
    assert len(unsigned["items"]) <= 1
    async with anonymous_client(office.app) as nobody:
        problem_of(await nobody.get(f"{API}/own-attendance"), 401, "not_signed_in")
    problem_of(await trainer.post(f"{one}/signature", json={"minutes": 90}), 404, "attendance_not_found")
    response: httpx.Response = await trainer.get("own-attendance")
    assert response.json() == {"items": [], "next": None}
