"""One's own page: what is known of the reader, what she may, and how she is reached."""

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


async def test_a_stranger_is_told_what_she_can_do(office: Office) -> None:
    async with browser(office.app, "me-stranger") as page:
        me = page_of(await page.get("/booking/me"))
    me.tag("a", class_="main", href="/booking/invitation")


async def test_one_changes_how_one_is_reached(office: Office) -> None:
    await office.registered("me-contact")
    async with browser(office.app, "me-contact") as page:
        me = page_of(await page.get("/booking/me"))
        assert "Contact – Falu Mekaniska AB" in me.text
        change = {"phone": "070-174 06 07", "language": "en", "given_name": "Evelina"}
        answer = await page.post("/booking/me", data=me.typed() | change)
        assert answer.status_code == 303, answer.text
        changed = page_of(await page.get("/booking/me"))
        wrong = page_of(await page.post("/booking/me", data=changed.typed() | {"phone": "7"}), 422)
    assert changed.tag("input", name="phone")["value"] == "+46 70 174 06 07"
    assert changed.tag("input", name="given_name")["value"] == "Evelina"
    assert wrong.tag("input", name="phone")["aria-invalid"] == "true"


async def test_the_roles_are_told_with_what_they_are_held_for(office: Office) -> None:
    await office.holder("me-many", Grant(Role.COACH, project_id=office.project_id), Grant(Role.OPERATOR))
    await office.holder("me-officer", Grant(Role.PROCUREMENT_OFFICER, buyer_id=office.buyer_id))
    async with browser(office.app, "me-many", language="sv") as page:
        text = page_of(await page.get("/booking/me")).text
    assert "Företagscoach – Lyftet" in text
    async with browser(office.app, "me-officer") as page:
        assert "Procurement officer – Dalabygdens kompetensregion" in page_of(await page.get("/booking/me")).text


async def test_an_invitation_that_is_followed_asks_who_one_is(office: Office) -> None:
    async with browser(office.app) as nobody:
        assert (await nobody.get("/booking/invitation?code=abc")).status_code == 401
