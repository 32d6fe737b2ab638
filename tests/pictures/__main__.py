"""`make screenshots`: takes the pictures of the guide, on a system that it starts for them or on one that runs."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.chromium import running_chromium
from tests.pictures.table import LANGUAGES, PICTURES, TABLE, Picture, When
from tests.pictures.taking import NoPictureError, take
from tests.support.system import System

_TELLING_SECONDS = 400.0
# after the whole story: awarded and not contracted, scored, a request that waits, and last what is open for bids still
_STOPS = (13, 12, 7, 9)


@dataclass(frozen=True)
class Running:
    """A system that runs somewhere."""

    url: str


async def take_of_running(url: str, chosen: list[Picture]) -> None:
    """Take the pictures of a system as it is."""
    async with running_chromium() as chromium:
        await take(chromium, Running(url), chosen, _say)


async def take_of_own(chosen: list[Picture]) -> None:
    """Start a system on a folder that is thrown away, tell the story there, take the pictures and stop it."""
    with tempfile.TemporaryDirectory(prefix="kurslots-pictures-") as folder:
        system = System(Path(folder) / "home")
        try:
            _say("Starting a system of our own ...")
            await asyncio.to_thread(system.up)
            async with running_chromium() as chromium:
                await _tell_and_take(system, chromium, chosen)
        finally:
            await asyncio.to_thread(system.down)


async def _tell_and_take(system: System, chromium: Browser, chosen: list[Picture]) -> None:
    await asyncio.to_thread(_tell, system, ())
    await take(chromium, system, _at(When.ONCE, chosen), _say)
    later = _at(When.MANY, chosen)
    if later:
        for steps in _STOPS:
            await asyncio.to_thread(_tell, system, ("--steps", str(steps)))
        await take(chromium, system, later, _say)


def _at(when: When, pictures: Iterable[Picture]) -> list[Picture]:
    return [picture for picture in pictures if picture.when is when]


def _tell(system: System, steps: tuple[str, ...]) -> None:
    _say(f"Telling the story {' '.join(steps) or 'to its end'} ...")
    told = system.run("demo", "--json", *steps, seconds=_TELLING_SECONDS)
    if told.returncode:
        raise NoPictureError(f"the story could not be told:\n{told.stdout}{told.stderr}")


def _remove_others() -> None:
    """Remove what the table does not name."""
    named = {picture.file(language) for picture in TABLE for language in LANGUAGES}
    for file in PICTURES.rglob("*.png"):
        if file not in named:
            file.unlink()
            _say(f"{file.relative_to(PICTURES)}: not in the table, removed")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command says how far it is


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 1 where a picture could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=[picture.name for picture in TABLE], help="may be given again"
    )
    parser.add_argument("--at", metavar="URL", help="a running system to take them of, as it is")
    chosen = parser.parse_args(arguments)
    pictures = [picture for picture in TABLE if not chosen.only or picture.name in chosen.only]
    try:
        asyncio.run(take_of_running(chosen.at, pictures) if chosen.at else take_of_own(pictures))
    except NoPictureError as error:
        _say(f"No picture: {error}")
        return 1
    _remove_others()
    size = sum(file.stat().st_size for file in PICTURES.rglob("*.png"))
    _say(f"{len(TABLE) * len(LANGUAGES)} pictures in {PICTURES}, {size / 2**20:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
