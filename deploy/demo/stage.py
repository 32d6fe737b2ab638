"""Where the story is told: the system that runs here or at an address, or one started for it and stopped after."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import httpx

from deploy.demo.client import Cast
from deploy.demo.report import StepReport, StoryReport
from deploy.demo.sinks import Sinks
from deploy.demo.story import STEPS, Story
from deploy.demo.telling import Telling
from deploy.demo.watch import Watcher
from deploy.embedded.home import Home, home_folder
from deploy.embedded.processes import free_port
from shared.kernel.calendar import at_stockholm, is_working_day, legal_day
from shared.kernel.clock import Clock, OffsetFileClock, SystemClock, machine_now, write_offset
from shared.messaging.kafka_connection import KafkaConnection
from shared.settings import SharedSettings

_START_SECONDS = 600
_STOP_SECONDS = 30
_MORNING, _EVENING, _START = 8, 19, time(10, 0)


class NoStageError(Exception):
    """There is no system to tell the story on; the message says what to do."""


@dataclass(frozen=True)
class Stage:
    """A running system: its address, its broker, and its folder where it is one of this machine."""

    origin: str
    kafka: KafkaConnection
    namespace: str
    home: Home | None


async def tell_story(
    *,
    origin: str | None,
    patience_seconds: float,
    say: Callable[[str], None],
    show: Callable[[int, StepReport], None],
    steps: int | None = None,
) -> StoryReport:
    """Tell the story, or its first `steps`, and return its report; raises NoStageError where no system is there."""
    async with _stage(origin, say) as stage:
        clock = _working_hours(stage, say)
        async with (
            httpx.AsyncClient(base_url=stage.origin, timeout=60) as http,
            Watcher(stage.kafka, stage.namespace) as watcher,
        ):
            cast, sinks = Cast(stage.origin, http), Sinks(http, patience_seconds)
            telling = Telling(cast, sinks, clock, lambda: watcher.messages, _stepping(stage))
            report = StoryReport(stage.origin)
            return await Story(telling, watcher, show, report, steps or len(STEPS)).tell()


@asynccontextmanager
async def _stage(origin: str | None, say: Callable[[str], None]) -> AsyncIterator[Stage]:
    home = Home(home_folder())
    running = home.running() if home.is_locked() else {}
    if running and origin in {None, running["origin"]}:
        say(f"Telling the story on the system that runs at {running['origin']}.")
        yield _of_home(home)
    elif origin is not None:
        if "KAFKA_BOOTSTRAP" not in os.environ:
            raise NoStageError("Say in KAFKA_BOOTSTRAP where the events of that system are, so that they can be shown.")
        settings = SharedSettings()
        yield Stage(origin, KafkaConnection.of(settings), settings.namespace, None)
    else:
        async with _temporary(say) as stage:
            yield stage


def _of_home(home: Home) -> Stage:
    from deploy.embedded.environment import running_environment  # noqa: PLC0415 - only where there is one

    settings = SharedSettings.model_validate(running_environment(home, os.environ))
    return Stage(home.running()["origin"], KafkaConnection.of(settings), settings.namespace, home)


@asynccontextmanager
async def _temporary(say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Start a system on a folder of its own, and stop it and remove the folder afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kurslots-demo-"))
    home, port = Home(folder / "home"), free_port()
    say(f"No system runs on {home_folder()}: starting one at http://127.0.0.1:{port} for the story.")
    environment = {**os.environ, "KURSLOTS_HOME": str(home.folder), "KURSLOTS_PORT": str(port)}
    with (folder / "up.log").open("wb") as log:
        system = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from deploy.cli import main; main()", "up"),
            env=environment,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await _until_up(f"http://127.0.0.1:{port}", system, folder / "up.log")
        yield _of_home(home)
    finally:
        system.terminate()
        await asyncio.wait_for(system.wait(), _STOP_SECONDS)
        await asyncio.to_thread(shutil.rmtree, folder)


async def _until_up(origin: str, system: asyncio.subprocess.Process, log: Path) -> None:
    deadline = machine_now() + timedelta(seconds=_START_SECONDS)
    async with httpx.AsyncClient(base_url=origin, timeout=10) as http:
        while machine_now() < deadline:
            if system.returncode is not None:
                said = await asyncio.to_thread(log.read_text)
                raise NoStageError(f"The system could not be started:\n{said}")
            if await _answers(http):
                return
            await asyncio.sleep(0.5)
    raise NoStageError(f"The system was not ready within {_START_SECONDS} s")


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _working_hours(stage: Stage, say: Callable[[str], None]) -> Clock:
    """Return the system's clock, stepped forward to a working day at ten where SMS would be held back now."""
    if stage.home is None:
        return SystemClock()
    clock = OffsetFileClock(stage.home.clock)
    now = clock.now()
    day = legal_day(now)
    if at_stockholm(day, time(_MORNING)) <= now < at_stockholm(day, time(_EVENING)) and is_working_day(day):
        return clock
    start = at_stockholm(day, _START)
    while start <= now or not is_working_day(legal_day(start)):
        start += timedelta(days=1)
    write_offset(stage.home.clock, start - machine_now())
    say(
        f"Business time is stepped to {legal_day(start)} kl. 10.00: SMS are held back outside working hours. "
        "`kurslots clock --reset` takes it back."
    )
    return clock


def _stepping(stage: Stage) -> Callable[[datetime], None] | None:
    if stage.home is None:
        return None
    file = stage.home.clock
    return lambda at: write_offset(file, at - machine_now())
