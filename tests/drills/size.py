"""How long a drill is: quick inside the tests, longer by choice."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`commands` at least are answered, `faults` times something is broken, `people` send at once."""

    commands: int
    faults: int
    people: int
    patience_seconds: float = 60.0
    side_by_side: bool = False
    """Whether a drill and its control run at the same time, where they break nothing that both stand on."""


QUICK = Size(commands=80, faults=2, people=5, side_by_side=True)
LONG = Size(commands=500, faults=8, people=8)


def size_of_run() -> Size:
    """Return the size that the environment asks for: QUICK=1 is the short one."""
    return QUICK if os.environ.get("QUICK") == "1" else LONG
