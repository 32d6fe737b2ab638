"""How often one may try what could be guessed at or flooded: signing in, and using a code.

It is counted in this process alone: with several, somebody who is spread over them may try as many times as often.
Behind a proxy the address is the asker's only where the proxy is believed (`FORWARDED_ALLOW_IPS`, uvicorn's own).
"""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from starlette.requests import Request

from shared.kernel.errors import TooOften
from shared.kernel.texts import N_
from shared.web.exchange import exchange_of

_MOST_KEPT: Final = 50_000
_ONES_OWN_NETWORK_BITS: Final = 64  # whoever has one IPv6 address has all of these
_WAIT: Final = N_("This was tried many times in a short while. Wait {seconds} seconds, and then try again.")


@dataclass(frozen=True, slots=True)
class Pace:
    """So many tries at once, and one more after every `seconds`."""

    at_once: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Try:
    """Something of a kind, tried by somebody: an address, a browser, a person."""

    what: str
    who: str


# A whole office may have one address, and all begin their day at once.
OFFICE_PACE: Final = Pace(at_once=120, seconds=0.5)
CODE_PACE: Final = Pace(at_once=10, seconds=30)
TOO_OFTEN: Final = 429
PACED: Final[dict[int | str, dict[str, Any]]] = {TOO_OFTEN: {}}
"""What a route that keeps a pace gives as its `responses`: the document of the API tells of it."""


class Paces:
    """How far everybody has come. What is forgotten for want of room may be tried anew."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most_kept: int = _MOST_KEPT) -> None:
        self._now = now
        self._most_kept = most_kept
        self._level_at: dict[Try, float] = {}

    def keep(self, tried: Try, pace: Pace) -> None:
        """Count one try; raises TooOften where it is one too many, which is then not counted."""
        now = self._now()
        level_at = max(self._level_at.pop(tried, now), now)
        wait = level_at - now - (pace.at_once - 1) * pace.seconds
        self._level_at[tried] = level_at if wait > 0 else level_at + pace.seconds
        if len(self._level_at) > self._most_kept:
            self._forget(now)
        if wait > 0:
            raise TooOften(_WAIT, code="too_often", seconds=ceil(wait))

    def _forget(self, now: float) -> None:
        """Forget whoever may try as often as anybody; where that is not enough, those who tried longest ago."""
        self._level_at = {tried: at for tried, at in self._level_at.items() if at > now}
        for tried in list(self._level_at)[: max(0, len(self._level_at) - self._most_kept)]:
            del self._level_at[tried]


def keep_pace(request: Request, what: str, *, of_address: Pace, of_one: Pace, one: str | None) -> None:
    """Count a try of the request's address, and of `one` where it is known who that is. Raises TooOften."""
    paces: Paces = request.app.state.paces
    if one is not None:
        paces.keep(Try(what, one), of_one)
    paces.keep(Try(what, address_of(request)), of_address)


def keep_pace_of_codes(request: Request) -> None:
    """Count a code that somebody who is signed in says she was given. Raises TooOften."""
    subject = exchange_of(request).subject
    one = None if subject is None else f"{subject.issuer} {subject.sub}"
    keep_pace(request, "code", of_address=OFFICE_PACE, of_one=CODE_PACE, one=one)


def address_of(request: Request) -> str:
    """Return where the request came from: for IPv6 the network, which is one subscriber's."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _ONES_OWN_NETWORK_BITS), strict=False))
    return host
