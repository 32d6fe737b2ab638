"""Tokens: only one that the issuer signed, for this service, still running, says who is asking."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from shared.kernel.clock import machine_now
from shared.web import sign_in
from tests.support.web import ISSUER, LocalIssuer, anonymous_client, problem_of, signed_client

ES256 = JWSRegistry.algorithms["ES256"]
ME = "/sample/api/v1/me"


async def ask(app: FastAPI, token: str) -> Any:  # noqa: ANN401 - any JSON
    async with anonymous_client(app) as client:
        return await client.get(ME, headers={"authorization": f"Bearer {token}"})


def forged(issuer: LocalIssuer, wrong: dict[str, Any]) -> str:
    """Return a good token under another header."""
    good = issuer.token("lead", "sample")
    header = {"alg": "ES256", "kid": issuer.key.kid, "typ": "at+jwt"} | wrong
    encoded = base64.urlsafe_b64encode(json.dumps({n: v for n, v in header.items() if v is not None}).encode())
    payload = good.split(".")[1]
    signed = encoded.rstrip(b"=") + b"." + payload.encode()
    signature = base64.urlsafe_b64encode(ES256.sign(signed, issuer.key)).rstrip(b"=")
    return (signed + b"." + signature).decode()


async def test_a_token_of_the_issuer_for_this_service_is_taken(app: FastAPI, issuer: LocalIssuer) -> None:
    assert (await ask(app, issuer.token("lead", "sample"))).json() == ["project_lead"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "kurslots-booking"},
        {"aud": None},
        {"iss": "https://other.test"},
        {"iss": ISSUER + "/"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "lead\u0000"},
        {"sub": "lead\n"},
        {"sub": " lead"},
        {"sub": "x" * 256},
        {"sub": 17},
        {"lives": timedelta(minutes=-2)},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
        {"header": {"kid": None}},
        {"header": {"kid": 5}},
        {"header": {"alg": "none"}},
    ],
    ids=str,
)
async def test_a_token_with_something_wrong_is_refused(
    app: FastAPI, issuer: LocalIssuer, wrong: dict[str, Any]
) -> None:
    token = issuer.token("lead", "sample", **wrong) if "header" not in wrong else forged(issuer, wrong["header"])
    answer = await ask(app, token)
    problem_of(answer, 401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_of_another_key_under_a_known_id_is_refused(app: FastAPI, issuer: LocalIssuer) -> None:
    forger = ECKey.generate_key("P-256", {"kid": str(issuer.key.kid)})
    problem_of(await ask(app, issuer.token("lead", "sample", key=forger)), 401, "invalid_token")


async def test_a_public_key_is_not_taken_for_a_shared_secret(app: FastAPI, issuer: LocalIssuer) -> None:
    header, payload, _ = forged(issuer, {"alg": "HS256"}).split(".")
    signature = hmac.digest(issuer.key.as_pem(private=False), f"{header}.{payload}".encode(), "sha256")
    token = f"{header}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    problem_of(await ask(app, token), 401, "invalid_token")


WRONG_HEADERS = ["Basic bGVhZDpsZWFk", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer " + "a.b." * 9000]


@pytest.mark.parametrize("header", WRONG_HEADERS, ids=lambda header: header[:12])
async def test_another_header_is_refused(app: FastAPI, header: str) -> None:
    async with anonymous_client(app) as client:
        answer = await client.get(ME, headers={"authorization": header})
    assert answer.status_code in {401, 431}
    assert "www-authenticate" in answer.headers or answer.status_code == 431


async def test_a_rotated_key_is_fetched_and_the_old_still_taken(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_FETCH_PAUSE", 0.0)
    old = issuer.token("lead", "sample")
    assert (await ask(app, old)).status_code == 200
    issuer.rotate()
    assert (await ask(app, issuer.token("lead", "sample"))).status_code == 200
    assert (await ask(app, old)).status_code == 200
    issuer.forget_old()
    issuer.rotate()
    assert (await ask(app, issuer.token("lead", "sample"))).status_code == 200
    problem_of(await ask(app, old), 401, "invalid_token")


async def test_a_token_that_was_taken_before_is_refused_once_it_has_expired(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token("lead", "sample", lives=timedelta(minutes=5))
    assert (await ask(app, token)).status_code == 200
    assert (await ask(app, token)).status_code == 200
    later = machine_now() + timedelta(minutes=6)
    monkeypatch.setattr(sign_in, "machine_now", lambda: later)
    problem_of(await ask(app, token), 401, "invalid_token")


async def test_of_a_token_that_was_taken_before_no_other_version_is_taken(app: FastAPI, issuer: LocalIssuer) -> None:
    token = issuer.token("lead", "sample")
    assert (await ask(app, token)).status_code == 200
    other = "A" if token[-10] != "A" else "B"
    problem_of(await ask(app, token[:-10] + other + token[-9:]), 401, "invalid_token")


async def test_only_so_many_tokens_are_known(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TOKENS_KNOWN", 2)
    for minutes in range(10, 15):
        token = issuer.token("lead", "sample", lives=timedelta(minutes=minutes))
        assert (await ask(app, token)).status_code == 200
    assert len(app.state.parts.verifier._known) == 2


async def test_unknown_keys_do_not_make_us_ask_the_issuer_each_time(app: FastAPI, issuer: LocalIssuer) -> None:
    await ask(app, issuer.token("lead", "sample"))
    asked = len(issuer.asked)
    for _ in range(5):
        stranger = ECKey.generate_key("P-256", {"kid": "unknown"})
        problem_of(await ask(app, issuer.token("lead", "sample", key=stranger)), 401, "invalid_token")
    assert len(issuer.asked) == asked


async def test_while_the_issuer_is_away_known_keys_do_and_others_wait(
    app: FastAPI, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_FETCH_PAUSE", 0.0)
    issuer.is_away = True
    answer = await ask(app, issuer.token("lead", "sample"))
    problem_of(answer, 503, "issuer_away")
    assert "retry-after" in answer.headers
    issuer.is_away = False
    assert (await ask(app, issuer.token("lead", "sample"))).status_code == 200
    issuer.is_away = True
    monkeypatch.setattr(sign_in, "_KEYS_KEPT_SECONDS", 0.0)
    assert (await ask(app, issuer.token("lead", "sample"))).status_code == 200


async def test_keycloaks_own_mark_of_an_access_token_is_taken(app: FastAPI, issuer: LocalIssuer) -> None:
    assert (await ask(app, issuer.token("lead", "sample", header={"typ": "JWT"}, typ="Bearer"))).status_code == 200


async def test_two_tokens_at_once_are_refused(app: FastAPI, issuer: LocalIssuer) -> None:
    header = ("authorization", f"Bearer {issuer.token('lead', 'sample')}")
    async with signed_client(app, issuer, "lead") as client:
        request = client.build_request("GET", ME)
        request.headers = type(request.headers)([*request.headers.multi_items(), header])
        problem_of(await client.send(request), 401, "invalid_token")
