"""What every channel promises; the contract test in tests/services/notification/channels runs against each."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.notification.channels.rules import Outcome
from services.notification.kinds import Calendar, ChannelName


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar object and what it asks the reader's calendar to do."""

    method: Calendar
    content: bytes


@dataclass(frozen=True, slots=True)
class Sending:
    """One text on its way to one address. `key` is the same for every attempt of one notification."""

    key: UUID
    address: str
    language: str
    text: str
    subject: str = ""
    calendars: tuple[CalendarFile, ...] = ()
    unsubscribe_url: str | None = None
    receipt_url: str | None = None


class Channel(Protocol):
    """A way out. `send` answers for everything that can go wrong; it raises for faults of ours alone."""

    @property
    def name(self) -> ChannelName:
        """Which channel it is."""
        ...

    @property
    def honours_key(self) -> bool:
        """Whether the other side takes two sendings with one key for one."""
        ...

    async def send(self, sending: Sending) -> Outcome:
        """Try once, within a bounded time, and say what came of it."""
        ...
