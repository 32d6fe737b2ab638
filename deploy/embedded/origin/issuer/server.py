"""Authlib's authorisation server, fitted to Starlette: what a request is, what is allowed, what goes into a token."""

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc.jwk import KeySet
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from deploy.embedded.origin.issuer.clients import MAX_TOKEN_MINUTES, SCOPES, Client
from deploy.embedded.origin.issuer.codes import Code, Codes
from deploy.embedded.origin.issuer.keys import ALGORITHM, SigningKeys
from deploy.people import ReadyMadePerson

Parameters = ImmutableMultiDict[str, str]


class InvalidTargetError(OAuth2Error):
    """A token was asked for an audience that the client may not have (RFC 8707)."""

    error = "invalid_target"


class _Payload(OAuth2Payload):
    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    @property
    def data(self) -> Mapping[str, str]:
        return self._parameters

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {key: self._parameters.getlist(key) for key in self._parameters})


class IssuerRequest(OAuth2Request):
    """A request whose parameters have been read already: Authlib does not wait."""

    def __init__(self, *, method: str, uri: str, headers: Mapping[str, str], parameters: Parameters) -> None:
        super().__init__(method, uri, headers={name.title(): value for name, value in headers.items()})
        self._parameters = parameters
        self.payload = _Payload(parameters)

    @property
    def args(self) -> Parameters:
        return self._parameters

    @property
    def form(self) -> Parameters:
        return self._parameters


class SignedIn:
    """The person of one code, with what the tokens made from it shall say."""

    def __init__(self, person: ReadyMadePerson, code: Code) -> None:
        self.person = person
        self.audiences = code.audiences
        self.auth_time = code.auth_time

    def get_user_id(self) -> str:
        return self.person.sub


class IssuerServer(AuthorizationServer):
    """The server's parts put together; see `build_server`."""

    def __init__(self, *, issuer: str, clients: Mapping[str, Client], codes: Codes, keys: SigningKeys) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.issuer = issuer
        self.codes = codes
        self.keys = keys
        self._clients = clients

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Nothing is kept: a token is its own proof."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: IssuerRequest) -> IssuerRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:  # noqa: ANN401 - any JSON
        """Make Starlette's answer; a redirect says whose it is (RFC 9207)."""
        content = json.dumps(body) if isinstance(body, dict) else body
        response = Response(content, status_code=status)
        for name, value in headers:
            redirect = name.lower() == "location"
            response.headers[name] = add_params_to_uri(value, {"iss": self.issuer}) if redirect else value
        response.headers["cache-control"] = "no-store"
        return response


class CodeGrant(AuthorizationCodeGrant):
    """The authorisation code grant over `Codes`."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    server: IssuerServer
    people: Mapping[str, ReadyMadePerson]

    def validate_authorization_request(self) -> str:
        """Check what Authlib does not: the audiences and the life that are asked for."""
        redirect_uri: str = super().validate_authorization_request()
        try:
            asked_audiences(self.request, self.request.client)
            asked_minutes(self.request, self.request.client)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        return redirect_uri

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.codes.add(
            Code(
                code=code,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                sub=request.user.sub,
                audiences=asked_audiences(request, request.client),
                minutes=asked_minutes(request, request.client),
                nonce=data.get("nonce"),
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
                auth_time=int(time.time()),
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Take the code: one try, right or wrong."""
        return self.server.codes.take(code, client.client_id)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It went when it was taken."""

    def authenticate_user(self, authorization_code: Code) -> SignedIn | None:
        person = self.people.get(authorization_code.sub)
        return None if person is None else SignedIn(person, authorization_code)

    def validate_token_request(self) -> None:
        super().validate_token_request()
        self.request.client = self.request.client.lasting(self.request.authorization_code.minutes)


def asked_audiences(request: OAuth2Request, client: Client) -> tuple[str, ...]:
    """The audiences asked for as `resource` (RFC 8707) or `audience`; all of the client's where none is named."""
    lists = request.payload.datalist
    asked = tuple(dict.fromkeys([*lists["resource"], *lists["audience"]]))
    if not set(asked) <= set(client.audiences):
        raise InvalidTargetError(f"{client.client_id} may ask for {', '.join(client.audiences)}.")
    return asked or client.audiences


def asked_minutes(request: OAuth2Request, client: Client) -> int:
    """The life asked for as `token_minutes`, a parameter of this issuer for the command line alone."""
    asked = request.payload.data.get("token_minutes")
    if asked is None or not client.chooses_minutes:
        return client.token_minutes
    minutes = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("10000") else 0
    if not 1 <= minutes <= MAX_TOKEN_MINUTES:
        raise InvalidRequestError(f"token_minutes must be a whole number from 1 to {MAX_TOKEN_MINUTES}.")
    return minutes


class RequiredChallenge(CodeChallenge):
    """PKCE with S256, from every client; without it nobody gets as far as the list of people."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):
    """The identity token's claims."""

    def __init__(self, *, issuer: str, keys: SigningKeys) -> None:
        super().__init__(require_nonce=False)
        self._issuer = issuer
        self._keys = keys

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """Whether a nonce was used before: the client checks its own, and a code is good once."""
        del nonce, request
        return False

    def resolve_client_private_key(self, client: Client) -> KeySet:
        del client
        return self._keys.signing

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {
            "iss": self._issuer,
            "aud": client.client_id,
            "exp": int(time.time()) + client.token_minutes * 60,
        }

    def generate_user_info(self, user: SignedIn, scope: str) -> UserInfo:
        person = user.person
        claims = UserInfo(sub=person.sub)
        asked = scope.split()
        if "profile" in asked:
            claims.update(
                name=person.name, given_name=person.given_name, family_name=person.family_name, locale=person.language
            )
        if "email" in asked:
            claims.update(email=person.email, email_verified=False)
        return claims


class AccessToken(JWTBearerTokenGenerator):
    """The access token by RFC 9068."""

    def __init__(self, *, issuer: str, keys: SigningKeys) -> None:
        super().__init__(issuer=issuer, alg=ALGORITHM, expires_generator=_life_seconds)
        self._keys = keys

    def get_jwks(self) -> KeySet:
        return self._keys.signing

    def get_audiences(self, client: Client, user: SignedIn, scope: str) -> list[str]:
        del client, scope
        return list(user.audiences)

    def get_auth_time(self, user: SignedIn) -> int:
        return user.auth_time


def _life_seconds(client: Client, grant_type: str) -> int:
    del grant_type
    return client.token_minutes * 60


class EndSession(EndSessionEndpoint):
    """Sign-out: what the issuer remembers of the browser is forgotten by its route, and the client says where to go."""

    server: IssuerServer

    def get_server_jwks(self) -> KeySet:
        return self.server.keys.published

    def get_algorithms(self) -> list[str]:
        return [ALGORITHM]

    def end_session(self, end_session_request: object) -> None:
        """End nothing here: the browser's choice is ended where its cookie can be taken."""


def build_server(
    *, issuer: str, clients: Mapping[str, Client], people: Mapping[str, ReadyMadePerson], keys: SigningKeys
) -> IssuerServer:
    """Put the server together."""
    server = IssuerServer(issuer=issuer, clients=clients, codes=Codes(), keys=keys)
    grant = type("GrantOverPeople", (CodeGrant,), {"people": people})
    server.register_grant(grant, [IdToken(issuer=issuer, keys=keys), RequiredChallenge(required=True)])
    server.register_token_generator("default", AccessToken(issuer=issuer, keys=keys))
    server.register_endpoint(EndSession)
    return server
