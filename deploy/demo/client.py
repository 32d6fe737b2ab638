"""The people of the story at their work: each with a token, each command with a key and a trace of its own."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from deploy.embedded.origin.tokens import fetch_token
from shared.kernel.clock import machine_now
from shared.log import new_traceparent

_TOKEN_MINUTES = 50
_REFUSED = 400
_TOO_LATE = 503


class StoryError(Exception):
    """The story did not go as it must; the message says what was expected and what came."""


@dataclass
class Sent:
    """A command as it was answered."""

    trace: str
    at: datetime
    seconds: float
    status: int
    body: Any


@dataclass
class Cast:
    """Everybody who takes part, at one origin. `sent` has every command of the story, in order."""

    origin: str
    http: httpx.AsyncClient
    sent: list[Sent] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)

    async def get(self, person: str, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a person reads; raises StoryError unless it is there for her."""
        answer = await self.http.get(path, params=query, headers=await self._signed(person))
        if answer.status_code >= _REFUSED:
            raise StoryError(f"{person} could not read {path}: {_problem(answer)}")
        return answer.json()

    async def do(self, person: str, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Carry out a command and return its answer; raises StoryError unless it was accepted."""
        sent = await self._send(person, method, path, body)
        if sent.status >= _REFUSED:
            raise StoryError(f"{person}: {method} {path} was refused: {sent.body}")
        return sent.body

    async def refused(self, person: str, method: str, path: str, body: Any = None, *, code: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Try what must be refused with this problem code, and return the problem."""
        sent = await self._send(person, method, path, body)
        if sent.status < _REFUSED or not isinstance(sent.body, dict) or sent.body.get("code") != code:
            raise StoryError(f"{person}: {method} {path} should be refused with {code}; came {sent.status} {sent.body}")
        return sent.body

    async def _send(self, person: str, method: str, path: str, body: Any) -> Sent:  # noqa: ANN401 - any JSON
        traceparent = new_traceparent()
        headers = {
            **await self._signed(person),
            "traceparent": traceparent,
            "idempotency-key": str(uuid4()),
        }
        at, begun = machine_now(), time.monotonic()
        answer = await self.http.request(method, path, json=body, headers=headers)
        if answer.status_code == _TOO_LATE:
            answer = await self.http.request(method, path, json=body, headers=headers)
        content = answer.json() if answer.content else None
        sent = Sent(traceparent.split("-")[1], at, time.monotonic() - begun, answer.status_code, content)
        self.sent.append(sent)
        return sent

    async def _signed(self, person: str) -> dict[str, str]:
        if person not in self._tokens:
            self._tokens[person] = await fetch_token(self.origin, person, minutes=_TOKEN_MINUTES)
        return {"authorization": f"Bearer {self._tokens[person]}", "accept-language": "en"}


def _problem(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.text[:200]}"
    return f"{answer.status_code} {body}"
