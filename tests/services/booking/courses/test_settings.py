"""A lead changes what is hers of a project: what follows for reminders, what the history tells, and what is refused."""

from datetime import timedelta
from uuid import UUID

import httpx
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import reminder_at
from services.booking.courses.settings import change_settings
from services.booking.courses.tables import Meeting
from services.booking.projects.changing import OwnSettings
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.offered import MONDAY_MORNING, a_clock, a_meeting, a_plan, a_project, a_run
from tests.services.booking.registered import API, Office
from tests.support.pages import PageText, browser, known_visitors, page_of
from tests.support.web import anonymous_client, problem_of

GIVEN = {
    "free_cancellation_days": 7,
    "reminder_days": 1,
    "offer_hours": 48,
    "queue_passes": 3,
    "signing_ways": ["link", "code"],
    "signing_days": 4,
    "reason": "Fler hinner",
}


async def _settings(office: Office, project_id: UUID, **changes: object) -> dict[str, object]:
    async with anonymous_client(office.app) as nobody:
        project = (await nobody.get(f"{API}/projects/{project_id}")).json()
    return {"summary": project["summary"], "version": project["version"]} | GIVEN | changes


async def test_reminders_to_come_are_planned_anew_and_those_too_late_for_it_stay(session: AsyncSession) -> None:
    project = await a_project(session)
    far, near = MONDAY_MORNING + timedelta(days=14), MONDAY_MORNING + timedelta(days=2)
    run = await a_run(session, project, plan=a_plan(meetings=(a_meeting(near), a_meeting(far))))
    held = OwnSettings(
        "Ny text",
        free_cancellation_days=7,
        reminder_days=3,
        offer_hours=48,
        queue_passes=3,
        signing_ways=["link", "paper"],
        signing_days=3,
    )
    await change_settings(session, a_clock(), project.id, held, version=1, reason="Fler hinner", by=new_id())
    await session.flush()
    found = await session.exec(select(Meeting).where(col(Meeting.run_id) == run.id).order_by(col(Meeting.starts_at)))
    assert [meeting.next_check_at for meeting in found] == [
        reminder_at(near, 1, MONDAY_MORNING),
        reminder_at(far, 3, MONDAY_MORNING),
    ]


async def test_the_settings_are_changed_by_a_program_of_whoever_leads_and_of_nobody_else(office: Office) -> None:
    path = f"projects/{office.project_id}/settings"
    await office.holder("settings-coach", Grant(Role.COACH, project_id=office.project_id))
    body = await _settings(office, office.project_id, offer_hours=24)
    problem_of(await office.ask("settings-coach").patch(path, json=body), 403, "role")
    problem_of(await office.ask("other-lead").patch(path, json=body), 404, "not_found")
    lead = office.ask("lead")
    problem_of(await lead.patch(path, json=body | {"offer_hours": 0}), 422, "invalid_input", field="offer_hours")
    changed = (await lead.patch(path, json=body)).json()
    assert (changed["offer_hours"], changed["version"]) == (24, int(str(body["version"])) + 1)
    problem_of(await lead.patch(path, json=body), 409, "version_passed", field="version")
    assert changed["signing_ways"] == ["code", "link"], "in an order of their own"
    problem_of(await lead.patch(path, json=body | {"signing_ways": []}), 422, "invalid_input", field="signing_ways")
    same = body | {"version": changed["version"]}
    problem_of(await lead.patch(path, json=same), 409, "nothing_new")


async def test_the_settings_are_changed_on_a_page_and_the_history_says_who_and_why(office: Office) -> None:
    await office.holder("settings-lead", Grant(Role.PROJECT_LEAD, project_id=office.other_project_id))
    own = f"/booking/projects/{office.other_project_id}/settings"
    told = {
        "summary": "Steget för alla",
        "free_cancellation_days": "10",
        "reason": "Hösten är full",
        "signing_ways": "link",
    }
    with known_visitors(office.app):
        async with browser(office.app, "settings-lead") as lead:
            page_of(await lead.get(own)).tag("a", href=f"{own}/change")
            form = page_of(await lead.get(f"{own}/change"))
            wrong = page_of(await _send(lead, own, form, **told | {"free_cancellation_days": "400"}), 422)
            assert wrong.tag("input", name="free_cancellation_days")["aria-invalid"] == "true"
            assert "Steget för alla" in wrong.text, "nothing typed is lost"
            done = await _send(lead, own, wrong, **told)
            assert (done.status_code, done.headers["location"]) == (303, own)
            page = page_of(await lead.get(own)).text
            for each in ("free of charge: 7 became 10", "Hösten är full", "Per settings-lead", "Steget för alla"):
                assert each in page, each
        async with browser(office.app, "settings-lead", language="sv") as lead:
            assert "utan kostnad: 7 blev 10" in page_of(await lead.get(own)).text
            assert "Ändra inställningarna" in page_of(await lead.get(f"{own}/change")).text
        async with browser(office.app, "lead") as other:
            page_of(await other.get(f"{own}/change"), 404)


async def _send(lead: httpx.AsyncClient, own: str, form: PageText, **told: str) -> httpx.Response:
    return await lead.post(f"{own}/change", data=form.typed() | told)
