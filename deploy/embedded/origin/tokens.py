"""Gets an access token for a ready-made person, without a browser: the same authorisation-code flow with PKCE.

For `kurslots token`, the demo and tests. Works with the embedded issuer alone: a real one asks for more than a name.
"""

import base64
import hashlib
import secrets
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import httpx

from deploy.embedded.origin.issuer.clients import CLI_CLIENT, CLI_REDIRECT, CLI_TOKEN_MINUTES

_PATIENCE_SECONDS = 15.0


class NoToken(Exception):  # noqa: N818 - named for what is wrong
    """The issuer gave no token; the message says why and what to do."""


class UnknownPerson(NoToken):
    """Nobody of that name is among the ready-made people; `known` are those who are."""

    def __init__(self, person: str, known: list[str]) -> None:
        self.known = known
        super().__init__(f"There is nobody called {person} here. Choose one of: {', '.join(known)}.")


async def fetch_token(
    origin: str, person: str, *, minutes: int = CLI_TOKEN_MINUTES, client: httpx.AsyncClient | None = None
) -> str:
    """Return an access token for all three services, good for `minutes`.

    Raises UnknownPerson, or NoToken where the origin cannot be reached or is no embedded one.
    """
    if client is not None:
        return await _fetch(client, origin.rstrip("/"), person, minutes)
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as own:
        return await _fetch(own, origin.rstrip("/"), person, minutes)


async def _fetch(client: httpx.AsyncClient, origin: str, person: str, minutes: int) -> str:
    try:
        return await _run_flow(client, f"{origin}/issuer", person, minutes)
    except httpx.HTTPError as error:
        raise NoToken(
            f"{origin} does not answer ({error or type(error).__name__}). Is it running? kurslots up"
        ) from error


async def _run_flow(client: httpx.AsyncClient, base: str, person: str, minutes: int) -> str:
    answer = await client.get(f"{base}/people")
    if answer.status_code != HTTPStatus.OK:
        raise NoToken(f"{base} has no ready-made people (it answers {answer.status_code}): not an embedded issuer.")
    known = [entry["sub"] for entry in answer.json()["people"]]
    if person not in known:
        raise UnknownPerson(person, known)
    verifier = secrets.token_urlsafe(48)
    state = secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    chosen = await client.post(
        f"{base}/authorize",
        data={
            "response_type": "code",
            "client_id": CLI_CLIENT,
            "redirect_uri": CLI_REDIRECT,
            "scope": "openid profile",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "token_minutes": str(minutes),
            "person": person,
        },
        follow_redirects=False,
    )
    code = _code_from(chosen, state)
    granted = await client.post(
        f"{base}/token",
        data={
            "grant_type": "authorization_code",
            "client_id": CLI_CLIENT,
            "redirect_uri": CLI_REDIRECT,
            "code": code,
            "code_verifier": verifier,
        },
    )
    if granted.status_code != HTTPStatus.OK:
        raise NoToken(f"The issuer refused the code: {granted.text[:300]}")
    return str(granted.json()["access_token"])


def _code_from(chosen: httpx.Response, state: str) -> str:
    """Read the code out of the redirect, which is not followed."""
    parameters = parse_qs(urlsplit(chosen.headers.get("location", "")).query)
    if "error" in parameters:
        raise NoToken(f"The issuer refused: {' '.join(parameters.get('error_description', parameters['error']))}")
    if "code" not in parameters or parameters.get("state") != [state]:
        raise NoToken(f"The issuer gave no code: it answers {chosen.status_code} {chosen.text[:300]}")
    return str(parameters["code"][0])
