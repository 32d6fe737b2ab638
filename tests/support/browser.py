"""A person at a browser, without one: it keeps cookies, follows redirects to an issuer, and comes back with a code.

    issuer = CodeIssuer()
    app = create_app(settings_for(BookingSettings, url, issuer), issuer_transport=issuer.transport)
    async with running(app), browser(app) as page:
        await sign_in(page, issuer, "operator")
        answer = await page.get("/booking/operator/messages")

`CodeIssuer` is `LocalIssuer` with the code flow: it checks PKCE and gives each code's tokens once.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.kernel.clock import machine_now
from tests.support.web import ISSUER, ORIGIN, LocalIssuer

PAGE = {"accept": "text/html,application/xhtml+xml"}
_TOKEN_FIELD = re.compile(r'name="(_csrf|_key)" value="([^"]*)"')


@dataclass
class Granted:
    """What a code stands for."""

    asked: Mapping[str, str]
    person: str


@dataclass
class Wrong:
    """What the issuer does wrong, for a test: claims, header and key of the identity token, and its answer."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: ECKey | None = None
    answer: httpx.Response | None = None


class CodeIssuer(LocalIssuer):
    """An issuer with the authorisation code flow, for one app after another."""

    def __init__(self, issuer: str = ISSUER) -> None:
        super().__init__(issuer)
        self.codes: dict[str, Granted] = {}
        self.wrong = Wrong()

    def approve(self, address: str, person: str) -> str:
        """Let somebody sign in as the request in `address` asks, and return where the browser is sent."""
        asked = dict(httpx.URL(address).params)
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = Granted(asked, person)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        if request.url.path.endswith("/.well-known/openid-configuration"):
            endpoints = {name: f"{self.issuer}/{name}" for name in ("authorize", "token", "end-session")}
            return httpx.Response(
                200,
                json={
                    "issuer": self.issuer,
                    "jwks_uri": f"{self.issuer}/jwks",
                    "authorization_endpoint": endpoints["authorize"],
                    "token_endpoint": endpoints["token"],
                    "end_session_endpoint": endpoints["end-session"],
                    "authorization_response_iss_parameter_supported": True,
                },
            )
        if request.url.path.endswith("/token"):
            self.asked.append(request.url.path)
            return self.wrong.answer or self._exchange(request)
        return super()._answer(request)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        granted = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            granted is None
            or granted.asked["code_challenge"] != challenge.decode()
            or form["grant_type"] != "authorization_code"
            or any(granted.asked[name] != form[name] for name in ("client_id", "redirect_uri"))
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(
            200, json={"access_token": "opaque", "token_type": "Bearer", "id_token": self._identity(granted)}
        )

    def _identity(self, granted: Granted) -> str:
        now = int(machine_now().timestamp())
        key = self.wrong.key or self.key
        claims = {
            "iss": self.issuer,
            "aud": granted.asked["client_id"],
            "sub": granted.person,
            "iat": now,
            "exp": now + 300,
            "nonce": granted.asked["nonce"],
        } | self.wrong.claims
        header = {"alg": "ES256", "kid": key.kid} | self.wrong.header
        return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key)


def browser(app: FastAPI, *, language: str = "en", origin: str = ORIGIN) -> httpx.AsyncClient:
    """Return a client that behaves as a browser does; it follows no redirect by itself."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=origin,
        headers={**PAGE, "accept-language": language, "sec-fetch-site": "same-origin"},
        trust_env=False,
    )


async def sign_in(page: httpx.AsyncClient, issuer: CodeIssuer, person: str, *, to: str = "") -> httpx.Response:
    """Sign in, and return the answer that leads to the page that was wanted."""
    service = _service_of(page)
    begun = await page.get(f"/{service}/sign-in", params={"to": to} if to else {})
    assert begun.status_code == 303, begun.text
    answer = await page.get(issuer.approve(begun.headers["location"], person))
    assert answer.status_code == 303, answer.text
    return answer


def _service_of(page: httpx.AsyncClient) -> str:
    transport = page._transport
    assert isinstance(transport, httpx.ASGITransport)
    service: str = transport.app.state.parts.service  # type: ignore[attr-defined]  # no part of its type
    return service


def hidden_fields(page: str) -> dict[str, str]:
    """Return the token and the key of the last form of a page."""
    return dict(_TOKEN_FIELD.findall(page))
