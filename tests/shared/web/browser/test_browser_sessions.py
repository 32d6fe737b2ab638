"""A session shows its own person her own things, takes only forms of its own, and ends when it must."""

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from shared.db import Database
from shared.kernel.grants import Subject
from shared.web.browser import sessions
from tests.shared.web.browser.secret import SECRET, age, begin_elsewhere, create_app, done, see_nobody
from tests.support.browser import CodeIssuer, browser, hidden_fields, sign_in
from tests.support.messaging import rows_of
from tests.support.web import running


async def test_the_id_is_new_at_every_sign_in_and_the_old_one_ends(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    """An id that somebody planted or saw before is worth nothing afterwards."""
    planted = sessions.new_random()
    page.cookies.set("kurslots_sample_session", planted, domain="127.0.0.1", path="/sample")
    await sign_in(page, issuer, "lead")
    first = page.cookies["kurslots_sample_session"]
    assert first != planted
    begun = httpx.URL(await begin_elsewhere(page))
    await page.get(issuer.approve(str(begun), "coach"))
    assert page.cookies["kurslots_sample_session"] != first
    assert await sessions.find_session(database, first) is None
    assert len(await rows_of(database, "SELECT id_hash FROM web_sessions")) == 1


@pytest.mark.parametrize(
    ("column", "limit"), [("seen_at", sessions.IDLE), ("made_at", sessions.ABSOLUTE)], ids=["idle", "absolute"]
)
async def test_a_session_ends_by_itself(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database, column: str, limit: timedelta
) -> None:
    await sign_in(page, issuer, "lead")
    await age(database, "web_sessions", column, limit - timedelta(minutes=2))
    assert (await page.get(SECRET)).status_code == 200
    await age(database, "web_sessions", column, limit)
    await see_nobody(page)
    assert await sessions.purge_sessions(database) == 1
    assert await rows_of(database, "SELECT id_hash FROM web_sessions") == []


async def test_what_is_alive_is_not_purged(page: httpx.AsyncClient, issuer: CodeIssuer, database: Database) -> None:
    await sign_in(page, issuer, "lead")
    await begin_elsewhere(page)
    assert await sessions.purge_sessions(database) == 0
    await age(database, "sign_in_attempts", "made_at", sessions.ATTEMPT_LIFE)
    assert await sessions.purge_sessions(database) == 1


async def test_a_session_in_use_goes_on(page: httpx.AsyncClient, issuer: CodeIssuer, database: Database) -> None:
    await sign_in(page, issuer, "lead")
    for _ in range(3):
        await age(database, "web_sessions", "seen_at", sessions.IDLE - timedelta(minutes=5))
        assert (await page.get(SECRET)).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 10_000, "' OR 1=1 --"])
async def test_an_id_that_is_none_is_nobody(page: httpx.AsyncClient, cookie: str) -> None:
    answer = await page.get(SECRET, headers={"cookie": f"kurslots_sample_session={cookie}"})
    assert answer.status_code == 303


async def test_nobody_sees_the_session_of_another(app: FastAPI, page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    await sign_in(page, issuer, "lead")
    async with browser(app) as another:
        await sign_in(another, issuer, "coach")
        mine, hers = await page.get(SECRET), await another.get(SECRET)
    assert "sub=&#39;lead&#39;" in mine.text
    assert "coach" not in mine.text
    assert "lead" not in hers.text
    assert hidden_fields(mine.text)["_csrf"] != hidden_fields(hers.text)["_csrf"]
    for answer in (mine, hers):
        assert answer.headers["cache-control"] == "no-store"


async def test_the_cookie_holds_only_an_id_and_is_out_of_reach(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    answer = await sign_in(page, issuer, "lead")
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "_session=" in each]
    assert re.fullmatch(r"kurslots_sample_session=[\w-]{43}; HttpOnly; Path=/sample; SameSite=lax", cookie), cookie


async def test_over_tls_the_cookies_are_secure(database_url: str, issuer: CodeIssuer) -> None:
    async with (
        running(create_app(database_url, issuer, origin="https://kurslots.test")) as app,
        browser(app, origin="https://kurslots.test") as page,
    ):
        begun = await page.get("/sample/sign-in")
        answer = await page.get(issuer.approve(begun.headers["location"], "lead"))
    for cookie in (*begun.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")):
        assert cookie.startswith("__Secure-kurslots_sample_")
        assert {"HttpOnly", "Path=/sample", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


async def test_signing_out_ends_the_session_here_and_at_the_issuer(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    await sign_in(page, issuer, "lead")
    session_id = page.cookies["kurslots_sample_session"]
    token = hidden_fields((await page.get(SECRET)).text)
    answer = await page.post("/sample/sign-out", data={"_csrf": token["_csrf"]})
    lead_to = httpx.URL(answer.headers["location"])
    assert str(lead_to).startswith(f"{issuer.issuer}/end-session?")
    assert lead_to.params["post_logout_redirect_uri"] == "http://127.0.0.1/sample/signed-out"
    assert lead_to.params["client_id"] == "kurslots-sample-web"
    assert lead_to.params["id_token_hint"].count(".") == 2
    taken = " ".join(answer.headers.get_list("set-cookie"))
    for service in ("booking", "procurement", "notification", "sample"):
        assert f'kurslots_{service}_session=""; ' in taken
    assert await rows_of(database, "SELECT id_hash FROM web_sessions") == []
    page.cookies.set("kurslots_sample_session", session_id, domain="127.0.0.1", path="/sample")
    await see_nobody(page)
    assert "You are signed out" in (await page.get("/sample/signed-out")).text


async def test_signing_out_works_while_the_issuer_is_away(
    app: FastAPI, page: httpx.AsyncClient, database: Database
) -> None:
    issuer = CodeIssuer()
    issuer.is_away = True
    session_id = await sessions.begin_session(database, Subject("embedded", "lead"), hint=None, instead_of=None)
    page.cookies.set("kurslots_sample_session", session_id, domain="127.0.0.1", path="/sample")
    answer = await page.post("/sample/sign-out", data={"_csrf": sessions.csrf_token_of(session_id)})
    assert answer.status_code == 303
    assert await rows_of(database, "SELECT id_hash FROM web_sessions") == []


async def test_a_form_needs_the_token_of_its_session(app: FastAPI, page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    await sign_in(page, issuer, "lead")
    fields = hidden_fields((await page.get(SECRET)).text)
    async with browser(app) as another:
        await sign_in(another, issuer, "coach")
        foreign = hidden_fields((await another.get(SECRET)).text)
    for wrong in ({}, {"_csrf": ""}, {"_csrf": "x"}, {"_csrf": foreign["_csrf"]}):
        answer = await page.post(SECRET, data={"_key": fields["_key"], **wrong})
        assert (answer.status_code, done) == (403, []), wrong
    assert (await page.post("/sample/sign-out", data={})).status_code == 403
    assert (await page.post(SECRET, data=fields)).status_code == 303
    assert done == ["lead"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "", "origin": "https://evil.test"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": ""},
    ],
)
async def test_a_form_of_another_site_is_refused_even_with_the_token(
    page: httpx.AsyncClient, issuer: CodeIssuer, headers: dict[str, str]
) -> None:
    await sign_in(page, issuer, "lead")
    fields = hidden_fields((await page.get(SECRET)).text)
    if not headers["sec-fetch-site"]:
        page.headers.pop("sec-fetch-site")
        headers = {name: value for name, value in headers.items() if value}
    answer = await page.post(SECRET, data=fields, headers=headers)
    assert (answer.status_code, done) == (403, [])
    assert (await page.post(SECRET, data=fields, headers={"origin": "http://127.0.0.1"})).status_code == 303


async def test_a_form_with_no_session_does_nothing(page: httpx.AsyncClient) -> None:
    answer = await page.post(SECRET, data={"_csrf": "x"})
    assert (answer.status_code, done) == (401, [])
    assert "text/html" in answer.headers["content-type"]


async def test_the_api_takes_no_cookie_and_answers_with_problems(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    await sign_in(page, issuer, "lead")
    answer = await page.get("/sample/api/v1/me")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_sessions_of_a_sign_in_that_is_nobodys_any_longer_end(
    app: FastAPI, page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    await sign_in(page, issuer, "lead")
    async with browser(app) as another:
        await sign_in(another, issuer, "coach")
        async with database.sessions() as session, session.begin():
            await sessions.end_sessions_of(session, Subject("embedded", "lead"))
        await see_nobody(page)
        assert (await another.get(SECRET)).status_code == 200
