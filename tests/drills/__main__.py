"""`python -m tests.drills`: breaks things while people work, and prints what the checker found.

QUICK=1 takes some minutes, LONG=1 hours.

The seed is printed first; `--seed` with it breaks the same things at the same counts again.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tests.drills.backstage import Backstage
from tests.drills.drill import Drill, Outcome, conduct
from tests.drills.faults import DRILLS
from tests.drills.report import Report
from tests.drills.size import Size, size_of_run
from tests.drills.table import as_json, passed_before, show, write_table
from tests.support import run


def main() -> int:
    """Run the drills that are asked for; 0 where all passed."""
    given = _asked_for()
    wanted = {int(number) for number in given.only.split(",") if number}
    broken_off = json.loads(given.resume.read_text()) if given.resume else {"seed": None, "drills": []}
    done = passed_before(broken_off, DRILLS)
    seed = next((each for each in (broken_off["seed"], given.seed) if each is not None), secrets.randbelow(2**31))
    asked = [drill for drill in DRILLS if not wanted or drill.number in wanted]
    to_do = [drill for drill in asked if drill not in [outcome.drill for outcome in done]]
    console = Console(width=None if sys.stdout.isatty() else 200)
    folder = Path(tempfile.mkdtemp(prefix="kurslots-drills-"))
    leads = run.begin()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started and mounted is taken down

    size = size_of_run()

    def so_far(found: list[Outcome]) -> None:
        outcomes = [*done, *found]
        this = {"seed": seed, "drills": as_json(outcomes)}
        if given.json:
            given.json.write_text(json.dumps(this, indent=1) + "\n")
        if given.markdown:
            others = [json.loads(other.read_text()) for other in given.others]
            write_table(given.markdown, outcomes, size, [*others, this])

    if done:
        so_far([])
    conducting = _conduct_all(console, folder, to_do, seed, size, so_far, controls=not given.no_controls)
    try:
        outcomes = [*done, *asyncio.run(conducting)]
    finally:
        if leads:
            run.end()
    show(outcomes, console)
    passed = all(outcome.passed for outcome in outcomes)
    if passed and not given.keep:
        shutil.rmtree(folder)
    else:
        console.print(f"Logs and ledgers are in {folder}")
    return 0 if passed else 1


def _asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--only", default="", help="numbers of faults, such as 1,6")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--resume", type=Path, help="carry on the run of this file (--json) with what has not passed")
    parser.add_argument("--json", type=Path, help="write everything that was found to this file")
    parser.add_argument("--markdown", type=Path, help="write the table into this page, between its marks")
    parser.add_argument(
        "--with", nargs="*", type=Path, default=[], dest="others", help="runs (--json) to name beside it"
    )
    parser.add_argument("--no-controls", action="store_true", help="leave the control twins out")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and ledgers")
    given = parser.parse_args()
    strangers = {int(number) for number in given.only.split(",") if number} - {drill.number for drill in DRILLS}
    if strangers:
        parser.error(f"there is no fault {', '.join(map(str, sorted(strangers)))}")
    return given


async def _conduct_all(
    console: Console,
    folder: Path,
    drills: Sequence[Drill],
    seed: int,
    size: Size,
    so_far: Callable[[list[Outcome]], None],
    *,
    controls: bool,
) -> list[Outcome]:
    console.print(f"seed {seed}; at least {size.commands} commands a drill; logs in {folder}")
    outcomes: list[Outcome] = []
    async with Backstage(folder) as backstage:
        for drill in drills:
            outcome = await _conducted(backstage, drill, seed, size, controls=controls)
            said = outcome.not_possible and f"NOT DRILLED ({outcome.not_possible})"
            said = said or ("passed" if outcome.passed else "FAILED")
            console.print(f"{drill.number}. {drill.name}: {said} in {outcome.seconds:.0f} s", soft_wrap=True)
            for sentence in outcome.report.findings():
                console.print(f"   {sentence}", soft_wrap=True)
            outcomes.append(outcome)
            so_far(outcomes)
    return outcomes


async def _conducted(backstage: Backstage, drill: Drill, seed: int, size: Size, *, controls: bool) -> Outcome:
    """Conduct a drill; one that breaks off is a failed one, and the next is conducted all the same."""
    try:
        return await conduct(backstage, drill, seed=seed, size=size, control=controls)
    except Exception:  # noqa: BLE001 - told in the table and in full below the drill's name
        broke_off = f"the drill broke off: {traceback.format_exc()}"
        return Outcome(drill, seed, Report(lost=[broke_off]), None, 0, 0.0)


if __name__ == "__main__":
    sys.exit(main())
