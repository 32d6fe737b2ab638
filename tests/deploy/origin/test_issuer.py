"""What the embedded issuer promises besides the contract: people to choose, keys that rotate, tokens for programs."""

import asyncio
import json
import stat
import time
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from deploy.embedded.origin.issuer.clients import AUDIENCES, CLI_CLIENT, CLI_REDIRECT
from deploy.embedded.origin.issuer.codes import Code, Codes
from deploy.embedded.origin.issuer.keys import PUBLISHED_KEYS, SigningKeys
from deploy.embedded.origin.tokens import NoToken, UnknownPerson, fetch_token
from tests.support.origin import RunningOrigin, running_origin

CHOSEN = {
    "response_type": "code",
    "client_id": CLI_CLIENT,
    "redirect_uri": CLI_REDIRECT,
    "scope": "openid",
    "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "person": "contact.falun",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


async def published(origin: RunningOrigin) -> KeySet:
    return KeySet.import_key_set((await origin.client.get("/issuer/.well-known/jwks.json")).json())


async def choose(origin: RunningOrigin, headers: dict[str, str] | None = None, /, **changes: str) -> httpx.Response:
    return await origin.client.post("/issuer/authorize", data={**CHOSEN, **changes}, headers=headers)


async def granted(origin: RunningOrigin, **changes: str) -> dict[str, str]:
    answer = await choose(origin, None, **changes)
    code = httpx.URL(answer.headers["location"]).params["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": CLI_CLIENT,
        "redirect_uri": CLI_REDIRECT,
        "code": code,
        "code_verifier": VERIFIER,
    }
    tokens: dict[str, str] = (await origin.client.post("/issuer/token", data=form)).json()
    return tokens


async def test_the_command_line_gets_one_token_for_all_three_services(origin: RunningOrigin) -> None:
    text = await fetch_token(origin.url, "contact.falun", minutes=5)
    token = jwt.decode(text, await published(origin), algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["sub"] == "contact.falun"
    assert token.claims["client_id"] == CLI_CLIENT
    assert token.claims["aud"] == list(AUDIENCES)
    assert 290 < token.claims["exp"] - time.time() <= 300


async def test_an_unknown_person_is_told_who_is_known(origin: RunningOrigin) -> None:
    with pytest.raises(UnknownPerson, match=r"nobody called contact\.mora.*contact\.falun") as caught:
        await fetch_token(origin.url, "contact.mora")
    assert "supplier.one" in caught.value.known


async def test_no_origin_says_so() -> None:
    with pytest.raises(NoToken, match="kurslots up"):
        await fetch_token("http://127.0.0.1:1", "contact.falun")


async def test_one_audience_may_be_asked_for(origin: RunningOrigin) -> None:
    for name in ("resource", "audience"):
        tokens = await granted(origin, **{name: "kurslots-booking"})
        token = jwt.decode(tokens["access_token"], await published(origin), algorithms=["RS256"])
        assert token.claims["aud"] == ["kurslots-booking"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"resource": "kurslots-payroll"}, "invalid_target"),
        ({"token_minutes": "0"}, "invalid_request"),
        ({"token_minutes": "1441"}, "invalid_request"),
        ({"token_minutes": "x"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_what_may_not_be_had_is_sent_back_as_an_error(
    changes: dict[str, str], error: str, origin: RunningOrigin
) -> None:
    answer = await choose(origin, None, **changes)
    given = httpx.URL(answer.headers["location"]).params
    assert (given["error"], given["state"], given["iss"]) == (error, "s", origin.settings.issuer)
    assert "code" not in given


async def test_an_unknown_person_cannot_be_chosen(origin: RunningOrigin) -> None:
    answer = await choose(origin, {"accept-language": "en"}, person="contact.mora")
    assert (answer.status_code, answer.json()["code"]) == (422, "person_unknown")
    assert "contact.falun" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_another_site_can_neither_choose_nor_rotate(headers: dict[str, str], origin: RunningOrigin) -> None:
    assert (await choose(origin, headers)).status_code == 403
    assert (await origin.client.post("/issuer/rotate-keys", headers=headers)).status_code == 403
    own = {"origin": origin.url, "sec-fetch-site": "same-origin"}
    assert (await choose(origin, own)).status_code == 302


async def test_the_page_offers_every_person_and_may_not_be_framed(origin: RunningOrigin) -> None:
    parameters = {name: value for name, value in CHOSEN.items() if name != "person"}
    page = await origin.client.get("/issuer/authorize", params={**parameters, "state": '"><script>'})
    assert page.status_code == 200
    for person in origin.origin.ready_made.people.values():
        assert f'name="person" value="{person.sub}"' in page.text
    assert "<script>" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_without_a_choice_nobody_is_signed_in(origin: RunningOrigin) -> None:
    parameters = {name: value for name, value in CHOSEN.items() if name != "person"}
    answer = await origin.client.get("/issuer/authorize", params={**parameters, "prompt": "none"})
    assert httpx.URL(answer.headers["location"]).params["error"] == "login_required"


async def _asked_again(origin: RunningOrigin, **parameters: str) -> httpx.Response:
    wish = {name: value for name, value in CHOSEN.items() if name != "person"}
    return await origin.client.get("/issuer/authorize", params={**wish, **parameters})


async def test_who_has_chosen_on_the_page_is_not_asked_again_until_signing_out(origin: RunningOrigin) -> None:
    origin.client.cookies.clear()
    assert 'name="remember"' in (await _asked_again(origin)).text
    chosen = await choose(origin, None, remember="1")
    cookie = chosen.headers["set-cookie"]
    assert {"HttpOnly", "Path=/issuer", "SameSite=lax"} <= set(cookie.split("; "))
    for service in ("booking", "notification"):
        client = f"kurslots-{service}-web"
        answer = await _asked_again(
            origin, client_id=client, redirect_uri=f"{origin.url}/{service}/sign-in/callback", nonce="n"
        )
        assert "code" in httpx.URL(answer.headers["location"]).params
    assert (await _asked_again(origin, prompt="login")).status_code == 200
    assert (await _asked_again(origin, code_challenge="")).status_code == 302
    await origin.client.get("/issuer/end-session")
    assert (await _asked_again(origin)).status_code == 200


async def test_a_program_that_chooses_is_not_remembered(origin: RunningOrigin) -> None:
    origin.client.cookies.clear()
    await choose(origin)
    assert (await _asked_again(origin)).status_code == 200


async def test_a_refused_sign_in_is_said_on_a_page(origin: RunningOrigin) -> None:
    page = await origin.client.get("/issuer/authorize", params={**CHOSEN, "client_id": "x"})
    assert page.status_code == 400
    assert "invalid_client" in page.text


async def test_signing_out_without_a_hint_is_said_on_a_page(origin: RunningOrigin) -> None:
    page = await origin.client.get("/issuer/end-session", params={"lang": "en"})
    assert page.status_code == 200
    assert "Signed out" in page.text


async def test_tokens_stay_good_over_a_rotation_and_new_ones_have_the_new_key(origin: RunningOrigin) -> None:
    before = await fetch_token(origin.url, "operator")
    kid = (await origin.client.post("/issuer/rotate-keys")).json()["kid"]
    after = await fetch_token(origin.url, "operator")
    keys = await published(origin)
    assert jwt.decode(before, keys, algorithms=["RS256"]).header["kid"] != kid
    assert jwt.decode(after, keys, algorithms=["RS256"]).header["kid"] == kid


async def test_a_key_goes_when_there_are_too_many(origin: RunningOrigin) -> None:
    before = await fetch_token(origin.url, "operator")
    for _ in range(PUBLISHED_KEYS):
        await origin.client.post("/issuer/rotate-keys")
    keys = await published(origin)
    assert len(keys.keys) == PUBLISHED_KEYS
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(before, keys, algorithms=["RS256"])


async def test_a_restart_keeps_the_keys(tmp_path: Path) -> None:
    async with running_origin(tmp_path) as first:
        token = await fetch_token(first.url, "operator")
    async with running_origin(tmp_path) as second:
        assert jwt.decode(token, await published(second), algorithms=["RS256"]).claims["sub"] == "operator"


async def test_the_issuers_name_is_a_setting(tmp_path: Path) -> None:
    name = "https://kurslots.example/sign-in"
    async with running_origin(tmp_path, issuer_name=name) as origin:
        answer = await origin.client.get("/sign-in/.well-known/openid-configuration")
    assert answer.json()["issuer"] == name
    assert answer.json()["token_endpoint"] == f"{name}/token"


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    SigningKeys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "d" in json.loads(path.read_text())["keys"][0]


def test_a_code_that_has_expired_is_gone() -> None:
    code = Code(
        code="c",
        client_id="x",
        redirect_uri="r",
        scope="openid",
        sub="s",
        audiences=(),
        minutes=1,
        nonce=None,
        code_challenge="",
        code_challenge_method="S256",
        auth_time=0,
    )
    fresh, stale = Codes(), Codes(life_seconds=0)
    fresh.add(code)
    stale.add(code)
    assert stale.take("c", "x") is None
    assert fresh.take("c", "x") is code


async def test_of_many_who_use_a_code_at_once_one_gets_a_token(origin: RunningOrigin) -> None:
    code = httpx.URL((await choose(origin)).headers["location"]).params["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": CLI_CLIENT,
        "redirect_uri": CLI_REDIRECT,
        "code": code,
        "code_verifier": VERIFIER,
    }
    answers = await asyncio.gather(*(origin.client.post("/issuer/token", data=form) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]
