"""`python -m tests.bench.every_page`: every page of each role, in a project of real size, against the limit.

One page is asked for after another by somebody who is signed in: what is measured is how long a person waits.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
from rich.progress import Progress

from tests.bench.pages import LONGEST_MILLISECONDS
from tests.support.system import System
from tests.system.crawl import Crawled, reader, sign_in, walk

ROLES = (
    None,
    "contact.falun",
    "coach.dalarna",
    "lead.dalarna",
    "trainer.dalarna",
    "participant.one",
    "officer.dalarna",
    "delegate.dalarna",
    "supplier.one",
    "operator",
)
SEED = ("seed", "--employers", "1538", "--persons", "1700", "--runs", "300")
_SETTLED_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Measured:
    """One page, as one person asks for it: the median and the longest time in milliseconds, and its length in bytes."""

    person: str
    address: str
    kind: str
    middle: float
    longest: float
    size: int


@contextmanager
def a_full_system(url: str | None) -> Iterator[str]:
    """Give the address of a system that is filled: a new one, or the running one at `url`."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        system = System(Path(folder) / "home")
        try:
            system.up()
            for command in (("demo",), SEED, ("settled", "--seconds", str(_SETTLED_SECONDS))):
                finished = system.run(*command, seconds=_SETTLED_SECONDS + 60)
                _tell(finished.stdout.strip().splitlines()[-1] if finished.stdout else "")
                if finished.returncode != 0:
                    raise SystemExit(f"kurslots {' '.join(command)} failed: {finished.stdout}{finished.stderr}")
            yield system.url
        finally:
            system.down()


async def measure(url: str, loads: int) -> list[Measured]:
    """Return what each page takes that each of the people comes to. Raises SystemExit where one is not shown."""
    found = []
    with Progress(transient=True) as progress:
        for person in ROLES:
            pages = [page for page in await walk(url, person) if page.media_type == "text/html" and _is_shown(page)]
            wrong = [f"{page}: {page.status}" for page in pages if page.status != httpx.codes.OK]
            if wrong:
                raise SystemExit("Pages that are not shown: " + "; ".join(wrong))
            task = progress.add_task(person or "nobody", total=len(pages))
            async with reader(url, "sv") as client:
                if person is not None:
                    await sign_in(client, person)
                for page in pages:
                    found.append(await _asked(client, page, loads))
                    progress.advance(task)
    return found


def _is_shown(page: Crawled) -> bool:
    """Whether it is this page that is shown, and not the one to sign in at."""
    return page.led_to == urlsplit(page.address).path


async def _asked(client: httpx.AsyncClient, page: Crawled, loads: int) -> Measured:
    taken: list[float] = []
    size = 0
    for _ in range(loads + 1):
        began = time.perf_counter()
        answer = await client.get(page.address)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS and len(taken) > 1:
            break  # a page that takes a code lets nobody try often
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != httpx.codes.OK:
            raise SystemExit(f"{page} was answered {answer.status_code}")
        size = len(answer.content)
    return Measured(page.person, page.address, page.kind, median(taken[1:]), max(taken[1:]), size)


def slowest_of_each_kind(measured: Sequence[Measured]) -> list[Measured]:
    """Return for each kind of page the slowest of them, the slowest first."""
    of_kind: dict[str, list[Measured]] = defaultdict(list)
    for each in measured:
        of_kind[each.kind].append(each)
    slowest = [max(pages, key=lambda page: page.middle) for pages in of_kind.values()]
    return sorted(slowest, key=lambda page: -page.middle)


def table(measured: Sequence[Measured], rows: int) -> str:
    """Return the slowest kinds of pages as a table in Markdown, and what holds of all."""
    slowest = slowest_of_each_kind(measured)
    lines = ["| page | as | median ms | longest ms | KiB |", "|---|---|---|---|---|"]
    lines += [
        f"| `{page.kind}` | {page.person} | {page.middle:.0f} | {page.longest:.0f} | {page.size / 1024:.0f} |"
        for page in slowest[:rows]
    ]
    over = [page for page in slowest if page.middle >= LONGEST_MILLISECONDS]
    middle = median(page.middle for page in slowest)
    said = f"{len(measured)} pages of {len(slowest)} kinds; the median of the kinds' slowest is {middle:.0f} ms;"
    return "\n".join([*lines, "", f"{said} over {LONGEST_MILLISECONDS:.0f} ms: {len(over)}."])


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - told to whoever runs it


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 1 where a page takes as long as the limit, or longer."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.every_page", description=__doc__)
    parser.add_argument("--url", help="a running embedded system that is filled already")
    parser.add_argument("--loads", type=int, default=9, help="how often each page is asked for")
    parser.add_argument("--rows", type=int, default=12, help="how many of the slowest kinds are shown")
    chosen = parser.parse_args(arguments)
    with a_full_system(chosen.url) as url:
        measured = asyncio.run(measure(url, chosen.loads))
    print(table(measured, chosen.rows))  # noqa: T201 - the result
    return 1 if any(page.middle >= LONGEST_MILLISECONDS for page in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
