"""A drill: what is broken while people work, and the guard without which the checker must find something wrong."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.drills.backstage import Backstage
from tests.drills.ground import Ground, MakeGround
from tests.drills.report import Report
from tests.drills.size import QUICK, Size
from tests.drills.stage import Stage

CONTROL_TRIES = 3
"""A control breaks at random too: it may by luck do no harm once."""

Scene = Callable[[Stage, Random, Size], Awaitable[None]]
"""Starts the processes and the load, and breaks something while it runs. Whatever is needed works again at its end."""


class NotPossibleHere(Exception):  # noqa: N818 - says what this machine lacks or forbids
    """Raised by a ground or a scene: this fault cannot be made on this machine, and the table says why."""


@asynccontextmanager
async def shared_ground(_folder: Path) -> AsyncIterator[Ground]:
    """The run's own PostgreSQL and Kafka, for a drill that breaks neither."""
    yield await Ground.of_run()


@dataclass(frozen=True)
class Drill:
    """One row of the table. Where `guard` is None, `no_control` says why there is nothing to switch off."""

    number: int
    name: str
    run: Scene
    guard: str | None
    no_control: str = ""
    ground: MakeGround = shared_ground

    def __post_init__(self) -> None:
        assert (self.guard is None) == bool(self.no_control), "a drill has a control, or a reason to have none"


@dataclass
class Outcome:
    """What came of a drill and of its control twin."""

    drill: Drill
    seed: int
    report: Report
    control: Report | None
    control_tries: int
    seconds: float
    not_possible: str = ""
    """Why this machine cannot be broken in this way; nothing was drilled then."""

    @property
    def control_failed(self) -> bool | None:
        """Whether the checker found something with the guard off; None where there is no control."""
        return None if self.control is None else not self.control.is_clean

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong, people got answers and the control failed as it must; or nothing could be tried."""
        if self.not_possible:
            return True
        return self.report.is_clean and self.report.acknowledged > 0 and self.control_failed is not False


async def conduct(backstage: Backstage, drill: Drill, *, seed: int, size: Size, control: bool = True) -> Outcome:
    """Run a drill and its control. The same seed breaks the same things at the same counts."""
    began = time.monotonic()
    guard = drill.guard if control else None
    found: tuple[Report | None, int] = None, 0
    try:
        ground = await backstage.ground(drill.ground)
        plain = _once(backstage, drill, ground, seed, size, ())
        if guard is None:
            report = await plain
        elif size.side_by_side and drill.ground is shared_ground:
            async with asyncio.TaskGroup() as both:
                doing = both.create_task(plain)
                controlling = both.create_task(_control(backstage, drill, ground, seed, guard))
            report, found = doing.result(), controlling.result()
        else:
            report = await plain
            found = await _control(backstage, drill, ground, seed, guard)
    except NotPossibleHere as reason:
        return Outcome(drill, seed, Report(), None, 0, time.monotonic() - began, not_possible=str(reason))
    return Outcome(drill, seed, report, *found, time.monotonic() - began)


async def _control(backstage: Backstage, drill: Drill, ground: Ground, seed: int, guard: str) -> tuple[Report, int]:
    """Run the drill without its guard until the checker finds something, a few times at most; short, as that is all."""
    for tries in range(1, CONTROL_TRIES + 1):
        found = await _once(backstage, drill, ground, seed + tries - 1, QUICK, (guard,))
        if not found.is_clean:
            break
    return found, tries


async def _once(
    backstage: Backstage, drill: Drill, ground: Ground, seed: int, size: Size, without: tuple[str, ...]
) -> Report:
    name = f"{drill.number} {'control' if without else 'drill'}"
    async with backstage.stage(ground, without=without, name=name) as stage:
        await drill.run(stage, Random(seed), size)  # noqa: S311 - to be repeated, not to be secret
        await stage.settle(stage.settle_seconds if not without else min(20.0, stage.settle_seconds))
        return await stage.check()
