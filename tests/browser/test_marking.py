"""Marking a meeting with a thumb on a bad line: kept on the device, sent when the network is back, names nowhere."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from services.booking.attendance.queries import sheet_of
from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Meeting
from services.booking.projects.commands import project_id_of
from shared.kernel.clock import machine_now
from tests.browser.looking import PHONE, Seen, a_reader, sign_in
from tests.browser.portal import Portal
from tests.services.booking.offered import AProject, a_clock, a_meeting, a_plan, a_run, an_employer

_WAIT = 60_000


@pytest.fixture
async def meeting(portal: Portal) -> Meeting:
    """A meeting that began ten minutes ago, with three people."""
    now = machine_now().replace(microsecond=0)
    before = a_clock(now - timedelta(days=30))
    async with portal.parts("booking").database.sessions() as session:
        project = AProject(project_id_of("lyftkraft-dalarna"), ())
        employer = await an_employer(session, project, people=3)
        plan = a_plan(meetings=(a_meeting(now - timedelta(minutes=10)),))
        run = await a_run(session, project, clock=before, plan=plan)
        await book_seats(session, before, Order(project.id, employer.id, run.id, 3, employer.people))
        held = (await meetings_of(session, run.id))[0]
        await session.commit()
        return held


@pytest.fixture
async def seen(chromium: Browser, portal: Portal) -> AsyncIterator[Seen]:
    async with a_reader(chromium, portal, size=PHONE) as seen:
        await sign_in(seen, "booking", "trainer.dalarna")
        yield seen


async def _minutes(portal: Portal, meeting: Meeting) -> list[int | None]:
    async with portal.parts("booking").database.sessions() as session:
        found = await sheet_of(session, meeting)
        return [row.attendance.minutes if row.attendance else None for row in found]


async def _choose(page: Page, number: int, value: str) -> None:
    await page.locator(f'input[name="marks.{number}.presence"][value="{value}"]').check()


async def test_marks_wait_on_the_device_until_the_network_is_back(portal: Portal, seen: Seen, meeting: Meeting) -> None:
    page = seen.page
    address = f"/booking/meetings/{meeting.id}/attendance"
    await page.goto(address)
    assert (await seen.axe(), await seen.too_wide(), await seen.too_small(), seen.complaints) == ([], [], [], [])
    await page.context.set_offline(True)
    await _choose(page, 0, "all")
    await _choose(page, 1, "part")
    await page.locator('input[name="marks.1.minutes"]').fill("45")
    await page.locator("form.marking p.buttons:last-of-type button").click()
    waiting = page.locator("#marks-waiting")
    await expect(waiting).to_contain_text("2", timeout=_WAIT)
    kept = await page.evaluate("() => JSON.stringify(Object.entries(localStorage))")
    assert str(meeting.id) in kept
    assert "Berg" not in kept
    assert await _minutes(portal, meeting) == [None, None, None]
    await page.context.set_offline(False)
    await page.wait_for_url(f"**{address}?saved=2", timeout=_WAIT)
    assert sorted(await _minutes(portal, meeting), key=str) == [180, 45, None]
    assert await page.evaluate("() => localStorage.length") == 0
    await page.locator('button[name="all_here"]').click()
    await page.wait_for_url(f"**{address}?saved=1", timeout=_WAIT)
    await _choose(page, 0, "part")
    await page.locator('input[name="marks.0.minutes"]').fill("999")
    await page.locator("form.marking p.buttons:last-of-type button").click()
    await expect(page.locator("[role=alert]")).to_be_visible(timeout=_WAIT)
    assert await page.evaluate("() => localStorage.length") == 0, "the server's own page shows what was typed"
    assert await page.locator('input[name="marks.0.minutes"]').input_value() == "999"


async def test_the_pages_of_attendance_are_sound_on_a_small_phone(portal: Portal, seen: Seen, meeting: Meeting) -> None:
    page = seen.page
    await page.goto(f"/booking/meetings/{meeting.id}/attendance")
    await page.locator('button[name="all_here"]').click()
    await page.wait_for_url("**saved=3", timeout=_WAIT)
    async with portal.parts("booking").database.sessions() as session:
        marked = (await sheet_of(session, meeting))[0]
    assert marked.attendance is not None
    links = portal.apps["booking"].state.links
    one = f"/booking/attendance/{marked.attendance.id}"
    for address in (
        f"/booking/meetings/{meeting.id}/door",
        f"/booking/mine/{links.token(meeting.id, marked.person_id)}",
        f"/booking/runs/{meeting.run_id}/attendance",
        "/booking/meetings",
        "/booking/me/attendance",
        *(f"{one}{rest}" for rest in ("", "/sign", "/note", "/correct")),
    ):
        await page.goto(address)
        found = (await seen.axe(), await seen.too_wide(), await seen.too_small(), seen.complaints)
        assert found == ([], [], [], []), address
