"""The drills of our own processes in their short form, each with its control. A failure says how it can be repeated.

Those that break servers, networks, disks and clocks take minutes each on a busy machine: `QUICK=1 make drill` runs all.
"""

import secrets

import pytest

from tests.drills.backstage import Backstage
from tests.drills.drill import Drill, conduct
from tests.drills.faults import DRILLS
from tests.drills.size import QUICK

_OF_PROCESSES = [drill for drill in DRILLS if drill.number <= 4]


@pytest.mark.parametrize("drill", _OF_PROCESSES, ids=lambda drill: f"{drill.number}-{drill.name.replace(' ', '_')}")
async def test_nothing_is_lost_or_done_twice(drill: Drill, backstage: Backstage) -> None:
    seed = secrets.randbelow(2**31)
    outcome = await conduct(backstage, drill, seed=seed, size=QUICK)
    again = f"QUICK=1 make drill ARGS='--only {drill.number} --seed {seed}'"
    assert outcome.report.findings() == [], again
    assert outcome.control_failed is not False, f"the checker saw nothing wrong without {drill.guard}: {again}"
    assert outcome.passed, again
