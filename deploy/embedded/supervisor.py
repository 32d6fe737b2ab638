"""Keeps the processes of one embedded system running: starts, watches, restarts with back-off, stops in order.

All starting happens on the main thread: the kernel ends a child with the *thread* that started it.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from deploy.embedded.artifacts import Progress
from deploy.embedded.home import Home
from deploy.embedded.leftovers import HOME_MARK, PART_MARK
from deploy.embedded.processes import Deadline, Identity, PartError, Program, last_lines, start
from deploy.embedded.screen import Screen

_LOG_BYTES = 10 * 1024 * 1024
_LONGEST_WAIT = 30.0
_STEADY_SECONDS = 60.0
_STEP_SECONDS = 300.0

Ready = Callable[[subprocess.Popen[bytes], Path], Awaitable[None]]


@dataclass(frozen=True)
class Part:
    """One process of the system. `group` says when it is stopped; `prepare` may block and be run again."""

    name: str
    group: str
    address: str
    version: str
    program: Callable[[], Program]
    ready: Ready
    prepare: Callable[[Progress], None] | None = None


# In this order, each group with the second of the stopping at which its processes are killed: what one group leaves of
# its time the next ones have.
STOPPING = {"web": 3.0, "worker": 6.5, "origin": 8.5, "kafka": 11.5, "postgresql": 14.0}


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started_at: float
    state: str = "starting"
    restarts: int = 0


class Supervisor:
    """The running parts of one home. `facts` are written beside the parts' state for other commands to read."""

    def __init__(self, home: Home, screen: Screen, environment: Mapping[str, str], facts: Mapping[str, Any]) -> None:
        self._home = home
        self._screen = screen
        self._environment = environment
        own = Identity.of(os.getpid())
        self._facts = {"supervisor": {"pid": own.pid, "made_at": own.made_at}, **facts}
        self._running: dict[str, _Running] = {}
        self._restarts: set[asyncio.Task[None]] = set()

    def log_of(self, name: str) -> Path:
        return self._home.logs / f"{name.replace(' ', '-')}.log"

    async def start(self, part: Part) -> None:
        """Prepare and start a part, and return when it is ready; raises PartError."""
        began = time.monotonic()
        await self._prepare(part)
        prepared = time.monotonic()
        await self._launch(part, restarts=0)
        now = time.monotonic()
        preparing = f" (prepared in {prepared - began:.1f} s)" if prepared - began >= 0.1 else ""  # noqa: PLR2004 - what a person would notice
        self._screen.done(f"{part.name} {part.version}", part.address, f"ready in {now - began:.1f} s{preparing}")

    async def step(self, name: str, argv: Sequence[str]) -> None:
        """Run a program of ours to its end; raises PartError with the end of its log when it fails."""
        began = time.monotonic()
        self._screen.progress(name, "setting up")
        log = self.log_of(name)
        process = self._spawn(name, Program(tuple(argv), self._home.folder), log)
        try:
            await _ended([process], Deadline(_STEP_SECONDS))
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            raise PartError(f"{name} failed. The end of {log}:\n{last_lines(log, 20)}")
        self._screen.done(name, "", f"done in {time.monotonic() - began:.1f} s")

    async def watch(self) -> None:
        """Restart what ends, until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(0.25)
            rounds += 1
            if rounds % 20 == 0:
                self._limit_logs()
            for running in list(self._running.values()):
                if running.state == "up" and running.process.poll() is not None:
                    running.state = "restarting"
                    task = asyncio.create_task(self._restart(running))
                    self._restarts.add(task)
                    task.add_done_callback(self._restarts.discard)

    async def stop(self) -> None:
        """Stop everything that was started, group by group; what does not stop in time is killed."""
        for task in self._restarts:
            task.cancel()
        await asyncio.gather(*self._restarts, return_exceptions=True)
        began = time.monotonic()
        for group, latest in STOPPING.items():
            of_group = [running for running in self._running.values() if running.part.group == group]
            await self._stop_group(of_group, began + latest - time.monotonic())
        self._write_state()

    async def _stop_group(self, group: list[_Running], patience_s: float) -> None:
        deadline = Deadline(patience_s)
        families = {running.part.name: _family(running.process) for running in group}
        for running in group:
            self._screen.progress(running.part.name, "stopping")
            with contextlib.suppress(ProcessLookupError):
                running.process.send_signal(running.part.program().stop_signal)
        await _ended([running.process for running in group], deadline)
        for running in group:
            if running.process.poll() is None:
                self._screen.trouble(f"{running.part.name} did not stop in {patience_s:.1f} s and was killed")
            for survivor in families[running.part.name]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    survivor.kill()
            running.process.wait()
            running.state = "stopped"
            self._screen.say(f"  {running.part.name} stopped")

    async def _prepare(self, part: Part) -> None:
        if part.prepare is not None:
            prepare = part.prepare
            await _in_daemon_thread(lambda: prepare(lambda text: self._screen.progress(part.name, text)))

    async def _launch(self, part: Part, *, restarts: int) -> None:
        log = self.log_of(part.name)
        process = self._spawn(part.name, part.program(), log)
        running = _Running(part, process, time.monotonic(), restarts=restarts)
        self._running[part.name] = running
        self._write_state()
        self._screen.progress(part.name, "starting")
        await part.ready(process, log)
        running.state = "up"
        self._write_state()

    def _spawn(self, name: str, program: Program, log: Path) -> subprocess.Popen[bytes]:
        marks = {HOME_MARK: str(self._home.folder), PART_MARK: name}
        marked = replace(program, environment={**self._environment, **program.environment, **marks})
        return start(marked, log, dies_with_parent=True)

    async def _restart(self, dead: _Running) -> None:
        """Start a part again until it is ready, waiting longer each time that it ends soon after."""
        lasted = time.monotonic() - dead.started_at
        restarts = 0 if lasted > _STEADY_SECONDS else dead.restarts
        code = dead.process.returncode
        while True:
            wait = min(_LONGEST_WAIT, 0.5 * 2**restarts)
            restarts += 1
            self._screen.trouble(f"{dead.part.name} ended (code {code}); starting it again in {wait:.1f} s")
            self._write_state()
            await asyncio.sleep(wait)
            try:
                await self._prepare(dead.part)
                await self._launch(dead.part, restarts=restarts)
            except PartError as error:
                self._screen.trouble(str(error))
                process = self._running[dead.part.name].process
                if process.poll() is None:
                    process.kill()
                code = process.wait()
                continue
            self._screen.done(dead.part.name, dead.part.address, "runs again")
            return

    def _write_state(self) -> None:
        self._home.write_running({**self._facts, "parts": {n: _described(r) for n, r in self._running.items()}})

    def _limit_logs(self) -> None:
        """Keep the last 10 MB of a log and what was before it once; children append, so the file may be emptied."""
        for log in self._home.logs.glob("*.log"):
            if log.stat().st_size > _LOG_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)


def _described(running: _Running) -> dict[str, Any]:
    described: dict[str, Any] = {
        "state": running.state,
        "group": running.part.group,
        "address": running.part.address,
        "version": running.part.version,
        "restarts": running.restarts,
        "pid": None,
    }
    with contextlib.suppress(psutil.NoSuchProcess):
        if running.process.poll() is None:
            identity = Identity.of(running.process.pid)
            described |= {"pid": identity.pid, "made_at": identity.made_at, "argv": list(running.process.args)}  # type: ignore[arg-type]  # JSON values
    return described


async def _ended(processes: Sequence[subprocess.Popen[bytes]], deadline: Deadline) -> None:
    """Return when all have ended, or the time is up."""
    while any(process.poll() is None for process in processes) and not deadline.is_over:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        whole = psutil.Process(process.pid)
        return [*whole.children(recursive=True), whole]
    return []


async def _in_daemon_thread(work: Callable[[], None]) -> None:
    """Run blocking work; when we are told to stop meanwhile, nobody waits for it (a download may take minutes)."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except Exception as raised:  # noqa: BLE001 - handed to whoever waits
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, daemon=True).start()
    await outcome
