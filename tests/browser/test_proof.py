"""A certificate and an outside course in a real browser: sound on a small phone, document and evidence as files."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import col, select

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.signing import sign_attendance
from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import meetings_of
from services.booking.people.tables import Person
from services.booking.projects.commands import project_id_of
from services.booking.proof.issuing import look_again
from services.booking.proof.rules import in_groups
from services.booking.proof.tables import Certificate
from shared.kernel.clock import machine_now
from tests.browser.looking import PHONE, Seen, a_reader, sign_in
from tests.browser.portal import Portal
from tests.services.booking.held import Held, attendance_of
from tests.services.booking.offered import AProject, a_clock, a_meeting, a_plan, a_run, an_employer

_WAIT = 60_000


@pytest.fixture
async def held(portal: Portal) -> Held:
    """A meeting that is over, with two people who have signed for it and have their certificates."""
    now = machine_now().replace(microsecond=0)
    before, clock = a_clock(now - timedelta(days=30)), a_clock(now)
    async with portal.parts("booking").database.sessions() as session:
        project = AProject(project_id_of("lyftkraft-dalarna"), ())
        employer = await an_employer(session, project, people=2)
        run = await a_run(session, project, clock=before, plan=a_plan(meetings=(a_meeting(now - timedelta(hours=4)),)))
        booking = await book_seats(session, before, Order(project.id, employer.id, run.id, 2, employer.people))
        meeting = (await meetings_of(session, run.id))[0]
        await mark_meeting(session, clock, meeting.id, [Mark(each, 180) for each in employer.people], by=None)
        held = Held(project, employer, run, meeting, booking, employer.people)
        for each in employer.people:
            row = await attendance_of(session, held, each)
            await sign_attendance(session, clock, row.id, person_id=each, minutes=180)
            await session.flush()
            assert await look_again(session, clock, row.id)
        await session.commit()
        return held


@pytest.fixture
async def seen(chromium: Browser, portal: Portal) -> AsyncIterator[Seen]:
    async with a_reader(chromium, portal, size=PHONE) as seen:
        await sign_in(seen, "booking", "lead.dalarna")
        yield seen


async def _sound(seen: Seen, address: str | None = None) -> Page:
    if address is not None:
        await seen.page.goto(address)
    found = (await seen.axe(), await seen.too_wide(), await seen.too_small(), seen.complaints)
    assert found == ([], [], [], []), seen.page.url
    return seen.page


async def test_a_certificate_is_had_as_a_file_and_checked_by_anyone(portal: Portal, seen: Seen, held: Held) -> None:
    async with portal.parts("booking").database.sessions() as session:
        found = await session.exec(select(Certificate).where(col(Certificate.run_id) == held.run.id))
        certificate = found.all()[0]
        family_name = (await session.get_one(Person, certificate.participant_id)).family_name
    own = f"/booking/projects/{held.project.id}"
    of_employer = f"{own}/employers/{held.employer.id}/certificates"
    for address in (f"/booking/runs/{held.run.id}/certificates", "/booking/me/certificates", of_employer):
        await _sound(seen, address)
    page = await _sound(seen, f"{own}/certificates")
    await page.locator(f'a[href="/booking/issued-certificates/{certificate.id}"]').click()
    await page.wait_for_url("**/issued-certificates/*", timeout=_WAIT)
    await _sound(seen)
    async with page.expect_download(timeout=_WAIT) as coming:
        await page.locator('a[href$="/document?in=sv"]').click()
    document = await (await coming.value).path()
    assert document.read_bytes().startswith(b"%PDF-1.7")
    await _sound(seen, f"/booking/certificates/{in_groups(certificate.code)}")
    await page.locator('input[name="family_name"]').fill(family_name)
    await page.locator("main form button.main").click()
    await expect(page.locator("main p[role=status].good")).to_be_visible(timeout=_WAIT)
    await _sound(seen)
    token = portal.apps["booking"].state.links.token(certificate.id, certificate.participant_id)
    await _sound(seen, f"/booking/mine/certificates/{token}")
    await _sound(seen, f"{own}/hours")


async def test_an_outside_course_is_entered_with_its_evidence_on_a_phone(
    seen: Seen, held: Held, tmp_path: Path
) -> None:
    evidence = tmp_path / "intyg.png"
    evidence.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100_000))
    own = f"/booking/projects/{held.project.id}"
    person = f"{own}/employers/{held.employer.id}/people/{held.people[0]}"
    page = await _sound(seen, f"{person}/outside-courses/new")
    await page.locator("main form button.main").click()
    await expect(page.locator("#wrong-title")).to_be_visible(timeout=_WAIT)
    await _sound(seen)
    for name, typed in (
        ("title", "Kvalitetsteknik"),
        ("provider", "Högskolan Dalarna"),
        ("starts_on", "2021-02-01"),
        ("ends_on", "2021-03-01"),
        ("hours", "7,5"),
    ):
        await page.locator(f'input[name="{name}"]').fill(typed)
    await page.locator('input[name="evidence"]').set_input_files(evidence)
    await page.locator("main form button.main").click()
    await page.wait_for_url("**/outside-courses/*", timeout=_WAIT)
    await _sound(seen)
    async with page.expect_download(timeout=_WAIT) as coming:
        await page.locator('a[href$="/evidence"]').click()
    assert (await (await coming.value).path()).read_bytes() == evidence.read_bytes()
    one = page.url
    for address in (f"{one}/accept", f"{one}/decline", f"{own}/outside-courses"):
        await _sound(seen, address)
    await _sound(seen, f"{own}/employers/{held.employer.id}/outside-courses")
