"""Surveys, plans and needs on pages: from what is lacking to a plan that is agreed to, and how each need is met."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

SURVEY = {"made_on": "2026-11-20", "took_part": "Verkstadschefen", "findings": "Svetsning och ritningsläsning"}
NEED = {"title": "Svetsning", "target_group": "Svetsare", "persons": "6", "hours": "16", "priority": "high"}


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


async def _surveys(office: Office, sub: str) -> str:
    employer = (await office.registered(sub))["employer"]["employer_id"]
    return f"/booking/projects/{office.project_id}/employers/{employer}/surveys"


async def _plan(page: httpx.AsyncClient, surveys: str) -> str:
    hidden = page_of(await page.get(f"{surveys}/new")).typed()
    answer = await page.post(f"{surveys}/new", data=hidden | SURVEY)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def _add(page: httpx.AsyncClient, plan: str, **changes: str) -> httpx.Response:
    hidden = page_of(await page.get(f"{plan}/needs/new")).typed()
    return await page.post(f"{plan}/needs/new", data=hidden | NEED | changes)


async def test_a_survey_leads_on_to_its_plan_and_the_plan_is_agreed_to(office: Office) -> None:
    surveys = await _surveys(office, "plans")
    async with browser(office.app, "plans") as page:
        assert "No needs have been written down yet" in page_of(await page.get(surveys)).text
        plan = await _plan(page, surveys)
        empty = page_of(await page.get(plan))
        assert "The plan has no needs yet" in empty.text
        assert not empty.tags("a", href=f"{plan}/agree")
        added = await _add(page, plan, hours="1,5", wished_mode="both", wished_time="evenings")
        assert added.status_code == 303
        shown = page_of(await page.get(plan))
        for told in (
            "Svetsning",
            "High priority",
            "No way yet",
            "Svetsare, 6 people",
            "1.5 h",
            "Partly on site, partly online",
            "Weekdays, in the evening",
            "The plan was begun",
        ):
            assert told in shown.text, told
        asked = page_of(await page.get(f"{plan}/agree"))
        assert "is in force from today" in asked.text
        assert (await page.post(f"{plan}/agree", data=asked.typed())).status_code == 303
        agreed = page_of(await page.get(plan))
        assert "The plan was agreed to" in agreed.text
        assert not agreed.tags("a", href=f"{plan}/needs/new")
        refused = await _add(page, plan)
        assert "was agreed on" in page_of(refused, 422).text
        again = page_of(await page.get(f"{plan}/open"))
        assert (await page.post(f"{plan}/open", data=again.typed())).status_code == 303
        assert "Plan after the survey of" in page_of(await page.get(surveys)).text


async def test_a_need_is_changed_and_what_is_wrong_is_told_at_its_field(office: Office) -> None:
    surveys = await _surveys(office, "changes-need")
    async with browser(office.app, "changes-need") as page:
        plan = await _plan(page, surveys)
        wrong = page_of(await _add(page, plan, persons="0", hours="0.1", wished_from="2027-02-01", wished_to="x"), 422)
        for field in ("persons", "hours", "wished_to"):
            assert wrong.tag("input", name=field)["aria-invalid"] == "true", field
        assert wrong.tag("input", name="title")["value"] == "Svetsning"
        backwards = page_of(await _add(page, plan, wished_from="2027-02-01", wished_to="2027-01-01"), 422)
        assert backwards.tag("input", name="wished_to")["aria-invalid"] == "true"
        await _add(page, plan)
        links = [str(link["href"]) for link in page_of(await page.get(plan)).tags("a")]
        (change,) = [link for link in links if link.endswith("/change")]
        form = page_of(await page.get(change))
        assert form.tag("input", name="hours")["value"] == "16"
        assert "checked" in form.tag("input", name="wished_time", value="any")
        changed = form.typed() | {"title": "TIG-svetsning", "priority": "low"}
        assert (await page.post(change, data=changed)).headers.get("location") == plan
        assert "The need “TIG-svetsning” was changed" in page_of(await page.get(plan)).text
        late = await page.post(change, data=changed | {"title": "För sent", "_key": "another-key-000001"})
        assert "changed by somebody else" in page_of(late, 422).text


async def test_a_day_to_come_is_refused_at_its_field(office: Office) -> None:
    surveys = await _surveys(office, "to-come")
    async with browser(office.app, "to-come", language="sv") as page:
        hidden = page_of(await page.get(f"{surveys}/new")).typed()
        answer = page_of(await page.post(f"{surveys}/new", data=hidden | SURVEY | {"made_on": "2031-01-01"}), 422)
    assert answer.tag("input", name="made_on")["aria-invalid"] == "true"
    assert "Verkstadschefen" in answer.text


async def test_a_plan_costs_the_same_for_many_needs_and_is_its_employers_alone(office: Office) -> None:
    surveys = await _surveys(office, "counted-plan")
    await office.holder("plan-coach", Grant(Role.COACH, project_id=office.project_id))
    await office.holder("other-plan-coach", Grant(Role.COACH, project_id=office.other_project_id))
    sent = []
    async with browser(office.app, "counted-plan") as page:
        plan = await _plan(page, surveys)
        for title in ("Ett", "Två", "Tre"):
            await _add(page, plan, title=title)
            with statements_of(office.database) as statements:
                await page.get(plan)
            sent.append(len(statements))
    assert len(set(sent)) == 1, sent
    assert sent[0] <= 14, sent
    async with browser(office.app, "plan-coach") as coach:
        assert "You act for Falu Mekaniska AB as its coach" in page_of(await coach.get(plan)).text
    async with browser(office.app, "other-plan-coach") as coach:
        assert (await coach.get(plan)).status_code == 404


async def test_a_need_is_met_outside_the_project_or_set_aside_in_words(office: Office) -> None:
    surveys = await _surveys(office, "another-way")
    async with browser(office.app, "another-way") as page:
        plan = await _plan(page, surveys)
        await _add(page, plan)
        (way,) = [str(link["href"]) for link in page_of(await page.get(plan)).tags("a") if "/way" in str(link["href"])]
        form = page_of(await page.get(way)).typed()
        wrong = page_of(await page.post(way, data=form | {"way": "outside", "note": ""}), 422)
        assert "Say which course it is" in wrong.text
        form = wrong.typed()
        told = {"way": "outside", "note": "Svetsteknik, Högskolan Dalarna, våren 2027"}
        assert (await page.post(way, data=form | told)).headers.get("location") == plan
        shown = page_of(await page.get(plan)).text
        for text in ("A course outside the project", "Högskolan Dalarna", "1 of 1 need has a way", "6 of 6 persons"):
            assert text in shown, text
        form = page_of(await page.get(way)).typed()
        assert (await page.post(way, data=form | {"way": "set_aside", "note": "Maskinen såldes"})).status_code == 303
        shown = page_of(await page.get(plan)).text
        for text in ("The need “Svetsning” was set aside", "Maskinen såldes", "0 of 1 need has a way, 1 is set aside"):
            assert text in shown, text


async def _demanding(office: Office, sub: str, *titles: str) -> None:
    surveys = await _surveys(office, sub)
    async with browser(office.app, sub) as page:
        plan = await _plan(page, surveys)
        for title in titles:
            await _add(page, plan, title=title)


async def test_a_lead_sees_what_several_employers_need_side_by_side(office: Office) -> None:
    await office.holder("demand-lead", Grant(Role.PROJECT_LEAD, project_id=office.project_id))
    await office.holder("demand-other", Grant(Role.PROJECT_LEAD, project_id=office.other_project_id))
    address = f"/booking/projects/{office.project_id}/demand"
    sent = []
    async with browser(office.app, "demand-lead") as lead:
        for sub, titles in (("d-one", ["Hydraulik"]), ("d-two", ["Hydraulik för servicetekniker", "Truckkort C"])):
            await _demanding(office, sub, *titles)
            with statements_of(office.database) as statements:
                page = page_of(await lead.get(address))
            sent.append(len(statements))
        assert "One course may meet these" in page.text
        assert "2 needs of 2 employers, for 12 persons together" in page.text
        assert len(set(sent)) == 1, sent
        found = page_of(await lead.get(f"{address}?q=truck"))
        assert "Truckkort C" in found.text
        assert "Hydraulik" not in found.text
        exported = await lead.get(f"{address}?format=csv&q=hydraulik")
        assert exported.text.count("Hydraulik") == 2
    async with browser(office.app, "demand-other") as other:
        assert (await other.get(address)).status_code == 404
