"""Authorisation codes: in memory, short-lived, taken once. A restart forgets them, and the person signs in again."""

import time
from dataclasses import dataclass

from authlib.oidc.core.models import AuthorizationCodeMixin

LIFE_SECONDS = 60.0
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):
    """What was agreed when a person was chosen."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    sub: str
    audiences: tuple[str, ...]
    minutes: int
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    auth_time: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        """None: choosing a name from a list proves nothing."""

    def get_amr(self) -> None:
        """None: no method of authentication was used."""


class Codes:
    """The codes that are out."""

    def __init__(self, life_seconds: float = LIFE_SECONDS) -> None:
        self._life_seconds = life_seconds
        self._codes: dict[str, tuple[float, Code]] = {}

    def add(self, code: Code) -> None:
        now = time.monotonic()
        self._codes = {key: kept for key, kept in self._codes.items() if kept[0] > now}
        if len(self._codes) >= _MOST_KEPT:
            del self._codes[next(iter(self._codes))]
        self._codes[code.code] = (now + self._life_seconds, code)

    def take(self, code: str, client_id: str) -> Code | None:
        """Return the code and forget it, whatever comes of it; None if unknown, used, expired or another client's."""
        expires, kept = self._codes.pop(code, (0.0, None))
        if kept is None or kept.client_id != client_id or expires <= time.monotonic():
            return None
        return kept
