"""What the main job is about in one walk: names and numbers that no other walk has, and the day that it is."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from deploy.demo.invented import Company, a_company
from shared.kernel.calendar import STOCKHOLM, at_stockholm, legal_day, next_working_day
from shared.kernel.clock import OffsetFileClock, read_offset, write_offset
from tests.system.job.people import People
from tests.system.job.words import Own

PROJECT: Final = Own("Lyftkraft Dalarna (demonstration)")
WORKPLACE: Final = "Verkstaden"
CONTACT, COACH, LEAD, OPERATOR = "contact.falun", "coach.dalarna", "lead.dalarna", "operator"
OFFICER, OPENER, DELEGATE = "officer.dalarna", "opener.dalarna", "delegate.dalarna"
WINNER, OTHER = BIDDERS = ("supplier.one", "supplier.two")


@dataclass
class Job:
    """One telling of the main job."""

    people: People
    clock_file: Path
    tag: str = field(default_factory=lambda: f"{random.randrange(10**6):06d}")  # noqa: S311 - a name, no secret
    company: Company = field(init=False)
    deadline: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.company = a_company(f"Rättviks Smide {self.tag} AB", [])

    @property
    def employer(self) -> Own:
        return Own(self.company.name)

    @property
    def course(self) -> Own:
        """What the lead offers, and the employer books."""
        return Own(f"Mäta och kontrollera {self.tag}")

    @property
    def wish(self) -> Own:
        """What the employer asks for, and the office buys."""
        return Own(f"Robotsvetsning {self.tag}")

    @property
    def hidden_name(self) -> str:
        """The family name of somebody with a protected identity."""
        return f"Skyddsson {self.tag}"

    @property
    def reasons(self) -> Own:
        """Why the award is as it is."""
        return Own("Lägst pris och bäst upplägg.")

    def now(self) -> datetime:
        """Return the time that it is for everybody in the story."""
        return OffsetFileClock(self.clock_file).now().astimezone(STOCKHOLM)

    def working_day(self, days: int) -> date:
        """Return the first working day that is so many days away, or later."""
        return next_working_day(legal_day(self.now()) + timedelta(days=days))

    def step_to(self, day: date, clock: time) -> None:
        """Let the time be this, later than it is."""
        later = at_stockholm(day, clock) - self.now()
        assert later > timedelta(0), "the clock never goes back"
        write_offset(self.clock_file, read_offset(self.clock_file) + later)
