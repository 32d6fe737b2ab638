"""Whom a browser has chosen to be: who signs in at one service is not asked again at the next, until signing out.

Kept in memory, as codes are: a restart forgets, and the next sign-in asks.
"""

import secrets
import time
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "kurslots_issuer"
LIFE_SECONDS = 8 * 3600.0
_MOST_KEPT = 1_000


class Remembered:
    """The browsers that have chosen a person."""

    def __init__(self, issuer: str, life_seconds: float = LIFE_SECONDS) -> None:
        parts = urlsplit(issuer)
        self._path = parts.path or "/"
        self._secure = parts.scheme == "https"
        self._life_seconds = life_seconds
        self._people: dict[str, tuple[float, str]] = {}

    def person_of(self, request: Request) -> str | None:
        """Return the `sub` that this browser has chosen, if it has lately."""
        expires, person = self._people.get(request.cookies.get(COOKIE, ""), (0.0, None))
        return person if expires > time.monotonic() else None

    def remember(self, response: Response, person: str) -> None:
        """Have the browser be this person from now on, under an id that is new."""
        now = time.monotonic()
        self._people = {key: kept for key, kept in self._people.items() if kept[0] > now}
        if len(self._people) >= _MOST_KEPT:
            del self._people[next(iter(self._people))]
        key = secrets.token_urlsafe(32)
        self._people[key] = (now + self._life_seconds, person)
        response.set_cookie(COOKIE, key, path=self._path, secure=self._secure, httponly=True, samesite="lax")

    def forget(self, request: Request, response: Response) -> None:
        """Have the browser be nobody."""
        self._people.pop(request.cookies.get(COOKIE, ""), None)
        response.delete_cookie(COOKIE, path=self._path, secure=self._secure, httponly=True, samesite="lax")
