"""Certificates as people see them: on lists, as a document, by a link, and on the page where anyone checks a code."""

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlmodel import col, select, update

from services.booking.attendance.marking import Mark, correct_attendance, mark_meeting
from services.booking.attendance.signing import sign_attendance
from services.booking.people.accounts import bind_account
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from services.booking.proof.due import find_due_proofs
from services.booking.proof.issuing import look_again
from services.booking.proof.rules import in_groups
from services.booking.proof.tables import Certificate
from shared.kernel.grants import Grant, Subject
from shared.kernel.roles import Role
from tests.services.booking.held import LENGTH, Held, a_held_meeting, attendance_of
from tests.services.booking.registered import A_MONDAY, API, Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import ISSUER_ALIAS, anonymous_client


@dataclass(frozen=True)
class Issued:
    """A meeting that is over, and the certificates of those who were there."""

    office: Office
    held: Held
    certificates: dict[UUID, Certificate]
    name: str

    def certificate(self, number: int = 0) -> Certificate:
        return self.certificates[self.held.people[number]]

    def page(self, number: int = 0) -> str:
        return f"/booking/issued-certificates/{self.certificate(number).id}"

    def check(self, number: int = 0) -> str:
        return f"/booking/certificates/{in_groups(self.certificate(number).code)}"

    def link(self, number: int = 0) -> str:
        token = self.office.app.state.links.token(self.certificate(number).id, self.held.people[number])
        return f"/booking/mine/certificates/{token}"


async def _issue(office: Office, name: str, *, people: int = 2) -> Issued:
    async with office.transaction() as session:
        held = await a_held_meeting(session, people=people)
    office.clock.advance(held.at(200) - office.clock.now())
    async with office.transaction() as session:
        await mark_meeting(
            session, office.clock, held.meeting.id, [Mark(each, LENGTH) for each in held.people], by=None
        )
        for each in held.people:
            row = await attendance_of(session, held, each)
            await sign_attendance(session, office.clock, row.id, person_id=each, minutes=LENGTH)
    await _look(office)
    async with office.transaction() as session:
        found = await session.exec(select(Certificate).where(col(Certificate.run_id) == held.run.id))
        certificates = {each.participant_id: each for each in found}
    for role in (Role.PROJECT_LEAD, Role.COACH):
        await office.holder(f"{role.value}-{name}", Grant(role, project_id=held.project.id))
    await office.holder(f"contact-{name}", Grant(Role.CONTACT, employer_id=held.employer.id))
    return Issued(office, held, certificates, name)


async def _look(office: Office) -> None:
    async with office.transaction() as session:
        for each in await find_due_proofs(session, office.clock.now(), 1000):
            await look_again(session, office.clock, each)


@pytest.fixture(autouse=True)
def visitors(office: Office) -> Iterator[None]:
    with known_visitors(office.app):
        yield
    office.clock.advance(A_MONDAY - office.clock.now())


@pytest.fixture(autouse=True)
async def known_names(office: Office) -> AsyncIterator[None]:
    yield
    office.app.state.paces._level_at.clear()


def _read(document: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(document))


async def test_the_document_is_tagged_for_readers_by_ear_in_both_languages_and_the_same_each_time(
    office: Office,
) -> None:
    issued = await _issue(office, "pdf")
    async with browser(office.app, "project_lead-pdf") as lead:
        answer = await lead.get(f"{issued.page()}/document?in=sv")
        again = await lead.get(f"{issued.page()}/document?in=sv")
        english = await lead.get(f"{issued.page()}/document?in=en")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == again.content
    for document, language, words in (
        (answer.content, "sv", ("Kursintyg", "har deltagit i kursen", "Kontrollera intyget")),
        (english.content, "en", ("Course certificate", "has taken part in the course", "Check the certificate")),
    ):
        reader = _read(document)
        root: Any = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"].value is True
        assert root["/StructTreeRoot"]["/Type"] == "/StructTreeRoot"
        assert root["/Lang"] == language
        assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
        assert reader.metadata is not None
        assert reader.metadata.title is not None
        assert words[0] in reader.metadata.title
        assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
        text = "\n".join(page.extract_text() for page in reader.pages)
        assert all(word in text for word in (*words, "3:00", in_groups(issued.certificate().code)))
        assert "Region Dalarna" in text


async def test_anyone_with_the_code_sees_whether_it_is_valid_and_no_name(office: Office) -> None:
    issued = await _issue(office, "check")
    async with office.transaction() as session:
        person = await session.get_one(Person, issued.held.people[0])
        given, family = person.given_name, person.family_name
        employer = issued.held.employer.id
    async with browser(office.app, language="sv") as nobody:
        answer = await nobody.get(issued.check())
        assert answer.headers["x-robots-tag"] == "noindex"
        page = page_of(answer)
        assert "Intyget gäller" in page.text
        assert "3:00" in page.text
        assert all(each not in answer.text for each in (given, family, str(employer), issued.held.run.reference))
        right = page_of(await nobody.post(issued.check(), data=page.typed() | {"family_name": f" {family.upper()} "}))
        assert "Ja: intyget är utfärdat" in right.text
        wrong = page_of(await nobody.post(issued.check().lower(), data=page.typed() | {"family_name": "Annan"}))
        assert "Nej: intyget är utfärdat till någon med ett annat efternamn." in wrong.text
        page_of(await nobody.post(issued.check(), data=page.typed() | {"family_name": ""}), 422)
        page_of(await nobody.get("/booking/certificates/2222-2222-2222-2222-2222"), 404)
        page_of(await nobody.get("/booking/certificates/abc"), 404)
        for _ in range(20):
            last = await nobody.get("/booking/certificates/2222-2222-2222-2222-2223")
        assert last.status_code == 429
        assert (await nobody.get(issued.check())).status_code == 200, "who has a code is not slowed by who has none"
    async with anonymous_client(office.app) as program:
        checked = (await program.get(f"{API}/certificate-codes/{issued.certificate().code}")).json()
    assert checked["state"] == "valid"
    assert set(checked) == {
        *("state", "kind", "title", "project_name", "month", "first_on", "last_on"),
        *("minutes", "counted_minutes", "issued_at"),
    }


async def test_a_corrected_one_is_told_revoked_and_its_document_is_had_no_more(office: Office) -> None:
    issued = await _issue(office, "corrected")
    async with office.transaction() as session:
        row = await attendance_of(session, issued.held, issued.held.people[0])
        await correct_attendance(session, office.clock, row.id, 60, reason="Gick tidigare", by=issued.held.people[1])
    await _look(office)
    async with browser(office.app) as nobody:
        assert "The certificate is revoked" in page_of(await nobody.get(issued.check())).text
        by_link = page_of(await nobody.get(issued.link()))
        assert "It is not valid any more" in by_link.text
        assert not by_link.tags("a", download="")
        page_of(await nobody.get(f"{issued.link()}/document"), 409)
    async with browser(office.app, "project_lead-corrected") as lead:
        page = page_of(await lead.get(issued.page()))
        assert "Revoked: the time was corrected and is not signed for yet" in page.text
        assert "Revoked" in page_of(await lead.get(f"/booking/runs/{issued.held.run.id}/certificates")).text


async def test_each_sees_what_is_hers_and_the_pages_cost_the_same_whatever_their_rows(office: Office) -> None:
    counts: dict[int, list[int]] = {}
    for people in (2, 6):
        name = f"sees-{people}"
        issued = await _issue(office, name, people=people)
        project, employer = issued.held.project.id, issued.held.employer.id
        addresses = {
            f"project_lead-{name}": f"/booking/projects/{project}/certificates",
            f"coach-{name}": f"/booking/runs/{issued.held.run.id}/certificates",
            f"contact-{name}": f"/booking/projects/{project}/employers/{employer}/certificates",
        }
        counts[people] = []
        for sub, address in addresses.items():
            async with browser(office.app, sub) as reader:
                with statements_of(office.database) as sent:
                    page = page_of(await reader.get(address))
                counts[people].append(len(sent))
                assert len(page.tags("td")) >= people
                exported = await reader.get(f"{address}?format=csv&state=valid")
                assert exported.text.count("\n") == people + 1
                page_of(await reader.get(issued.page()))
    assert counts[2] == counts[6]
    assert max(counts[6]) <= 9
    async with browser(office.app, "contact-sees-2") as other:
        page_of(await other.get(issued.page()), 404)
        page_of(await other.get(f"/booking/projects/{issued.held.project.id}/certificates"), 403)


async def test_a_participant_has_hers_by_her_link_and_signed_in(office: Office) -> None:
    issued = await _issue(office, "own")
    async with office.transaction() as session:
        her = await session.get_one(Person, issued.held.people[0])
        subject = Subject(ISSUER_ALIAS, "her-own")
        await bind_account(session, office.clock, her, subject, bound_by=BoundBy.INVITATION, by=None)
    async with browser(office.app, "her-own", language="sv") as reader:
        page = page_of(await reader.get("/booking/me/certificates"))
        assert page.tags("a", href=issued.page())
        assert page_of(await reader.get(issued.page())).tags("a", href=f"{issued.page()}/document?in=sv")
        page_of(await reader.get(issued.page(1)), 404)
    async with browser(office.app) as nobody:
        page = page_of(await nobody.get(issued.link()))
        assert page.tags("a", href=f"{issued.link()}/document?in=en")
        assert (await nobody.get(f"{issued.link()}/document?in=en")).headers["content-type"] == "application/pdf"
        token = office.app.state.links.token(issued.certificate().id, issued.held.people[1])
        page_of(await nobody.get(f"/booking/mine/certificates/{token}"), 404)


async def test_a_protected_identity_has_no_public_page_and_her_name_is_for_her_alone(office: Office) -> None:
    issued = await _issue(office, "protected")
    async with office.transaction() as session:
        her = issued.held.people[0]
        await session.exec(update(Person).where(col(Person.id) == her).values(protected=True, family_name="Hemligsson"))
        person = await session.get_one(Person, her, populate_existing=True)
        subject = Subject(ISSUER_ALIAS, "her-protected")
        await bind_account(session, office.clock, person, subject, bound_by=BoundBy.INVITATION, by=None)
    async with browser(office.app) as nobody:
        page_of(await nobody.get(issued.check()), 404)
    code = in_groups(issued.certificate().code)
    texts = {}
    for sub in ("her-protected", "project_lead-protected"):
        async with browser(office.app, sub) as reader:
            answer = await reader.get(issued.page())
            assert code not in page_of(answer).text
            assert "Hemligsson" not in answer.text
            document = await reader.get(f"{issued.page()}/document?in=sv")
            texts[sub] = _read(document.content).pages[0].extract_text()
    assert "Hemligsson" in texts["her-protected"]
    assert "Hemligsson" not in texts["project_lead-protected"]
    assert all(code not in text for text in texts.values())
