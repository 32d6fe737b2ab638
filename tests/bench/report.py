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
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"
_COLUMNS = ("bench", "contender", "median", "lowest–highest", "ours against it", "lowest–highest ", "aim", "met")


def machine() -> str:
    """Describe what it ran on."""
    at_the_end = os.getloadavg()[0]
    return f"{describe_machine()}; PostgreSQL durable, one broker; load average at the end {at_the_end:.1f}"


def rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    """Give the table's rows, in the order of `_COLUMNS`."""
    for outcome in outcomes:
        for number, (name, values) in enumerate(outcome.values.items()):
            title = outcome.bench.title if number == 0 else ""
            own = (title, name, f"{_figure(median(values))} {outcome.bench.unit}", _spread(values))
            aims = [aim for aim in outcome.bench.aims if aim.other == name]
            if not aims:
                yield (*own, "", "", "", "")
            for aim in aims:
                ratios = outcome.ratios(aim)
                found = median(ratios)
                wanted = aim.least is not None or aim.most is not None
                met = ("yes" if aim.is_met(found) else "no") if wanted else ""
                yield (*own, f"{found:.2f} ×", _spread(ratios, "×"), str(aim) if wanted else "", met)
                own = ("", "", "", "")
        for aim in outcome.bench.aims:
            if aim.other not in outcome.values:
                yield ("", aim.other, f"not measured: {aim.unless}", "", "", "", str(aim), "")


def _figure(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if value >= 100 else f"{value:.3g}"


def _spread(values: Sequence[float], unit: str = "") -> str:
    ends = (f"{value:.2f}" if unit else _figure(value) for value in (min(values), max(values)))
    return "–".join(ends)


def show(outcomes: Sequence[Outcome], size: Size) -> None:
    """Print the table for a person."""
    table = Table(*(column.strip() for column in _COLUMNS), title=f"{size.rounds} rounds, interleaved")
    for row in rows(outcomes):
        table.add_row(*row)
    console = Console(width=None if Console().is_terminal else 180)
    console.print(table)
    console.print(machine())


def markdown(outcomes: Sequence[Outcome], size: Size) -> str:
    """Return the table for a document."""
    lines = [
        "| " + " | ".join(column.strip() for column in _COLUMNS) + " |",
        "|" + "---|" * len(_COLUMNS),
        *("| " + " | ".join(row) + " |" for row in rows(outcomes)),
        "",
        f"{size.rounds} rounds, contenders interleaved, their order rotated. {machine()}.",
    ]
    return "\n".join(lines)


def write_docs(outcomes: Sequence[Outcome], size: Size) -> None:
    """Put the table between the marks of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = markdown(outcomes, size)
    DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}", encoding="utf-8")
