"""Every fault that is drilled, in the order of the table."""

from collections.abc import Sequence

from tests.drills.drill import Drill
from tests.drills.faults import processes

DRILLS: Sequence[Drill] = (*processes.DRILLS,)
