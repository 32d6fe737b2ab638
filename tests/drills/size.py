"""How long a drill is: QUICK=1 inside the tests, a table in twenty minutes by default, LONG=1 for hours."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`commands` at least are answered, `faults` times something is broken, `people` send at once."""

    commands: int
    faults: int
    people: int
    bounces: int
    """How often all three brokers are stopped in order and started again, one after the other."""
    still_seconds: float
    """How long a broker stands still."""
    cut_off_seconds: float
    """How long one of three is cut off once the others lead."""
    silent_seconds: float
    """How long connections are half-open."""
    slow_commands: int
    """How many commands are answered over the slow network."""
    wrong_seconds: float
    """How long the clock is wrong after each step; processes see a step within a second."""
    side_by_side: bool = False
    """Whether a drill and its control run at the same time, where they break nothing that both stand on."""
    patience_seconds: float = 60.0


QUICK = Size(
    commands=80,
    faults=2,
    people=5,
    bounces=0,
    still_seconds=8,
    cut_off_seconds=4,
    silent_seconds=7,
    slow_commands=5,
    wrong_seconds=4,
    side_by_side=True,
)
"""A control is of this size always: it has only to fail."""
FULL = Size(
    commands=150,
    faults=4,
    people=8,
    bounces=5,
    still_seconds=60,
    cut_off_seconds=30,
    silent_seconds=30,
    slow_commands=30,
    wrong_seconds=10,
)
LONG = Size(
    commands=10_000,
    faults=60,
    people=8,
    bounces=20,
    still_seconds=300,
    cut_off_seconds=300,
    silent_seconds=120,
    slow_commands=500,
    wrong_seconds=120,
)


def size_of_run() -> Size:
    """Return the size that the environment asks for: QUICK=1 is the short one, LONG=1 takes hours."""
    if os.environ.get("QUICK") == "1":
        return QUICK
    return LONG if os.environ.get("LONG") == "1" else FULL
