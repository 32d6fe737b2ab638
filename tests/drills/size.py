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


QUICK = Size(commands=90, faults=3, people=5)
LONG = Size(commands=600, faults=10, people=8)


def size_of_run() -> Size:
    """Return the size that the environment asks for: QUICK=1 is the short one."""
    return QUICK if os.environ.get("QUICK") == "1" else LONG
