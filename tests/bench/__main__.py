"""`python -m tests.bench`: measures the product against its limits and against plainer ways of doing the same work."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace

import structlog
import uvloop

from tests.bench import benches, report
from tests.bench.parts import own_parts
from tests.bench.rounds import Outcome, WrongResult, run_rounds
from tests.bench.size import FULL, QUICK, Size


async def measure(names: list[str], size: Size) -> list[Outcome]:
    """Run the named benches on parts of their own. Raises WrongResult."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # leave nothing running
    async with own_parts() as parts:
        chosen = [bench for bench in benches.BENCHES if bench.name in names]
        return [await run_rounds(bench, parts, size, told=_tell) for bench in chosen]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - told to whoever runs it


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 1 where a contender did its work wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    known = [bench.name for bench in benches.BENCHES]
    parser.add_argument("--only", action="append", choices=known, help="a bench to run; may be given again")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--divide", type=int, default=1, help="do only such a share of the work, on a slow machine")
    parser.add_argument("--history", type=int, help="rows of much history, for growth")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    size = QUICK if os.environ.get("QUICK") == "1" else FULL
    size = size.divided(chosen.divide)
    size = replace(size, rounds=chosen.rounds or size.rounds, much_history=chosen.history or size.much_history)
    try:
        outcomes = uvloop.run(measure(chosen.only or known, size))
    except WrongResult as wrong:
        print(f"Wrong result: {wrong}", file=sys.stderr)  # noqa: T201 - told to whoever runs it
        return 1
    if chosen.write_docs:
        report.write_docs(outcomes, size)
    if chosen.markdown:
        print("\n\n".join(report.markdown(outcome, size) for outcome in outcomes))  # noqa: T201 - told to whoever runs it
    else:
        report.show(outcomes, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
