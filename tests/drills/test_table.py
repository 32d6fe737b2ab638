"""The table goes between the marks of its page, and names each run with what it came to."""

from pathlib import Path

from tests.drills.drill import Drill, Outcome
from tests.drills.report import Report
from tests.drills.size import QUICK, Size
from tests.drills.stage import Stage
from tests.drills.table import as_json, passed_before, write_table


async def nothing(_stage: Stage, _random: object, _size: Size) -> None:
    """Break nothing."""


def an_outcome(report: Report, control: Report | None) -> Outcome:
    return Outcome(Drill(2, "a fault", nothing, "inbox"), 7, report, control, 1, 90.0)


def test_a_page_names_every_run_and_keeps_what_is_around(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- drills:begin -->\nyesterday's\n<!-- drills:end -->\nAfter.\n")
    good = an_outcome(Report(commands=84, acknowledged=60, longest_stall=1.5), Report(lost=["a"], double=["b", "c"]))
    bad = an_outcome(Report(commands=10, acknowledged=9, out_of_order=["d"]), Report())
    runs = [{"seed": 7, "drills": as_json([bad])}, {"seed": 8, "drills": as_json([good, good])}]
    write_table(page, [good], QUICK, runs)
    text = page.read_text()
    assert text.startswith("Before.\n<!-- drills:begin -->\n")
    assert text.endswith("<!-- drills:end -->\nAfter.\n")
    assert "yesterday" not in text
    assert (
        "- Seed 7: 0 of 1 drills passed, 0 of 1 controls failed as they must; 10 commands, 9 acknowledged; "
        "0 lost, 0 double, 1 out of order, 0 oversold, 0 late; 2 minutes.\n"
        "- Seed 8: 2 of 2 drills passed, 2 of 2 controls failed as they must; 168 commands, 120 acknowledged; "
        "0 lost, 0 double, 0 out of order, 0 oversold, 0 late; 3 minutes.\n"
    ) in text
    assert "| 2. a fault | 84 | 60 | 0 | 0 | 0 | 0 | 1.5 s | – | yes, without inbox: 1 lost, 2 double |\n" in text


def test_a_run_that_was_broken_off_keeps_what_had_passed() -> None:
    good = an_outcome(Report(commands=84, acknowledged=60, longest_stall=1.5), Report(lost=["a"]))
    bad = an_outcome(Report(commands=10, acknowledged=9, out_of_order=["d"]), Report())
    [kept] = passed_before({"seed": 7, "drills": as_json([good, bad])}, [good.drill])
    assert as_json([kept]) == as_json([good])
