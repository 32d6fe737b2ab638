"""Signing in with a browser: what is forged, replayed, old or somebody else's begins no session and shows nothing."""

import base64
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from joserfc.jwk import ECKey
from starlette.responses import Response

from shared.db import Database, open_database
from shared.kernel.grants import Subject
from shared.web.app import create_service_app
from shared.web.authorisation import SELF
from shared.web.bodies import Body
from shared.web.browser import sessions
from shared.web.edge import CommandContext
from shared.web.exchange import exchange_of
from shared.web.pages.forms import Form, read_form, run_form
from shared.web.pages.rendering import render
from tests.shared.web import sample
from tests.support.browser import CodeIssuer, Wrong, browser, hidden_fields, sign_in
from tests.support.messaging import rows_of
from tests.support.web import running, settings_for

SECRET = "/sample/secret"
router = APIRouter()


class Nothing(Body):
    """A form with no field of its own."""


@router.get("/secret")
async def show_secret(request: Request) -> Response:
    """Show who is signed in."""
    form: Form[Nothing] = Form()
    return render(request, "secrets/secret.html", form=form, who=exchange_of(request).subject)


@router.post("/secret")
async def do_secret(request: Request) -> Response:
    """Do something in somebody's name."""

    async def command(context: CommandContext) -> None:
        done.append(context.subject.sub)

    async def again(_form: Form[Nothing]) -> Response:
        raise AssertionError("an empty form is never wrong")

    return await run_form(request, await read_form(request, Nothing), command, done="/sample/secret", again=again)


done: list[str] = []


@pytest.fixture
def issuer() -> CodeIssuer:
    return CodeIssuer()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


def _app(database_url: str, issuer: CodeIssuer, **settings: Any) -> FastAPI:  # noqa: ANN401 - any setting
    done.clear()
    return create_service_app(
        service="sample",
        settings=settings_for(sample.SampleSettings, database_url, issuer, **{"origin": "http://127.0.0.1"} | settings),
        routers=[sample.router],
        permits=sample.PERMITS,
        scopes=sample.SCOPES,
        find_actor=sample.find_actor,
        issuer_transport=issuer.transport,
        pages=[router],
        page_permits={"show_secret": SELF, "do_secret": SELF},
        template_folders={"secrets": Path(__file__).parent / "templates"},
    )


@pytest.fixture
async def app(database_url: str, issuer: CodeIssuer) -> AsyncIterator[FastAPI]:
    async with running(_app(database_url, issuer)) as app:
        yield app


@pytest.fixture
async def page(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as page:
        yield page


async def _begin(page: httpx.AsyncClient, to: str = SECRET) -> str:
    """Begin to sign in, and return where the browser is sent."""
    answer = await page.get("/sample/sign-in", params={"to": to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def _nobody(page: httpx.AsyncClient) -> None:
    """See that the browser is signed in as nobody."""
    answer = await page.get(SECRET)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sample/sign-in?to={SECRET.replace('/', '%2F')}")


def _refused(answer: httpx.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert "You are not signed in" in answer.text
    assert "Traceback" not in answer.text
    assert not [cookie for cookie in answer.headers.get_list("set-cookie") if "session=" in cookie]


async def test_one_signs_in_and_comes_back_to_the_page_that_was_wanted(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    await _nobody(page)
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
    asked = httpx.URL(await _begin(page)).params
    assert asked["client_id"] == "kurslots-sample-web"
    assert asked["redirect_uri"] == "http://127.0.0.1/sample/sign-in/callback"
    assert (asked["scope"], asked["ui_locales"]) == ("openid", "en")
    again = httpx.URL(await _begin(page)).params
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] != again[name]


async def test_several_tabs_sign_in_beside_each_other(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    first, second = await _begin(page), await _begin(page)
    for begun in (second, first):
        assert (await page.get(issuer.approve(begun, "lead"))).status_code == 303


@pytest.mark.parametrize("state", ["", "x", "A" * 43])
async def test_a_forged_or_missing_state_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer, state: str) -> None:
    back = httpx.URL(issuer.approve(await _begin(page), "lead"))
    _refused(await page.get(back.copy_set_param("state", state)))
    _refused(await page.get(back.copy_remove_param("state")))
    assert "/kurslots/token" not in issuer.asked
    await _nobody(page)


async def test_a_sign_in_is_finished_only_by_the_browser_that_began_it(
    app: FastAPI, page: httpx.AsyncClient, issuer: CodeIssuer
) -> None:
    """Nobody can be made to act as another by following the other's link."""
    back = issuer.approve(await _begin(page), "lead")
    async with browser(app) as another:
        _refused(await another.get(back))
        await _begin(another)
        _refused(await another.get(back))
    assert (await page.get(back)).status_code == 303


async def test_a_code_that_was_used_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    back = issuer.approve(await _begin(page), "lead")
    assert (await page.get(back)).status_code == 303
    _refused(await page.get(back))
    renewed = httpx.URL(issuer.approve(await _begin_elsewhere(page), "lead"))
    _refused(await page.get(renewed.copy_set_param("code", httpx.URL(back).params["code"])))


async def test_a_sign_in_that_took_too_long_is_refused(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    back = issuer.approve(await _begin(page), "lead")
    await _age(database, "sign_in_attempts", "made_at", sessions.ATTEMPT_LIFE)
    _refused(await page.get(back))


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
    _refused(await page.get(issuer.approve(await _begin(page), "lead")))
    await _nobody(page)


async def test_the_answer_of_another_issuer_is_refused(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    back = httpx.URL(issuer.approve(await _begin(page), "lead"))
    _refused(await page.get(back.copy_set_param("iss", "https://other.test")))
    back = httpx.URL(issuer.approve(await _begin(page), "lead"))
    _refused(await page.get(back.copy_remove_param("iss")))


async def test_a_refusal_by_the_issuer_is_told_without_its_words(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    state = httpx.URL(await _begin(page)).params["state"]
    words = {"state": state, "error": "access_denied", "error_description": "<b>secret</b>"}
    answer = await page.get("/sample/sign-in/callback", params=words)
    _refused(answer)
    assert "secret</b>" not in answer.text
    assert f"/sample/sign-in?to={SECRET}" in answer.text


async def test_an_issuer_that_is_away_is_told_on_a_page(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    issuer.is_away = True
    answer = await page.get("/sample/sign-in")
    assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)


async def test_the_id_is_new_at_every_sign_in_and_the_old_one_ends(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database
) -> None:
    """An id that somebody planted or saw before is worth nothing afterwards."""
    planted = sessions.new_random()
    page.cookies.set("kurslots_sample_session", planted, domain="127.0.0.1", path="/sample")
    await sign_in(page, issuer, "lead")
    first = page.cookies["kurslots_sample_session"]
    assert first != planted
    begun = httpx.URL(await _begin_elsewhere(page))
    await page.get(issuer.approve(str(begun), "coach"))
    assert page.cookies["kurslots_sample_session"] != first
    assert await sessions.find_session(database, first) is None
    assert len(await rows_of(database, "SELECT id_hash FROM web_sessions")) == 1


async def _begin_elsewhere(page: httpx.AsyncClient) -> str:
    """Begin to sign in as if the session's cookie had not been sent, as a second tab did before the first finished."""
    session_id = page.cookies["kurslots_sample_session"]
    page.cookies.delete("kurslots_sample_session")
    begun = await _begin(page)
    page.cookies.set("kurslots_sample_session", session_id, domain="127.0.0.1", path="/sample")
    return begun


@pytest.mark.parametrize(
    ("column", "limit"), [("seen_at", sessions.IDLE), ("made_at", sessions.ABSOLUTE)], ids=["idle", "absolute"]
)
async def test_a_session_ends_by_itself(
    page: httpx.AsyncClient, issuer: CodeIssuer, database: Database, column: str, limit: timedelta
) -> None:
    await sign_in(page, issuer, "lead")
    await _age(database, "web_sessions", column, limit - timedelta(minutes=2))
    assert (await page.get(SECRET)).status_code == 200
    await _age(database, "web_sessions", column, limit)
    await _nobody(page)
    assert await sessions.purge_sessions(database) == 1
    assert await rows_of(database, "SELECT id_hash FROM web_sessions") == []


async def test_what_is_alive_is_not_purged(page: httpx.AsyncClient, issuer: CodeIssuer, database: Database) -> None:
    await sign_in(page, issuer, "lead")
    await _begin_elsewhere(page)
    assert await sessions.purge_sessions(database) == 0
    await _age(database, "sign_in_attempts", "made_at", sessions.ATTEMPT_LIFE)
    assert await sessions.purge_sessions(database) == 1


async def test_a_session_in_use_goes_on(page: httpx.AsyncClient, issuer: CodeIssuer, database: Database) -> None:
    await sign_in(page, issuer, "lead")
    for _ in range(3):
        await _age(database, "web_sessions", "seen_at", sessions.IDLE - timedelta(minutes=5))
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
        running(_app(database_url, issuer, origin="https://kurslots.test")) as app,
        browser(app, origin="https://kurslots.test") as page,
    ):
        begun = await page.get("/sample/sign-in")
        answer = await page.get(issuer.approve(begun.headers["location"], "lead"))
    for cookie in (*begun.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")):
        assert cookie.startswith("__Secure-kurslots_sample_")
        assert {"HttpOnly", "Path=/sample", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


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
    await _nobody(page)
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
        await _nobody(page)
        assert (await another.get(SECRET)).status_code == 200


async def _age(database: Database, table: str, column: str, by: timedelta) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = clock_timestamp() - interval '{by.total_seconds()} seconds'"  # noqa: S608
        )
