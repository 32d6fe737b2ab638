"""The service as a client of the OpenID Connect issuer: where a sign-in goes, what comes back, and where one signs out.

The steps of the protocol are Authlib's (RFC 6749, RFC 7636) and joserfc's; what is checked beside them is said here.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from shared.kernel.clock import machine_now
from shared.kernel.errors import NotSignedIn, TryLater
from shared.kernel.grants import Subject
from shared.kernel.texts import N_
from shared.web.browser.sessions import Attempt
from shared.web.sign_in import ALGORITHMS, LEEWAY_SECONDS, LONGEST_TOKEN, IssuerKeys, checked_sub, header_of

_TIMEOUT_SECONDS: Final = 10.0
_LARGEST_ANSWER: Final = 64 * 1024
_SCOPE: Final = "openid"  # who it is; names and addresses are ours, not the issuer's word
_log = structlog.get_logger(__name__)

_ISSUER_AWAY = N_("The sign-in service cannot be reached just now. Try again in a moment.")


class SignInFailedError(Exception):
    """What came back from the issuer must not be believed; the argument says why, without a part of it."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in, and the identity token that says so."""

    subject: Subject
    identity_token: str


class _CodeClient(OAuth2Client):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's client over our connections to the issuer."""

    oauth_error_class = OAuth2Error

    async def _fetch_token(
        self, url: str, body: str, headers: dict[str, str], auth: ClientAuth, method: str, **_others: object
    ) -> dict[str, Any]:
        address, prepared, content = auth.prepare(method, url, headers, body)
        answer = await self.session.request(method, address, headers=prepared, content=content)
        if len(answer.content) > _LARGEST_ANSWER:
            raise SignInFailedError("answer too large")
        token: dict[str, Any] = self.parse_response_token(answer)
        return token


class SignInClient:
    """Signs people in at one issuer, as one public client with PKCE."""

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        issuer_alias: str,
        client_id: str,
        callback: str,
        signed_out: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._alias = issuer_alias
        self._client_id = client_id
        self._callback = callback
        self._signed_out = signed_out
        self._http = httpx.AsyncClient(
            transport=transport, timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections to the issuer."""
        await self._http.aclose()

    async def start(self, return_to: str, *, language: str) -> tuple[str, Attempt]:
        """Return where to send the browser, and what to keep until it comes back. Raises TryLater."""
        endpoint = await self._endpoint("authorization_endpoint")
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            return_to=return_to,
        )
        address, _ = self._client().create_authorization_url(
            endpoint,
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.code_verifier,
            ui_locales=language,
        )
        return str(address), attempt

    async def finish(self, attempt: Attempt, *, code: str, issuer: str | None) -> SignedIn:
        """Exchange the code, and return who has signed in. Raises SignInFailedError, or TryLater."""
        says_who = (await self._keys.metadata()).get("authorization_response_iss_parameter_supported") is True
        if issuer != self._issuer and (issuer is not None or says_who):
            raise SignInFailedError("another issuer answered")  # RFC 9207
        return await self._exchanged(attempt, code)

    async def sign_out_address(self, identity_token: str | None) -> str:
        """Return where to sign out at the issuer, or our own page where it has no such place or cannot be asked."""
        try:
            endpoint = await self._endpoint("end_session_endpoint")
        except TryLater:
            return self._signed_out
        hint = {} if identity_token is None else {"id_token_hint": identity_token}
        return str(
            add_params_to_uri(
                endpoint, {**hint, "client_id": self._client_id, "post_logout_redirect_uri": self._signed_out}
            )
        )

    async def _exchanged(self, attempt: Attempt, code: str) -> SignedIn:
        endpoint = await self._endpoint("token_endpoint")
        try:
            token = await self._client().fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=attempt.code_verifier
            )
        except OAuth2Error as error:
            raise SignInFailedError(f"the issuer refused the code: {str(error.error)[:40]}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _log.warning("issuer away", cause=type(error).__name__)
            raise TryLater(_ISSUER_AWAY, code="issuer_away") from error
        except ValueError as error:
            raise SignInFailedError("the issuer's answer cannot be read") from error
        identity, access = token.get("id_token"), token.get("access_token")
        if not isinstance(identity, str) or not isinstance(access, str):
            raise SignInFailedError("no identity token")
        return SignedIn(await self._believed(identity, access, attempt.nonce), identity)

    async def _believed(self, identity: str, access: str, nonce: str) -> Subject:
        """Return who an identity token speaks of, once it is known to be the issuer's, for us, and fresh."""
        if len(identity) > LONGEST_TOKEN:
            raise SignInFailedError("token too long")
        try:
            key = await self._keys.key(header_of(identity)["kid"])
            decoded = jwt.decode(identity, key, algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": access},
            )
            claims.validate(now=int(machine_now().timestamp()), leeway=LEEWAY_SECONDS)
            return Subject(self._alias, checked_sub(claims["sub"]))
        except JoseError as error:
            raise SignInFailedError(f"identity token: {error.error}") from error
        except NotSignedIn as error:
            raise SignInFailedError("identity token: not signed as the issuer signs") from error
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise SignInFailedError("identity token: malformed") from error

    async def _endpoint(self, name: str) -> str:
        address = (await self._keys.metadata()).get(name)
        if not isinstance(address, str) or not self._may_be_asked(address):
            _log.error("issuer lacks an endpoint", endpoint=name)
            raise TryLater(_ISSUER_AWAY, code="issuer_away")
        return address

    def _may_be_asked(self, address: str) -> bool:
        """Nothing is sent in the clear to an issuer that is spoken to over TLS."""
        return address.startswith("https://" if self._issuer.startswith("https://") else ("http://", "https://"))

    def _client(self) -> _CodeClient:
        return _CodeClient(
            session=self._http,
            client_id=self._client_id,
            token_endpoint_auth_method="none",  # noqa: S106 - a public client has no secret; PKCE stands in for it
            scope=_SCOPE,
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )
