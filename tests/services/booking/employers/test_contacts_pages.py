"""Contacts and coaches on pages: who acts for an employer is seen, given and taken back by those who may."""

from collections.abc import AsyncIterator

import pytest

from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


async def _within(office: Office, sub: str) -> str:
    employer = (await office.registered(sub))["employer"]["employer_id"]
    return f"/booking/projects/{office.project_id}/employers/{employer}"


async def test_a_contact_invites_another_and_takes_the_role_back(office: Office) -> None:
    within = await _within(office, "first-contact")
    async with browser(office.app, "first-contact") as page:
        hidden = page_of(await page.get(f"{within}/contacts/new")).typed()
        half = page_of(await page.post(f"{within}/contacts/new", data=hidden | {"given_name": "Nils"}), 422)
        assert half.tag("input", name="family_name")["aria-invalid"] == "true"
        newcomer = {"given_name": "Nils", "family_name": "Andersson", "language": "sv"}
        made = page_of(await page.post(f"{within}/contacts/new", data=hidden | newcomer))
        assert "/booking/invitation?code=" in made.text
        listed = page_of(await page.get(f"{within}/contacts"))
        assert "Nils Andersson" in listed.text
        away = [str(link["href"]) for link in listed.tags("a") if str(link["href"]).endswith("/withdraw")]
        asked = [page_of(await page.get(each)) for each in away]
        ours, address = next((one, each) for one, each in zip(asked, away, strict=True) if "Nils Andersson" in one.text)
        assert "can no longer see or do anything for the employer" in ours.text
        assert (await page.post(address, data=ours.typed())).status_code == 303
        assert "Nils Andersson" not in page_of(await page.get(f"{within}/contacts")).text
        assert (await page.get(address)).status_code in (303, 404), "it is taken back already"


async def test_a_lead_chooses_one_of_the_projects_coaches(office: Office) -> None:
    within = await _within(office, "gets-coach")
    await office.holder("chosen-coach", Grant(Role.COACH, project_id=office.project_id))
    async with browser(office.app, "lead") as lead:
        form = page_of(await lead.get(f"{within}/coaches/new"))
        known = [str(tag["value"]) for tag in form.tags("option") if tag["value"] not in ("", "sv", "en")]
        answer = await lead.post(f"{within}/coaches/new", data=form.typed() | {"person_id": known[0]})
        assert answer.headers.get("location") == f"{within}/contacts", answer.text
        assert "coach" in page_of(await lead.get(f"{within}/contacts")).text
    async with browser(office.app, "gets-coach") as contact:
        assert (await contact.get(f"{within}/coaches/new")).status_code == 403
        page = page_of(await contact.get(f"{within}/contacts"))
    assert not page.tags("a", href=f"{within}/coaches/new")


async def test_a_coach_sees_the_contacts_and_gives_no_role(office: Office) -> None:
    within = await _within(office, "seen-contact")
    await office.holder("sees-only", Grant(Role.COACH, project_id=office.project_id))
    async with browser(office.app, "sees-only", language="sv") as coach:
        page = page_of(await coach.get(f"{within}/contacts"))
        assert (await coach.get(f"{within}/contacts/new")).status_code == 403
    assert "Eva Sandström" in page.text
    assert "Du handlar för" in page.text
    assert not [link for link in page.tags("a") if str(link["href"]).endswith(("/withdraw", "/contacts/new"))]
