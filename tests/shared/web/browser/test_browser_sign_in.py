"""Signing in with a browser: what is forged, replayed, old or somebody else's begins no session."""

import base64

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from shared.db import Database
from shared.web.browser import sessions
from tests.shared.web.browser.secret import (
    SECRET,
    age,
    begin,
    begin_elsewhere,
    see_nobody,
    see_refused,
)
from tests.support.browser import CodeIssuer, Wrong, browser, sign_in
from tests.support.messaging import rows_of


async def test_one_signs_in_and_comes_back_to_the_page_that_was_wanted(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    await see_nobody(page)
    answer = await sign_in(page, issuer, "lead", to=SECRET)
    assert answer.headers["location"] == SECRET
    shown = await page.get(SECRET)
    assert (shown.status_code, "lead" in shown.text) == (200, True)
    assert (await page.get("/sample/sign-in", params={"to": SECRET})).headers["location"] == SECRET
    assert await rows_of(database, "SELECT state_hash FROM sign_in_attempts") == []


async def test_the_database_holds_neither_the_id_nor_what_the_issuer_said(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    await sign_in(page, issuer, "lead")
    session_id = page.cookies["kurslots_sample_session"]
    (row,) = await rows_of(database, "SELECT web_sessions::text AS whole, sealed_hint FROM web_sessions")
    assert session_id not in row.whole
    assert session_id.encode().hex() not in row.whole
    assert row.sealed_hint is not None
    assert base64.urlsafe_b64encode(b'{"alg"').rstrip(b"=") not in row.sealed_hint


async def test_the_request_names_client_state_nonce_and_challenge(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    asked = httpx.URL(await begin(page)).params
    assert asked["client_id"] == "kurslots-sample-web"
    assert asked["redirect_uri"] == "http://127.0.0.1/sample/sign-in/callback"
    assert (asked["scope"], asked["ui_locales"]) == ("openid", "en")
    again = httpx.URL(await begin(page)).params
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] != again[name]


async def test_several_tabs_sign_in_beside_each_other(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    first, second = await begin(page), await begin(page)
    for begun in (second, first):
        assert (await page.get(issuer.approve(begun, "lead"))).status_code == 303


@pytest.mark.parametrize("state", ["", "x", "A" * 43])
async def test_a_forged_or_missing_state_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer, state: str) -> None:
    back = httpx.URL(issuer.approve(await begin(page), "lead"))
    see_refused(await page.get(back.copy_set_param("state", state)))
    see_refused(await page.get(back.copy_remove_param("state")))
    assert "/kurslots/token" not in issuer.asked
    await see_nobody(page)


async def test_a_sign_in_is_finished_only_by_the_browser_that_began_it(
    app: FastAPI, page: httpx.AsyncClient, issuer: CodeIssuer
) -> None:
    """Nobody can be made to act as another by following the other's link."""
    back = issuer.approve(await begin(page), "lead")
    async with browser(app) as another:
        see_refused(await another.get(back))
        await begin(another)
        see_refused(await another.get(back))
    assert (await page.get(back)).status_code == 303


async def test_a_code_that_was_used_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    back = issuer.approve(await begin(page), "lead")
    assert (await page.get(back)).status_code == 303
    see_refused(await page.get(back))
    renewed = httpx.URL(issuer.approve(await begin_elsewhere(page), "lead"))
    see_refused(await page.get(renewed.copy_set_param("code", httpx.URL(back).params["code"])))


async def test_a_sign_in_that_took_too_long_is_refused(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    back = issuer.approve(await begin(page), "lead")
    await age(database, "sign_in_attempts", "made_at", sessions.ATTEMPT_LIFE)
    see_refused(await page.get(back))


_OTHER_KEY = ECKey.generate_key("P-256", {"kid": "other", "use": "sig", "alg": "ES256"})


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(claims={"nonce": "another"}),
        Wrong(claims={"nonce": None}),
        Wrong(claims={"aud": "kurslots-booking-web"}),
        Wrong(claims={"aud": ["kurslots-sample-web", "other"]}),
        Wrong(claims={"azp": "other"}),
        Wrong(claims={"iss": "https://other.test"}),
        Wrong(claims={"exp": 1}),
        Wrong(claims={"iat": 4_000_000_000}),
        Wrong(claims={"sub": ""}),
        Wrong(claims={"sub": " lead"}),
        Wrong(claims={"sub": 7}),
        Wrong(claims={"at_hash": "wrong"}),
        Wrong(key=_OTHER_KEY),
        Wrong(header={"kid": "unknown"}),
        Wrong(answer=httpx.Response(200, json={"access_token": "opaque", "token_type": "Bearer"})),
        Wrong(answer=httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"})),
        Wrong(answer=httpx.Response(200, json=["no object"])),
        Wrong(answer=httpx.Response(400, json={"error": "invalid_grant", "error_description": "åäö"})),
    ],
)
async def test_an_identity_token_that_is_wrong_signs_nobody_in(
    page: httpx.AsyncClient, issuer: CodeIssuer, wrong: Wrong
) -> None:
    issuer.wrong = wrong
    see_refused(await page.get(issuer.approve(await begin(page), "lead")))
    await see_nobody(page)


async def test_the_answer_of_another_issuer_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    back = httpx.URL(issuer.approve(await begin(page), "lead"))
    see_refused(await page.get(back.copy_set_param("iss", "https://other.test")))
    back = httpx.URL(issuer.approve(await begin(page), "lead"))
    see_refused(await page.get(back.copy_remove_param("iss")))


async def test_a_refusal_by_the_issuer_is_told_without_its_words(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    state = httpx.URL(await begin(page)).params["state"]
    words = {"state": state, "error": "access_denied", "error_description": "<b>secret</b>"}
    answer = await page.get("/sample/sign-in/callback", params=words)
    see_refused(answer)
    assert "secret</b>" not in answer.text
    assert f"/sample/sign-in?to={SECRET}" in answer.text


async def test_an_issuer_that_is_away_is_told_on_a_page(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    issuer.is_away = True
    answer = await page.get("/sample/sign-in")
    assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "/sample/\\..\\evil",
        "javascript:alert(1)",
        "/booking/",
        "/sampled",
        "/sample/sign-out",
        "/sample/sign-in?to=/sample/secret",
        "/sample/api/v1/me",
        "sample/secret",
    ],
)
async def test_nobody_is_led_elsewhere(page: httpx.AsyncClient, issuer: CodeIssuer, to: str) -> None:
    assert (await sign_in(page, issuer, "lead", to=to)).headers["location"] == "/sample/"
