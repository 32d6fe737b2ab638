"""The two cookies of a service: one holds the id of a session, one marks the browser that has begun to sign in.

Each holds a random id and nothing else, and is sent to its own service alone. That is why it cannot have the prefix
`__Host-`, which demands that every service at the address gets it; it has `__Secure-` wherever there is TLS.
"""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.topics import TOPICS
from shared.web.pages.choices import cookies_in

_ID = re.compile(r"[A-Za-z0-9_-]{43}")
# the services that share the address: signing out of one takes the browser's ids of all
_SERVICES: Final = frozenset(topic.owner for topic in TOPICS)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One of the cookies of a service."""

    service: str
    what: str
    secure: bool
    seconds: int | None = None

    @property
    def name(self) -> str:
        """The name that the browser knows it by."""
        return f"{'__Secure-' if self.secure else ''}kurslots_{self.service}_{self.what}"

    def read(self, request: Request) -> str | None:
        """Return the id that the browser sends; None where it sends none, or something that is none of ours."""
        value = cookies_in(request.headers.get("cookie")).get(self.name, "")
        return value if _ID.fullmatch(value) else None

    def give(self, response: Response, value: str) -> None:
        """Have the browser keep the id: until it is closed, or for so many seconds."""
        response.set_cookie(
            self.name,
            value,
            max_age=self.seconds,
            path=f"/{self.service}",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response) -> None:
        """Have the browser forget the id."""
        response.delete_cookie(self.name, path=f"/{self.service}", secure=self.secure, httponly=True, samesite="lax")

    def take_everywhere(self, response: Response) -> None:
        """Have the browser forget the ids of the same kind of every service at this address."""
        for service in sorted(_SERVICES | {self.service}):
            Cookie(service, self.what, self.secure).take(response)
