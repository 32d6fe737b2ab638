"""The supervisor over small real processes: what ends is started again, what must stop is stopped."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from deploy.embedded.home import Home, HomeInUseError
from deploy.embedded.leftovers import HOME_MARK, find_leftovers, stop_leftovers
from deploy.embedded.processes import Deadline, Identity, PartError, Program, free_port, start, stop_tree
from deploy.embedded.screen import Screen
from deploy.embedded.supervisor import Part, Supervisor
from deploy.embedded.up import ready_at

ROOT = Path(__file__).parents[3]


class Watched:
    """A supervisor that runs, and what it has said."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.said = io.StringIO()
        screen = Screen(Console(file=self.said, width=200))
        self.supervisor = Supervisor(home, screen, {}, {"origin": "http://127.0.0.1:0", "ports": {}, "given": {}})

    def pid(self, name: str) -> int | None:
        pid: int | None = self.home.running()["parts"][name]["pid"]
        return pid


def a_part(name: str, *, group: str = "web", stubborn: bool = False, port: int | None = None) -> Part:
    port = port or free_port()
    argv = (sys.executable, "-m", "tests.support.small_server", str(port), *(["stubborn"] if stubborn else []))
    address = f"http://127.0.0.1:{port}"
    return Part(name, group, address, "1", lambda: Program(argv, ROOT), ready_at(address, "/", name))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


@asynccontextmanager
async def watching(home: Home) -> AsyncIterator[Watched]:
    watched = Watched(home)
    task = asyncio.create_task(watched.supervisor.watch())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watched.supervisor.stop()


async def until(condition: object, seconds: float = 20) -> None:
    deadline = Deadline(seconds)
    assert callable(condition)
    while not condition():
        assert not deadline.is_over, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_a_part_that_ends_is_started_again_and_shown(home: Home) -> None:
    async with watching(home) as watched:
        await watched.supervisor.start(a_part("booking web"))
        first = watched.pid("booking web")
        assert first is not None
        psutil.Process(first).kill()
        await until(lambda: watched.pid("booking web") not in {None, first} and "runs again" in watched.said.getvalue())
        assert "booking web ended (code -9); starting it again in 0.5 s" in watched.said.getvalue()
        assert home.running()["parts"]["booking web"]["restarts"] == 1


async def test_a_part_that_keeps_ending_is_waited_for_longer_each_time(home: Home) -> None:
    port = free_port()
    program = Program((sys.executable, "-c", "raise SystemExit(3)"), ROOT)
    part = Part("broken", "web", "", "1", lambda: program, ready_at(f"http://127.0.0.1:{port}", "/", "broken"))
    async with watching(home) as watched:
        await watched.supervisor.start(a_part("booking web", port=port))
        running = watched.supervisor._running["booking web"]
        running.part = part
        running.process.kill()
        await until(lambda: "again in 2.0 s" in watched.said.getvalue())
        assert "again in 1.0 s" in watched.said.getvalue()
        assert "broken ended while starting" in watched.said.getvalue()


async def test_a_part_that_cannot_start_is_an_error_with_the_end_of_its_log(home: Home) -> None:
    program = Program((sys.executable, "-c", "print('no room'); raise SystemExit(1)"), ROOT)
    async with watching(home) as watched:
        with pytest.raises(PartError, match="no room"):
            await watched.supervisor.start(
                Part("broken", "web", "", "1", lambda: program, ready_at("http://127.0.0.1:1", "/", "broken"))
            )


async def test_stopping_goes_group_by_group_and_kills_what_does_not_listen(home: Home) -> None:
    watched = Watched(home)
    for part in (a_part("deaf", stubborn=True), a_part("relay", group="worker"), a_part("origin", group="origin")):
        await watched.supervisor.start(part)
    pids = [watched.pid(name) for name in ("deaf", "relay", "origin")]
    await watched.supervisor.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)
    said = watched.said.getvalue()
    assert said.index("deaf did not stop in 3.0 s and was killed") < said.index("deaf stopped")
    assert said.index("deaf stopped") < said.index("relay stopped") < said.index("origin stopped")
    assert {part["state"] for part in home.running()["parts"].values()} == {"stopped"}


async def test_leftovers_are_found_by_their_mark_and_strangers_are_left_alone(home: Home, tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "tests.support.small_server")
    ours = start(Program((*argv, str(free_port())), ROOT, {HOME_MARK: str(home.folder)}), tmp_path / "log")
    other = start(Program((*argv, str(free_port())), ROOT, {HOME_MARK: f"{home.folder}2"}), tmp_path / "log")
    try:
        await until(lambda: [process.pid for _, process in find_leftovers(home)] == [ours.pid])
        stop_leftovers(home)
        assert ours.wait(10) is not None
        assert other.poll() is None
    finally:
        for process in (ours, other):
            if process.poll() is None:
                stop_tree(psutil.Process(process.pid))
            process.wait()


def test_a_number_used_again_is_not_the_process_that_had_it(home: Home) -> None:
    mine = psutil.Process()
    home.write_running({"parts": {"booking web": {"pid": mine.pid, "made_at": mine.create_time() - 60, "argv": ["x"]}}})
    assert find_leftovers(home) == []
    assert Identity(mine.pid, mine.create_time()).find() is not None


def test_one_folder_has_one_supervisor(home: Home) -> None:
    with home.locked():
        assert home.is_locked()
        with pytest.raises(HomeInUseError, match="already runs"), Home(home.folder).locked():
            pass
    assert not home.is_locked()


def test_secrets_are_made_once_and_for_their_owner_alone(home: Home) -> None:
    first = home.secret("booking")
    assert Home(home.folder).secret("booking") == first
    assert home.secret("procurement") != first
    assert (home.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
