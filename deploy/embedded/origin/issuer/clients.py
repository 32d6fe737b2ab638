"""The clients that may ask for tokens: fixed, public (PKCE instead of a secret), with exact redirect addresses.

The Keycloak realm in `deploy/keycloak` has the same ones; a test compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin

AUDIENCES = ("kurslots-booking", "kurslots-procurement", "kurslots-notification")
SCOPES = ("openid", "profile", "email")
CLI_CLIENT = "kurslots-cli"
CLI_REDIRECT = "http://127.0.0.1/kurslots-cli"
WEB_TOKEN_MINUTES = 15
CLI_TOKEN_MINUTES = 60
MAX_TOKEN_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):
    """One registered client, in the words that Authlib asks with."""

    client_id: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    audiences: tuple[str, ...]
    token_minutes: int
    chooses_minutes: bool = False

    @property
    def client_metadata(self) -> dict[str, Any]:
        return {"post_logout_redirect_uris": list(self.post_logout_redirect_uris)}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a request must name its redirect address."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(asked for asked in (scope or "").split() if asked in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """No client has a secret, so none is right."""
        del client_secret
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        del endpoint
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def lasting(self, minutes: int) -> "Client":
        """Return the client with another life of its tokens."""
        return replace(self, token_minutes=minutes)


def registered_clients(origin: str) -> dict[str, Client]:
    """Return the clients of a system at this address: each service's pages, and the command line."""
    return {client.client_id: client for client in (*_web_clients(origin), _cli_client())}


def _web_clients(origin: str) -> Sequence[Client]:
    return [
        Client(
            client_id=f"{audience}-web",
            redirect_uris=(f"{origin}/{service}/sign-in/callback",),
            post_logout_redirect_uris=(f"{origin}/{service}/signed-out",),
            audiences=(audience,),
            token_minutes=WEB_TOKEN_MINUTES,
        )
        for audience in AUDIENCES
        for service in (audience.removeprefix("kurslots-"),)
    ]


def _cli_client() -> Client:
    return Client(
        client_id=CLI_CLIENT,
        redirect_uris=(CLI_REDIRECT,),
        post_logout_redirect_uris=(),
        audiences=AUDIENCES,
        token_minutes=CLI_TOKEN_MINUTES,
        chooses_minutes=True,
    )
