"""What the bench tells: a table of ratios with their spread, and the machine that they are from."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.rounds import Outcome
from tests.bench.size import Size
from tests.support.machine import describe_machine

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
_COLUMNS = ("contender", "median", "lowest–highest", "ours against it", "lowest–highest ", "aim", "met")


def machine() -> str:
    """Describe what it ran on."""
    at_the_end = os.getloadavg()[0]
    return f"{describe_machine()}; PostgreSQL durable, one broker; load average at the end {at_the_end:.1f}"


def rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    """Give the rows of a bench's table, in the order of `_COLUMNS`."""
    for name, values in outcome.values.items():
        own = (name, f"{_figure(median(values))} {outcome.bench.unit}", _spread(values))
        aims = [aim for aim in outcome.bench.aims if aim.other == name]
        limit = outcome.bench.limits.get(name)
        if limit is not None:
            met = "yes" if median(values) <= limit else "no"
            yield (*own, "", "", f"≤ {_figure(limit)} {outcome.bench.unit}", met)
        elif not aims:
            yield (*own, "", "", "", "")
        for aim in aims:
            ratios = outcome.ratios(aim)
            found = median(ratios)
            wanted = aim.least is not None or aim.most is not None
            met = ("yes" if aim.is_met(found) else "no") if wanted else ""
            yield (*own, f"{found:.2f} ×", _spread(ratios, "×"), str(aim) if wanted else "", met)
            own = ("", "", "")
    for aim in outcome.bench.aims:
        if aim.other not in outcome.values:
            yield (aim.other, f"not measured: {aim.unless}", "", "", "", str(aim), "")


def _figure(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if value >= 100 else f"{value:.3g}"


def _spread(values: Sequence[float], unit: str = "") -> str:
    ends = (f"{value:.2f}" if unit else _figure(value) for value in (min(values), max(values)))
    return "–".join(ends)


def show(outcomes: Sequence[Outcome], size: Size) -> None:
    """Print the tables for a person."""
    console = Console(width=None if Console().is_terminal else 180)
    for outcome in outcomes:
        table = Table(*(column.strip() for column in _COLUMNS), title=outcome.bench.title, title_justify="left")
        for row in rows(outcome):
            table.add_row(*row)
        console.print(table)
    console.print(_circumstances(size))


def markdown(outcome: Outcome, size: Size) -> str:
    """Return the table of a bench for a document."""
    lines = [
        f"## {outcome.bench.title}",
        "",
        "| " + " | ".join(column.strip() for column in _COLUMNS) + " |",
        "|" + "---|" * len(_COLUMNS),
        *("| " + " | ".join(row) + " |" for row in rows(outcome)),
        "",
        _circumstances(size),
    ]
    return "\n".join(lines)


def _circumstances(size: Size) -> str:
    counts = "" if size.share == 1 else f" Counts divided by {size.share}."
    return f"{size.rounds} rounds, contenders interleaved, their order rotated.{counts} {machine()}."


def write_docs(outcomes: Sequence[Outcome], size: Size) -> None:
    """Put each bench's table between its marks in the document; what was not measured now stays as it is."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for outcome in outcomes:
        begin, end = (f"<!-- {outcome.bench.name}: {mark} -->" for mark in ("begin", "end"))
        before, found, rest = text.partition(begin)
        _, found_too, after = rest.partition(end)
        if not found or not found_too:
            raise ValueError(f"{DOCUMENT.name} has no place for {outcome.bench.name}")
        text = f"{before}{begin}\n\n{markdown(outcome, size)}\n\n{end}{after}"
    DOCUMENT.write_text(text, encoding="utf-8")
