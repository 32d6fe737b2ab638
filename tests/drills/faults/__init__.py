"""Every fault that is drilled, in the order of the table."""

from collections.abc import Sequence

from tests.drills.drill import Drill
from tests.drills.faults import (
    broker,
    calm,
    clock,
    cluster,
    disk,
    network,
    poison,
    postgres,
    processes,
    providers,
    rebalances,
)

DRILLS: Sequence[Drill] = (
    *calm.DRILLS,
    *processes.DRILLS,
    *postgres.DRILLS,
    *broker.DRILLS,
    *cluster.DRILLS,
    *network.DRILLS,
    *rebalances.DRILLS,
    *poison.DRILLS,
    *disk.DRILLS,
    *clock.DRILLS,
    *providers.DRILLS,
)
