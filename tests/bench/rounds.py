"""Rounds in which every contender takes its turn, so that what the machine does meanwhile concerns them all.

A contender checks its own work at the end of each turn: a wrong result ends the bench, however fast it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from statistics import median

from tests.bench.parts import Parts
from tests.bench.size import Size

OURS = "ours"


class WrongResult(Exception):  # noqa: N818 - named for what was found
    """A contender did not do what it was timed for."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of doing the work. `run` does it once and returns what was measured, by the name of its row."""

    name: str
    run: Callable[[], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class Aim:
    """How a row should compare with another: at least (or at most) so many times it.

    `unless` says what is missing where the other contender cannot run on a machine.
    """

    row: str
    other: str
    least: float | None = None
    most: float | None = None
    unless: str = ""

    def is_met(self, ratio: float) -> bool:
        """Whether the ratio is what was aimed at."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def __str__(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g} ×"
        return "" if self.most is None else f"≤ {self.most:g} ×"


@dataclass(frozen=True, slots=True)
class Bench:
    """A line of contenders. `open` prepares what they share and takes it away again.

    `limits`: what a row's median should not be above, whatever others do.
    """

    name: str
    title: str
    unit: str
    open: Callable[[Parts, Size], AbstractAsyncContextManager[Sequence[Contender]]]
    aims: tuple[Aim, ...]
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What the rounds of a bench gave: for each row one value a round."""

    bench: Bench
    values: dict[str, list[float]] = field(default_factory=dict)

    def ratios(self, aim: Aim) -> list[float]:
        """Return the ratio of each round."""
        return [one / other for one, other in zip(self.values[aim.row], self.values[aim.other], strict=True)]

    def median_of(self, row: str) -> float:
        """Return the row's median value."""
        return median(self.values[row])


async def run_rounds(bench: Bench, parts: Parts, size: Size, *, told: Callable[[str], None]) -> Outcome:
    """Run the rounds of a bench. Raises WrongResult, also where a contender is not done in the time of a turn."""
    outcome = Outcome(bench)
    async with bench.open(parts, size) as contenders:
        for number in range(size.rounds):
            start = number % len(contenders)
            for contender in (*contenders[start:], *contenders[:start]):
                told(f"{bench.name}: round {number + 1} of {size.rounds}, {contender.name}")
                for row, value in (await _in_time(bench, contender, size.longest_seconds)).items():
                    outcome.values.setdefault(row, []).append(value)
    return outcome


async def _in_time(bench: Bench, contender: Contender, seconds: float) -> Mapping[str, float]:
    try:
        async with asyncio.timeout(seconds) as deadline:
            return await contender.run()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise WrongResult(f"{bench.name}: {contender.name} was not done within {seconds:g} s") from error
