"""What an OpenID Connect issuer must do for Kurslots, whoever made it: the embedded one, or a real Keycloak.

`make test-keycloak` asks a Keycloak with the realm of `deploy/keycloak`; the tests of every day ask the embedded one.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.keycloak import LONGEST_SECONDS, Keycloak
from tests.support.origin import running_origin

SERVICES = ("booking", "procurement", "notification")
PERSON = "contact.falun"


@dataclass
class Subject:
    """The issuer under test and a person who can sign in there."""

    issuer: str
    origin: str
    client: httpx.AsyncClient
    person: str
    password: str | None
    metadata: dict[str, Any] = field(default_factory=dict)

    def redirect_uri(self, service: str) -> str:
        return f"{self.origin}/{service}/sign-in/callback"


@pytest.fixture(scope="module")
async def embedded_issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Subject]:
    async with running_origin(tmp_path_factory.mktemp("issuer")) as running:
        yield await discovered(Subject(running.settings.issuer, running.url, running.client, PERSON, password=None))


@pytest.fixture(scope="module")
async def keycloak_issuer(keycloak: Keycloak) -> AsyncIterator[Subject]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        keep_cookies_as_a_browser_does(client)
        yield await discovered(Subject(keycloak.issuer, keycloak.origin, client, PERSON, keycloak.password))


@pytest.fixture(
    scope="module",
    params=[
        "embedded_issuer",
        pytest.param("keycloak_issuer", marks=[pytest.mark.keycloak, pytest.mark.timeout(LONGEST_SECONDS)]),
    ],
    ids=["embedded", "keycloak"],
)
def issuer(request: pytest.FixtureRequest) -> Subject:
    subject: Subject = request.getfixturevalue(request.param)
    return subject


def keep_cookies_as_a_browser_does(client: httpx.AsyncClient) -> None:
    """Send cookies that are meant for TLS alone to a loopback address too: httpx does not."""

    async def add(request: httpx.Request) -> None:
        sent = [f"{each.name}={each.value}" for each in client.cookies.jar if request.url.path.startswith(each.path)]
        if sent:
            request.headers["cookie"] = "; ".join(sent)

    client.event_hooks = {"request": [add]}


async def discovered(subject: Subject) -> Subject:
    answer = await subject.client.get(f"{subject.issuer}/.well-known/openid-configuration")
    subject.metadata = answer.raise_for_status().json()
    return subject


class FirstForm(HTMLParser):
    """The first form of a page: where it goes, its hidden fields, and whether it asks for a password."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.asks_password = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = named.get("action") or ""
        if tag == "input" and named.get("type") == "hidden" and (name := named.get("name")):
            self.fields.append((name, named.get("value") or ""))
        if tag == "input" and named.get("type") == "password":
            self.asks_password = True


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def a_request(subject: Subject, service: str = "booking", /, **changes: str | None) -> dict[str, str]:
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": f"kurslots-{service}-web",
        "redirect_uri": subject.redirect_uri(service),
        "scope": "openid profile email",
        "state": "state-of-the-client",
        "nonce": "nonce-of-the-client",
        "code_challenge": challenge_of("v" * 43),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


async def sign_in(subject: Subject, parameters: dict[str, str]) -> dict[str, str]:
    """Go through the issuer's page as a fresh browser would; returns the parameters that the client is given."""
    subject.client.cookies.clear()
    address = subject.metadata["authorization_endpoint"]
    page = await subject.client.get(address, params=parameters)
    assert page.status_code == 200, page.text
    form = FirstForm(page.text)
    assert form.action is not None, page.text
    filled = dict(form.fields)
    if form.asks_password:
        assert subject.password is not None
        filled |= {"username": subject.person, "password": subject.password}
    else:
        filled |= {"person": subject.person}
    answer = await subject.client.post(urljoin(str(page.url), form.action), data=filled)
    return redirected(answer, parameters["redirect_uri"])


def redirected(answer: httpx.Response, redirect_uri: str) -> dict[str, str]:
    assert answer.status_code in {302, 303}, answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{redirect_uri}?"), location
    return dict(parse_qsl(urlsplit(location).query))


async def exchange(subject: Subject, code: str, service: str = "booking", **changes: str | None) -> httpx.Response:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": f"kurslots-{service}-web",
        "redirect_uri": subject.redirect_uri(service),
        "code": code,
        "code_verifier": "v" * 43,
        **changes,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return await subject.client.post(subject.metadata["token_endpoint"], data=sent)


async def tokens_of(subject: Subject, service: str = "booking") -> dict[str, Any]:
    given = await sign_in(subject, a_request(subject, service))
    answer = await exchange(subject, given["code"], service)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def verified(subject: Subject, token: str) -> jwt.Token:
    keys = (await subject.client.get(subject.metadata["jwks_uri"])).raise_for_status().json()
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256", "ES256"])


def audiences_of(claims: dict[str, Any]) -> set[str]:
    audience = claims["aud"]
    return {audience} if isinstance(audience, str) else set(audience)


async def test_the_discovery_document_says_what_kurslots_needs(issuer: Subject) -> None:
    metadata = issuer.metadata
    assert metadata["issuer"] == issuer.issuer
    assert "code" in metadata["response_types_supported"]
    assert "S256" in metadata["code_challenge_methods_supported"]
    assert {"openid", "profile", "email"} <= set(metadata["scopes_supported"])
    assert set(metadata["id_token_signing_alg_values_supported"]) & {"RS256", "ES256"}
    for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        assert metadata[endpoint].startswith(issuer.issuer)


async def test_published_keys_are_public_and_named(issuer: Subject) -> None:
    keys = (await issuer.client.get(issuer.metadata["jwks_uri"])).json()["keys"]
    assert keys
    assert not [key for key in keys if "kid" not in key or {"d", "p", "q", "k"} & set(key)]


@pytest.mark.parametrize("service", SERVICES)
async def test_an_access_token_is_for_the_service_that_asked(service: str, issuer: Subject) -> None:
    token = await verified(issuer, (await tokens_of(issuer, service))["access_token"])
    claims = token.claims
    assert claims["iss"] == issuer.issuer
    assert claims["sub"]
    assert audiences_of(claims) & {f"kurslots-{other}" for other in SERVICES} == {f"kurslots-{service}"}
    assert time.time() < claims["exp"] < time.time() + 3601
    assert claims["iat"] <= time.time() + 1
    assert claims["jti"]


async def test_an_identity_token_carries_the_nonce_and_is_no_access_token(issuer: Subject) -> None:
    tokens = await tokens_of(issuer)
    token = await verified(issuer, tokens["id_token"])
    assert token.claims["iss"] == issuer.issuer
    assert audiences_of(token.claims) == {"kurslots-booking-web"}
    assert token.claims["nonce"] == "nonce-of-the-client"
    assert token.claims["sub"] == (await verified(issuer, tokens["access_token"])).claims["sub"]


async def test_the_answer_carries_the_clients_state_and_the_issuers_name(issuer: Subject) -> None:
    given = await sign_in(issuer, a_request(issuer, state="a state with å & =?"))
    assert given["state"] == "a state with å & =?"
    assert given["iss"] == issuer.issuer


@pytest.mark.parametrize("verifier", ["w" * 43, "v" * 42, "v" * 44, "", None])
async def test_a_wrong_verifier_is_refused(verifier: str | None, issuer: Subject) -> None:
    given = await sign_in(issuer, a_request(issuer))
    answer = await exchange(issuer, given["code"], code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


async def test_a_code_is_good_once(issuer: Subject) -> None:
    given = await sign_in(issuer, a_request(issuer))
    assert (await exchange(issuer, given["code"])).status_code == 200
    again = await exchange(issuer, given["code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_good_for_its_own_client_alone(issuer: Subject) -> None:
    given = await sign_in(issuer, a_request(issuer))
    answer = await exchange(issuer, given["code"], "procurement", redirect_uri=issuer.redirect_uri("booking"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_the_redirect_address_must_be_the_same_when_the_code_is_used(issuer: Subject) -> None:
    given = await sign_in(issuer, a_request(issuer))
    answer = await exchange(issuer, given["code"], redirect_uri=issuer.redirect_uri("procurement"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": "v" * 43, "code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"response_type": "token"},
        {"response_type": "id_token"},
    ],
    ids=["no challenge", "plain challenge", "challenge without method", "token", "id_token"],
)
async def test_a_request_without_pkce_or_for_another_flow_is_sent_back(
    changes: dict[str, str | None], issuer: Subject
) -> None:
    parameters = a_request(issuer, **changes)
    answer = await issuer.client.get(issuer.metadata["authorization_endpoint"], params=parameters)
    assert answer.status_code in {302, 303, 400}, answer.text
    if answer.status_code != 400:
        separator = "#" if "token" in str(changes.get("response_type")) and "#" in answer.headers["location"] else "?"
        query = dict(parse_qsl(answer.headers["location"].partition(separator)[2]))
        assert query["error"] in {"invalid_request", "unsupported_response_type", "unauthorized_client"}
        assert "code" not in query


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/booking/sign-in/callback",
        "{origin}/booking/sign-in/callback/more",
        "{origin}/booking/sign-in/callback?more=1",
        "{origin}/procurement/sign-in/callback",
        "{origin}.evil.example/booking/sign-in/callback",
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(redirect: str, issuer: Subject) -> None:
    parameters = a_request(issuer, redirect_uri=redirect.format(origin=issuer.origin))
    answer = await issuer.client.get(issuer.metadata["authorization_endpoint"], params=parameters)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_an_unknown_client_is_refused(issuer: Subject) -> None:
    parameters = a_request(issuer, client_id=f"client-{secrets.token_hex(4)}")
    answer = await issuer.client.get(issuer.metadata["authorization_endpoint"], params=parameters)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("grant", ["client_credentials", "password", "implicit"])
async def test_no_other_grant_gives_a_token(grant: str, issuer: Subject) -> None:
    form = {"grant_type": grant, "client_id": "kurslots-booking-web", "username": "x", "password": "x"}
    answer = await issuer.client.post(issuer.metadata["token_endpoint"], data=form)
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.json()


async def test_signing_out_leads_back_to_the_registered_address(issuer: Subject) -> None:
    tokens = await tokens_of(issuer)
    wish = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": f"{issuer.origin}/booking/signed-out",
        "state": "s",
    }
    answer = await issuer.client.get(issuer.metadata["end_session_endpoint"], params=wish)
    assert redirected(answer, wish["post_logout_redirect_uri"])["state"] == "s"


async def test_signing_out_leads_nowhere_else(issuer: Subject) -> None:
    tokens = await tokens_of(issuer)
    wish = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
    answer = await issuer.client.get(issuer.metadata["end_session_endpoint"], params=wish)
    assert not answer.headers.get("location", "").startswith("https://evil.example")
