"""A service's web app under test: asked through ASGI, with tokens that the app verifies the way it does in earnest.

    issuer = LocalIssuer()
    app = create_app(settings_for(BookingSettings, url, issuer), issuer_transport=issuer.transport)
    async with running(app), signed_client(app, issuer, "lead.dalarna") as lead:
        problem_of(await lead.get("/booking/api/v1/projects/…"), 404, "not_found")

The issuer is a key pair and two documents behind httpx's own transport; nothing goes over a network.
"""

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.kernel.clock import machine_now
from shared.settings import ServiceSettings

ISSUER: Final = "https://issuer.test/kurslots"
ISSUER_ALIAS: Final = "embedded"
ORIGIN: Final = "http://127.0.0.1"

Settings = TypeVar("Settings", bound=ServiceSettings)


class LocalIssuer:
    """An OpenID Connect issuer's keys and documents; `is_away` and `rotate` make it behave as one does."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.is_away = False
        self.asked: list[str] = []
        self.published: list[ECKey] = []
        self.key = self.rotate()
        self.transport = httpx.MockTransport(self._answer)

    def rotate(self) -> ECKey:
        """Sign with a new key from now on; the old ones stay published until `forget` is called."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})
        self.published.append(self.key)
        return self.key

    def forget_old(self) -> None:
        """Publish the newest key alone."""
        self.published = [self.key]

    def token(
        self,
        person: str,
        service: str,
        *,
        header: dict[str, Any] | None = None,
        key: ECKey | None = None,
        lives: timedelta = timedelta(minutes=10),
        **claims: Any,  # noqa: ANN401 - any claim may be set, wrong ones too
    ) -> str:
        """Return an access token as RFC 9068 has it; every part can be made wrong."""
        now = machine_now()
        signer = key or self.key
        payload: dict[str, Any] = {
            "iss": self.issuer,
            "aud": f"kurslots-{service}",
            "sub": person,
            "iat": int(now.timestamp()),
            "exp": int((now + lives).timestamp()),
            "client_id": "tests",
            "jti": secrets.token_hex(8),
        } | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": signer.kid, "typ": "at+jwt"} | (header or {}), payload, signer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"})
        if request.url.path.endswith("/jwks"):
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        return httpx.Response(404)


def settings_for(
    kind: type[Settings],
    database_url: str,
    issuer: LocalIssuer,
    **others: Any,  # noqa: ANN401 - any setting
) -> Settings:
    """Return a service's settings for a test database and issuer; what is given here wins over the environment."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    given = {"database_url": database_url, "secret": secret, "mode": "embedded", "clock": "system"}
    return kind(**(given | {"oidc_issuer": issuer.issuer, "oidc_issuer_alias": ISSUER_ALIAS} | others))


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Run the app's lifespan around a test; ASGITransport alone does not."""
    async with app.router.lifespan_context(app):
        yield app


def signed_client(app: FastAPI, issuer: LocalIssuer, sub: str, *, language: str = "en") -> httpx.AsyncClient:
    """Return a client that asks the app as the person that the issuer calls `sub`."""
    client = anonymous_client(app, language=language)
    client.headers["authorization"] = f"Bearer {issuer.token(sub, app.state.parts.service)}"
    return client


def anonymous_client(app: FastAPI, *, language: str = "en") -> httpx.AsyncClient:
    """Return a client that asks the app as nobody."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=ORIGIN, headers={"accept-language": language}, trust_env=False
    )


def problem_of(response: httpx.Response, status: int, code: str, *, field: str | None = None) -> dict[str, Any]:
    """Return the problem that the response tells, and assert that it is this one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["title"]
    assert problem["detail"]
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], problem
    return problem
