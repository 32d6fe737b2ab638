"""The table of a run of drills, for a terminal and for a page."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.drills.drill import Outcome

_BEGIN, _END = "<!-- drills:begin -->", "<!-- drills:end -->"
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


def write_table(page: Path, outcomes: Sequence[Outcome], seed: int) -> None:
    """Put the table between the marks of a page, or write a page of it alone."""
    when = time.strftime("%Y-%m-%d", time.gmtime())
    text = f"{when}, seed {seed}, {os.cpu_count()} processors.\n\n{markdown(outcomes)}"
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


def _name(outcome: Outcome) -> str:
    return f"{outcome.drill.number}. {outcome.drill.name}"


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"


def _control(outcome: Outcome) -> str:
    if outcome.control is None:
        return f"none: {outcome.drill.no_control}" if outcome.drill.no_control else "not run"
    if not outcome.control_failed:
        return f"NO, without {outcome.drill.guard}"
    counts = {
        "lost": outcome.control.lost,
        "double": outcome.control.double,
        "out of order": outcome.control.out_of_order,
        "oversold": outcome.control.oversold,
        "late": outcome.control.late,
    }
    found = ", ".join(f"{len(sentences)} {name}" for name, sentences in counts.items() if sentences)
    return f"yes, without {outcome.drill.guard}: {found}"
