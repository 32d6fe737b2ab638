"""Somebody signs in and out at a real Keycloak with a real browser, by the pages of booking."""

from collections.abc import AsyncIterator
from typing import Literal

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.embedded.postgres import PostgresServer
from services.booking.people.accounts import bind_account
from services.booking.people.rules import BoundBy
from services.booking.people.tables import Person
from shared.kernel.clock import SystemClock
from shared.kernel.grants import Subject
from shared.kernel.ids import new_id, stable_id
from tests.browser.chromium import running_chromium
from tests.browser.looking import a_reader
from tests.browser.portal import Portal, running_portal
from tests.deploy.origin import test_issuer_contract as contract
from tests.support.databases import Databases
from tests.support.keycloak import LONGEST_SECONDS, Keycloak

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(LONGEST_SECONDS)]

ALIAS = "keycloak"
PERSON, NAME = "contact.falun", "Eva Sandström"
SIGN_OUT = {"sv": "Logga ut", "en": "Sign out"}
SIGNED_OUT = {"sv": "Du är utloggad", "en": "You are signed out"}
_WANTED = "/booking/accessibility"
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
async def portal(
    postgres: PostgresServer, keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Portal]:
    """The portal at the address that the realm leads back to, where the person's account is bound to her sign-in."""
    databases = Databases(postgres)
    home = tmp_path_factory.mktemp("portal")
    issuer = {"OIDC_ISSUER": keycloak.issuer, "OIDC_ISSUER_ALIAS": ALIAS}
    async with running_portal(databases, home, at=keycloak.listener, **issuer) as portal:
        async with portal.parts("booking").database.sessions() as session, session.begin():
            person = await session.get_one(Person, stable_id("person", PERSON))
            subject = Subject(ALIAS, keycloak.sub_of(PERSON))
            await bind_account(session, SystemClock(), person, subject, bound_by=BoundBy.LOADING, by=None)
        yield portal
    await databases.drop_all()


async def fill_in(page: Page, password: str) -> None:
    await page.locator("#username").fill(PERSON)
    await page.locator("#password").fill(password)
    await page.locator("#kc-login").click()


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_somebody_signs_in_at_keycloak_and_out_again_in_her_language(
    chromium: Browser, portal: Portal, keycloak: Keycloak, language: Literal["sv", "en"]
) -> None:
    async with a_reader(chromium, portal, language=language) as seen:
        page = seen.page
        await page.goto(f"/booking/sign-in?to={_WANTED}")
        assert page.url.startswith(keycloak.issuer)
        assert "code_challenge_method=S256" in page.url
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await fill_in(page, keycloak.password)
        await page.wait_for_url(f"{portal.url}{_WANTED}")
        await expect(page.locator("body")).to_contain_text(NAME)

        await page.get_by_role("button", name=SIGN_OUT[language]).click()
        await page.wait_for_url(f"{portal.url}/booking/signed-out*")
        await expect(page.get_by_role("heading", level=1)).to_have_text(SIGNED_OUT[language])
        await page.goto(_WANTED)
        await expect(page.locator("body")).not_to_contain_text(NAME)
        await page.goto(f"/booking/sign-in?to={_WANTED}")
        await expect(page.locator("#password")).to_be_visible()  # the issuer's own session has ended too


async def test_a_wrong_password_signs_nobody_in(chromium: Browser, portal: Portal, keycloak: Keycloak) -> None:
    async with a_reader(chromium, portal) as seen:
        await seen.page.goto(f"/booking/sign-in?to={_WANTED}")
        await fill_in(seen.page, f"not {keycloak.password}")
        await expect(seen.page.locator("#input-error-username")).to_be_visible()
        assert seen.page.url.startswith(keycloak.issuer)
        await seen.page.goto(_WANTED)
        await expect(seen.page.locator("body")).not_to_contain_text(NAME)


async def test_keycloaks_token_is_taken_by_the_service_that_it_is_for_and_by_no_other(
    portal: Portal, keycloak: Keycloak
) -> None:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        contract.keep_cookies_as_a_browser_does(client)
        there = contract.Subject(keycloak.issuer, keycloak.origin, client, PERSON, keycloak.password)
        tokens = await contract.tokens_of(await contract.discovered(there))
        signed = {"authorization": f"Bearer {tokens['access_token']}"}
        me = await client.get(f"{portal.url}/booking/api/v1/me", headers=signed)
        assert me.status_code == 200, me.text
        assert me.json()["subject"] == keycloak.sub_of(PERSON)
        assert me.json()["person"]["family_name"] == "Sandström"
        elsewhere = await client.get(f"{portal.url}/procurement/api/v1/requests/{new_id()}", headers=signed)
        assert elsewhere.status_code == 401, elsewhere.text
        for wrong in (tokens["id_token"], tokens["access_token"][:-4] + "AAAA"):
            refused = await client.get(f"{portal.url}/booking/api/v1/me", headers={"authorization": f"Bearer {wrong}"})
            assert refused.status_code == 401, refused.text
