"""Bearer tokens: who is asking, as the OpenID Connect issuer says, checked with its published keys.

The issuer may be away when the process starts and while it runs: keys are fetched at first use, kept, and fetched
again when a token names an unknown one, but not more often than `_FETCH_PAUSE`.
"""

import asyncio
import base64
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from shared.kernel.clock import machine_now
from shared.kernel.errors import NotSignedIn, TryLater
from shared.kernel.grants import Subject
from shared.kernel.texts import N_

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
LEEWAY_SECONDS: Final = 30
LONGEST_TOKEN: Final = 8_192
TOKENS_KNOWN: Final = 1_000
_LONGEST_SUB = 255
_FETCH_PAUSE = 10.0
_KEYS_KEPT_SECONDS = 3_600.0
_FETCH_TIMEOUT = 5.0
_LARGEST_DOCUMENT = 512 * 1024
_PUBLIC_KEY_TYPES = ("RSA", "EC", "OKP")

_log = structlog.get_logger(__name__)

_INVALID = N_("The token is not valid here ({reason}). Sign in again.")
_MISSING = N_("Sign in first: this needs a bearer token of the issuer.")
_ISSUER_AWAY = N_("The sign-in service cannot be reached just now. Try again in a moment.")


class _BadDocumentError(Exception):
    """The issuer answered with something that is not what OpenID Connect says."""


def invalid_token(reason: str) -> NotSignedIn:
    """Return the error for a token that must not be believed; `reason` never holds a part of it."""
    return NotSignedIn(_INVALID, code="invalid_token", reason=reason)


class IssuerKeys:
    """The issuer's public signing keys, by key id."""

    def __init__(self, issuer: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._issuer = issuer
        self._client = httpx.AsyncClient(
            transport=transport, timeout=_FETCH_TIMEOUT, follow_redirects=False, trust_env=False
        )
        self._lock = asyncio.Lock()
        self._keys: dict[str, Key] = {}
        self._metadata: dict[str, Any] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    async def close(self) -> None:
        """Close the connections to the issuer."""
        await self._client.aclose()

    async def key(self, kid: str) -> Key:
        """Return the key; raises NotSignedIn for one that the issuer does not publish, TryLater while it is away."""
        if self._is_fresh() and kid in self._keys:
            return self._keys[kid]
        async with self._lock:
            if not (self._is_fresh() and kid in self._keys) and self._may_fetch():
                await self._fetch()
        if kid in self._keys:
            return self._keys[kid]
        if self._fetched_at is None:
            raise TryLater(_ISSUER_AWAY, code="issuer_away")
        raise invalid_token("key")

    async def metadata(self) -> Mapping[str, Any]:
        """Return what the issuer says of its endpoints; raises TryLater while it is away and has said nothing yet."""
        async with self._lock:
            if not self._is_fresh() and self._may_fetch():
                await self._fetch()
        if self._fetched_at is None:
            raise TryLater(_ISSUER_AWAY, code="issuer_away")
        return self._metadata

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and time.monotonic() - self._fetched_at < _KEYS_KEPT_SECONDS

    def _may_fetch(self) -> bool:
        return self._tried_at is None or time.monotonic() - self._tried_at >= _FETCH_PAUSE

    async def _fetch(self) -> None:
        self._tried_at = time.monotonic()
        try:
            metadata = await self._discovered()
            self._keys = _signing_keys(await self._document(str(metadata.get("jwks_uri"))))
            self._metadata = metadata
            self._fetched_at = time.monotonic()
            _log.info("issuer keys fetched", issuer=self._issuer, keys=len(self._keys))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, _BadDocumentError) as error:
            _log.warning("issuer keys not fetched", issuer=self._issuer, cause=type(error).__name__)

    async def _discovered(self) -> dict[str, Any]:
        discovery = await self._document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if discovery.get("issuer") != self._issuer:
            raise _BadDocumentError("the discovery document is another issuer's")
        return discovery

    async def _document(self, address: str) -> dict[str, Any]:
        if self._issuer.startswith("https://") and not address.startswith("https://"):
            raise _BadDocumentError("keys of an https issuer are not fetched in the clear")
        response = await self._client.get(address, headers={"accept": "application/json"})
        if response.status_code != httpx.codes.OK or len(response.content) > _LARGEST_DOCUMENT:
            raise _BadDocumentError(f"answered {response.status_code}")
        document = response.json()
        if not isinstance(document, dict):
            raise _BadDocumentError("not an object")
        return document


def _signing_keys(document: dict[str, Any]) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise _BadDocumentError("no keys")
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("kty") not in _PUBLIC_KEY_TYPES:
            continue
        if entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
            continue
        try:
            keys[entry["kid"]] = JWKRegistry.import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # one key of a kind that is not known here must not hide the others
            _log.warning("issuer key not understood", cause=type(error).__name__)
    return keys


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a token says whose signature was found good with this key."""

    key: Key
    kind: object
    claims: dict[str, Any]


class TokenVerifier:
    """Turns an Authorization header into a subject, or says why not.

    That a token is signed with a key is found out once and remembered: it cannot change. All else is asked each time,
    whether the issuer still publishes the key among it.
    """

    def __init__(self, keys: IssuerKeys, *, issuer: str, issuer_alias: str, audience: str) -> None:
        self._known: OrderedDict[bytes, _Signed] = OrderedDict()
        self._keys = keys
        self._alias = issuer_alias
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(machine_now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def subject(self, authorization: list[str]) -> Subject:
        """Return who the headers' one bearer token is for; raises NotSignedIn, or TryLater while keys are away."""
        token = _bearer(authorization)
        signed = await self._signed(token)
        try:
            self._claims.validate(signed.claims)
        except JoseError as error:
            raise invalid_token(error.error) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise invalid_token("malformed") from error
        if not _is_access_token(signed.kind, signed.claims):
            raise invalid_token("not an access token")
        return Subject(self._alias, checked_sub(signed.claims["sub"]))

    async def _signed(self, token: str) -> _Signed:
        """Return what the token says; raises NotSignedIn unless it is signed with a key that the issuer publishes."""
        header = header_of(token)
        key = await self._keys.key(header["kid"])
        name = sha256(token.encode()).digest()  # a token itself is kept nowhere
        known = self._known.get(name)
        if known is not None and known.key is key:
            self._known.move_to_end(name)
            return known
        try:
            claims = jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
        except JoseError as error:
            raise invalid_token(error.error) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise invalid_token("malformed") from error
        self._known[name] = signed = _Signed(key, header.get("typ"), claims)
        if len(self._known) > TOKENS_KNOWN:
            self._known.popitem(last=False)
        return signed


def checked_sub(sub: object) -> str:
    """Return the name that the issuer gave a person; raises NotSignedIn where it cannot be one."""
    if not isinstance(sub, str) or not sub or len(sub) > _LONGEST_SUB or not sub.isprintable() or sub != sub.strip():
        raise invalid_token("sub")
    return sub


def _bearer(authorization: list[str]) -> str:
    if not authorization:
        raise NotSignedIn(_MISSING, code="not_signed_in")
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip()
    if len(authorization) > 1 or scheme.lower() != "bearer":
        raise invalid_token("scheme")
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:  # noqa: PLR2004 - a JWS
        raise invalid_token("malformed")
    return token


def header_of(token: str) -> dict[str, Any]:
    """Return what a token says of its key; raises NotSignedIn where it cannot be one that is taken here."""
    encoded = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:
        raise invalid_token("malformed") from error
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
        raise invalid_token("header")
    return header


def _is_access_token(kind: object, claims: dict[str, Any]) -> bool:
    """Whether it is an access token (RFC 9068 §4); Keycloak says so in a claim unless told to follow the RFC."""
    if not isinstance(kind, str):
        return False
    kind = kind.lower().removeprefix("application/")
    return kind == "at+jwt" or (kind == "jwt" and claims.get("typ") == "Bearer")
