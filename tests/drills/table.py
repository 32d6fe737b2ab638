"""The table of a run of drills, for a terminal and for a page."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.drills.drill import Drill, Outcome
from tests.drills.report import Report
from tests.drills.size import Size
from tests.support.machine import describe_machine

_BEGIN, _END = "<!-- drills:begin -->", "<!-- drills:end -->"
_KINDS = ("lost", "double", "out_of_order", "oversold", "late")
HEADINGS = (
    "fault",
    "commands",
    "acknowledged",
    "lost",
    "double",
    "out of order",
    "oversold",
    "longest stall",
    "recovery",
    "control failed as it must",
)


def cells(outcome: Outcome) -> tuple[str, ...]:
    """Return a row."""
    report = outcome.report
    if outcome.not_possible:
        return (_name(outcome), *["–"] * (len(HEADINGS) - 2), f"not possible on this machine: {outcome.not_possible}")
    return (
        _name(outcome),
        str(report.commands),
        str(report.acknowledged),
        str(len(report.lost)),
        str(len(report.double)),
        str(len(report.out_of_order)),
        str(len(report.oversold)),
        _seconds(report.longest_stall),
        _seconds(report.recovery),
        _control(outcome),
    )


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the table."""
    table = Table(*HEADINGS)
    for outcome in outcomes:
        table.add_row(*cells(outcome), style=None if outcome.passed else "bold red")
    console.print(table)


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the table as Markdown."""
    rows = [HEADINGS, tuple("---" if index in (0, 9) else "--:" for index in range(len(HEADINGS)))]
    rows += [cells(outcome) for outcome in outcomes]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write_table(page: Path, outcomes: Sequence[Outcome], size: Size, runs: Sequence[Mapping[str, Any]]) -> None:
    """Put the table between the marks of a page, or write a page of it alone. `runs`: others, and the table's own."""
    when = time.strftime("%Y-%m-%d", time.gmtime())
    sums = "".join(f"- {_sum(each)}\n" for each in runs)
    text = f"{when}, {describe_machine()}. {_extent(size)}\n\n{sums}\n{markdown(outcomes)}"
    before, mark, rest = (page.read_text() if page.exists() else "").partition(_BEGIN)
    after = rest.partition(_END)[2]
    page.write_text(f"{before}{_BEGIN}\n{text}{_END}{after}" if mark else text)


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return everything that was found."""
    return [
        {
            "number": outcome.drill.number,
            "name": outcome.drill.name,
            "seed": outcome.seed,
            "passed": outcome.passed,
            "not_possible": outcome.not_possible,
            "seconds": round(outcome.seconds, 1),
            "report": outcome.report.as_dict(),
            "guard": outcome.drill.guard,
            "control": None if outcome.control is None else outcome.control.as_dict(),
        }
        for outcome in outcomes
    ]


def _extent(size: Size) -> str:
    return (
        f"At least {size.commands} commands a drill, from {size.people} people at once; three brokers bounced in turn "
        f"×{size.bounces} and one cut off for {size.cut_off_seconds:.0f} s, a broker still for {size.still_seconds:.0f}"
        f" s, connections half-open for {size.silent_seconds:.0f} s, a clock wrong for {size.wrong_seconds:.0f} s after"
        " each step. Controls are short."
    )


def _sum(run: Mapping[str, Any]) -> str:
    """Return what a whole run came to."""
    drills = run["drills"]
    controls = [each for each in drills if each["control"] is not None]
    failed = sum(any(each["control"][kind] for kind in _KINDS) for each in controls)
    found = ", ".join(
        f"{sum(len(each['report'][kind]) for each in drills)} {kind.replace('_', ' ')}" for kind in _KINDS
    )
    done = ", ".join(f"{sum(each['report'][what] for each in drills)} {what}" for what in ("commands", "acknowledged"))
    minutes = sum(each["seconds"] for each in drills) / 60
    return (
        f"Seed {run['seed']}: {sum(each['passed'] for each in drills)} of {len(drills)} drills passed, "
        f"{failed} of {len(controls)} controls failed as they must; {done}; {found}; {minutes:.0f} minutes."
    )


def passed_before(run: Mapping[str, Any], drills: Sequence[Drill]) -> list[Outcome]:
    """Return what passed in a run that was broken off, from what `as_json` wrote of it."""
    by_name = {(drill.number, drill.name): drill for drill in drills}
    return [
        Outcome(
            drill=by_name[each["number"], each["name"]],
            seed=run["seed"],
            report=Report(**each["report"]),
            control=None if each["control"] is None else Report(**each["control"]),
            control_tries=0,
            seconds=each["seconds"],
            not_possible=each["not_possible"],
        )
        for each in run["drills"]
        if each["passed"]
    ]


def _name(outcome: Outcome) -> str:
    return f"{outcome.drill.number}. {outcome.drill.name}"


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"


def _control(outcome: Outcome) -> str:
    if outcome.control is None:
        return f"none: {outcome.drill.no_control}" if outcome.drill.no_control else "not run"
    if not outcome.control_failed:
        return f"NO, without {outcome.drill.guard}"
    counts = {kind.replace("_", " "): len(getattr(outcome.control, kind)) for kind in _KINDS}
    found = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"yes, without {outcome.drill.guard}: {found}"
