"""Waiting for what must have been sent: each e-mail and SMS is looked for at the sinks until it is there."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

_PAUSE_SECONDS = 0.15


@dataclass(frozen=True)
class Expected:
    """A message that must arrive: over which channel, to whom, and a text that is in it and in no other to her."""

    channel: str
    to: str
    contains: str
    kind: str


@dataclass
class Arrived:
    """A message that did arrive, and how long after the command."""

    expected: Expected
    seconds: float


@dataclass
class Sinks:
    """The mail and SMS that the embedded origin has taken since the story began."""

    http: httpx.AsyncClient
    patience_seconds: float
    taken: set[tuple[str, int]] = field(default_factory=set)
    _from: dict[str, int] = field(default_factory=dict)

    async def begin(self) -> None:
        """Look away from all that was sent before."""
        for channel, path in (("email", "/sent/emails"), ("sms", "/sent/sms")):
            answer = await self.http.get(path, params={"limit": "1"})
            self._from[channel] = answer.raise_for_status().json()["last"]

    async def wait_for(self, expected: list[Expected], since: datetime) -> tuple[list[Arrived], list[Expected]]:
        """Return what has arrived and, when patience is over, what has not. Each message counts for one alone."""
        missing, arrived = list(expected), []
        deadline = time.monotonic() + self.patience_seconds
        while missing:
            for wanted in list(missing):
                found = await self._find(wanted)
                if found is not None:
                    missing.remove(wanted)
                    arrived.append(Arrived(wanted, (found - since).total_seconds()))
            if not missing or time.monotonic() > deadline:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        return arrived, missing

    async def count(self, channel: str, to: str) -> int:
        """Return how many messages an address has got in the story."""
        return len(await self._all(channel, to))

    async def texts(self, channel: str, to: str) -> list[str]:
        """Return what an address has got in the story, the first first."""
        return [_content(message) for message in await self._all(channel, to)]

    async def _find(self, wanted: Expected) -> datetime | None:
        for message in await self._all(wanted.channel, wanted.to):
            key = (wanted.channel, message["sequence"])
            if key not in self.taken and wanted.contains in _content(message):
                self.taken.add(key)
                return datetime.fromisoformat(message["at"])
        return None

    async def _all(self, channel: str, to: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = self._from[channel]
        path = "/sent/emails" if channel == "email" else "/sent/sms"
        while after is not None:
            answer = await self.http.get(path, params={"to": to, "after": str(after), "limit": "200"})
            page = answer.raise_for_status().json()
            found += page["items"]
            after = page["next"]
        return found


def _content(message: dict[str, Any]) -> str:
    return f"{message.get('subject', '')}\n{message.get('text') or message.get('message') or ''}"
