"""What every chapter of the story works with: the people, what is known so far, and how to wait for an effect."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.client import Cast, StoryError
from deploy.demo.report import StepReport
from deploy.demo.sinks import Expected, Sinks
from deploy.demo.watch import SeenMessage
from shared.kernel.clock import Clock

BOOKING, PROCUREMENT = "/booking/api/v1", "/procurement/api/v1"
PROJECT_CODE = "lyftkraft-dalarna-demo"
LEAD, OFFICER, OPENER, DELEGATE = "lead.dalarna", "officer.dalarna", "opener.dalarna", "delegate.dalarna"
SUPPLIERS = ("supplier.one", "supplier.two", "supplier.three")
COMPANIES = ("new.one", "new.two", "new.three")
TRAINER = "trainer.dalarna"
BOOKED, NAMED = 6, 4


@dataclass
class Telling:
    """One telling. `tag` makes its addresses differ from any other's; `known` is what chapters leave for later."""

    cast: Cast
    sinks: Sinks
    clock: Clock
    seen: Callable[[], Sequence[SeenMessage]]
    """Every message on Kafka since the story began."""
    step_to: Callable[[datetime], None] | None = None
    """Steps business time forward, where the system lets it be stepped: a busy machine then has time enough to bid."""
    tag: str = field(default_factory=lambda: f"{random.randrange(16**6):06x}")  # noqa: S311 - a name, no secret
    known: dict[str, Any] = field(default_factory=dict)

    async def told(self, step: StepReport, *expected: Expected, since: datetime | None = None) -> None:
        """Wait until all of it is in the sinks; times count from the step's last command."""
        arrived, missing = await self.sinks.wait_for(list(expected), since or self.cast.sent[-1].at)
        step.note_sent(arrived, missing)

    async def until(self, what: str, read: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - JSON
        """Return what `read` finds once it finds something; raises StoryError when patience is over."""
        deadline = time.monotonic() + self.sinks.patience_seconds
        while True:
            found = await read()
            if found:
                return found
            if time.monotonic() > deadline:
                raise StoryError(f"{what} did not come within {self.sinks.patience_seconds:.0f} s")
            await asyncio.sleep(0.1)

    @property
    def number(self) -> int:
        """What its names are chosen by: two tellings seldom have the same."""
        return int(self.tag, 16)

    @property
    def training(self) -> str:
        """What the company asks for, and what is bought."""
        return f"Robotprogrammering, cell {self.number % 90 + 10}"

    @property
    def project_id(self) -> str:
        """The project that the story is told in."""
        return str(self.known["project"]["project_id"])

    @property
    def buyer(self) -> dict[str, Any]:
        """In whose name things are bought."""
        buyer: dict[str, Any] = self.known["project"]["buyers"][0]
        return buyer

    @property
    def company(self) -> dict[str, Any]:
        """The company that the story follows."""
        company: dict[str, Any] = self.known["companies"][0]["employer"]
        return company

    def own(self, company: int = 0) -> str:
        """The address of a company's own things in the project."""
        employer_id = self.known["companies"][company]["employer"]["employer_id"]
        return f"{BOOKING}/projects/{self.project_id}/employers/{employer_id}"

    def admits(self, workplace: dict[str, Any]) -> bool:
        """Whether the project lets a workplace in."""
        return self.project_id in workplace["project_ids"]

    def morning(self, days: int) -> datetime:
        """Return eight in the morning, UTC, on a Tuesday some days ahead."""
        day = self.clock.now() + timedelta(days=days)
        day += timedelta(days=(1 - day.weekday()) % 7)
        return day.replace(hour=8, minute=0, second=0, microsecond=0)

    @property
    def procedure(self) -> str:
        """The address of the story's procedure."""
        return f"{PROCUREMENT}/procedures/{self.known['procedure']['procedure_id']}"
