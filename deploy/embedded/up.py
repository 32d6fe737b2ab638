"""`kurslots up`: which parts there are, what each needs first, and the order in which they come and go."""

import asyncio
import importlib.metadata
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from deploy.embedded import setup
from deploy.embedded.artifacts import KAFKA_VERSION, POSTGRES_VERSION, ArtifactError
from deploy.embedded.environment import (
    PASSED_ON,
    SERVICES,
    Ports,
    database_name,
    environment,
    needs_kafka,
    needs_postgres,
    postgres_of,
)
from deploy.embedded.home import Home
from deploy.embedded.kafka import KafkaServer
from deploy.embedded.leftovers import stop_leftovers
from deploy.embedded.processes import Deadline, PartError, Program, is_port_free, last_lines
from deploy.embedded.screen import Screen
from deploy.embedded.supervisor import Part, Ready, Supervisor
from shared.kernel.clock import write_offset

_READY_SECONDS = 120.0


class System:
    """One embedded system: the plan of its parts, for a home, a public port and the caller's environment."""

    def __init__(self, home: Home, port: int, given: Mapping[str, str], screen: Screen) -> None:
        self.home = home
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.ports = Ports.choose(home)
        self._screen = screen
        settings = environment(home, self.ports, self.origin, {})
        self._given = {name: given[name] for name in (*settings, *PASSED_ON) if given.get(name)}
        self._environment = environment(home, self.ports, self.origin, self._given)
        self._postgres = postgres_of(home, self.ports.postgres)
        self._kafka = KafkaServer(home.folder / "kafka", self.ports.kafka, self.ports.kafka_controller)
        facts = {
            "origin": self.origin,
            "ports": self.ports.as_dict(),
            "given": self._given,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._supervisor = Supervisor(home, screen, self._environment, facts)

    async def run(self) -> None:
        """Start everything and keep it running until cancelled; whatever happens, nothing is left behind."""
        began = time.monotonic()
        try:
            await self._start()
            self._screen.close()
            self._screen.say(f"\nKurslots is ready at [bold]{self.origin}[/] after {time.monotonic() - began:.1f} s.")
            self._screen.say(f"Data in {self.home.folder}. Ctrl-C stops it.")
            await self._supervisor.watch()
        finally:
            self._screen.close()
            self._screen.say("Stopping …")
            await self._supervisor.stop()
            self._screen.say("Stopped.")

    async def _start(self) -> None:
        write_routes(self.home, self.ports, self._environment)
        if not self.home.clock.exists():
            write_offset(self.home.clock, timedelta(0))
        # A worker waits for Kafka by itself, and is made ready while Kafka looks through its log. The first time, Kafka
        # is fetched, for who knows how long.
        workers_wait = not needs_kafka(self._given) or (self.home.folder / "kafka" / "log").exists()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._start_databases_and_web(and_workers=workers_wait))
            tasks.create_task(self._start_kafka())
        if not workers_wait:
            async with asyncio.TaskGroup() as tasks:
                for service in SERVICES:
                    tasks.create_task(self._supervisor.start(self._service(service, "worker")))
        await self._step_if_changed("copies of project data", "settle", setup.data_sum())
        await _answers_ok(self.origin, "/health", "the whole system")

    async def _start_databases_and_web(self, *, and_workers: bool) -> None:
        if needs_postgres(self._given):
            is_first = not self._postgres.data.exists()
            await self._supervisor.start(
                Part(
                    "postgresql",
                    "postgresql",
                    f"127.0.0.1:{self._postgres.port}",
                    POSTGRES_VERSION.removesuffix(".0"),
                    self._postgres.program,
                    self._postgres.wait_ready,
                    self._postgres.prepare,
                )
            )
            if is_first:
                for name in ("tables", "project data", "copies of project data"):
                    self.home.mark(name, "")
            for service in SERVICES:
                if database_name(service) not in self._given:
                    await self._postgres.ensure_database(service, service, self.home.secret(f"{service} database"))
        await self._step_if_changed("tables", "migrate", self._tables_sum())
        await self._step_if_changed("project data", "load", setup.data_sum())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._supervisor.start(self._origin()))
            for service in SERVICES:
                tasks.create_task(self._supervisor.start(self._service(service, "web")))
                if and_workers:
                    tasks.create_task(self._supervisor.start(self._service(service, "worker")))

    async def _start_kafka(self) -> None:
        if needs_kafka(self._given):
            if not (self.home.folder / "kafka" / "log").exists():
                self.home.mark("topics", "")
            await self._supervisor.start(
                Part(
                    "kafka",
                    "kafka",
                    self._kafka.bootstrap,
                    KAFKA_VERSION,
                    self._kafka.program,
                    self._kafka.wait_ready,
                    self._kafka.prepare,
                )
            )
        await self._step_if_changed("topics", "topics", setup.topics_sum(self._environment["KAFKA_BOOTSTRAP"]))

    async def _step_if_changed(self, mark: str, step: str, wanted: str) -> None:
        """Run a step of setting up, unless it was done with the same files before."""
        if self.home.marks().get(mark) == wanted:
            return
        await self._supervisor.step(mark, [sys.executable, "-m", "deploy.embedded.setup", step])
        self.home.mark(mark, wanted)

    def _tables_sum(self) -> str:
        sums = (setup.migrations_sum(service, self._given.get(database_name(service), "")) for service in SERVICES)
        return "-".join(sums)

    def _origin(self) -> Part:
        argv = (
            *(sys.executable, "-m", "deploy.embedded.origin"),
            *("--port", str(self.port), "--smtp-port", str(self.ports.smtp)),
            *("--routes", str(self.home.routes), "--home", str(self.home.folder / "origin")),
        )
        program = Program(argv, self.home.folder)
        return Part("origin", "origin", self.origin, _version(), lambda: program, ready_at(self.origin, "/", "origin"))

    def _service(self, service: str, part: str) -> Part:
        port = self.ports.of(service, part)
        name = f"{service} {part}"
        program = Program((sys.executable, "-m", f"services.{service}", part, "--port", str(port)), self.home.folder)
        address = f"http://127.0.0.1:{port}"
        path = f"/{service}/health" if part == "web" else "/ready"
        return Part(name, part, address, _version(), lambda: program, ready_at(address, path, name))


def write_routes(home: Home, ports: Ports, settings: Mapping[str, str]) -> None:
    """Tell the origin where everything runs."""
    parts = {"kafka": settings["KAFKA_BOOTSTRAP"].split(",")}
    servers = {settings[database_name(service)].rpartition("@")[2].partition("/")[0] for service in SERVICES}
    parts["postgresql"] = sorted(server if ":" in server else f"{server}:5432" for server in servers)
    services = {
        service: {part: f"http://127.0.0.1:{ports.of(service, part)}" for part in ("web", "worker")}
        for service in SERVICES
    }
    home.write_routes({"services": services, "parts": parts})


def run_up(home: Home, port: int, given: Mapping[str, str], screen: Screen) -> int:
    """Run the system until Ctrl-C or SIGTERM and return the exit code; raises HomeInUseError."""
    with home.locked():
        if stopped := stop_leftovers(home):
            screen.say(f"Stopped what an earlier start left behind: {', '.join(stopped)}")
        if not is_port_free(port):
            screen.trouble(_taken(port))
            return 1
        screen.open("starting")
        troubles: list[Exception] = []
        try:
            asyncio.run(_until_told(System(home, port, given, screen)))
        except* (PartError, ArtifactError) as errors:
            troubles = _leaves(errors)
        for trouble in troubles:
            screen.trouble(f"Kurslots could not start. {trouble}")
        return 1 if troubles else 0


async def _until_told(system: System) -> None:
    task = asyncio.create_task(system.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: None if task.cancelling() else task.cancel())
    try:
        await task
    except asyncio.CancelledError:
        return


def _leaves(errors: BaseExceptionGroup[Exception]) -> list[Exception]:
    found: list[Exception] = []
    for error in errors.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _taken(port: int) -> str:
    holders = set()
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:  # macOS tells root alone
        connections = []
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            holders.add(f"{psutil.Process(connection.pid).name()}, process {connection.pid}" if connection.pid else "?")
    who = f" by {' and '.join(sorted(holders))}" if holders else ""
    return f"Port {port} is taken{who}. Stop that, or choose another with --port or KURSLOTS_PORT."


def _version() -> str:
    return importlib.metadata.version("kurslots")


def ready_at(address: str, path: str, name: str) -> Ready:
    """Return what waits until a GET of `path` gives 200."""

    async def ready(process: subprocess.Popen[bytes], log: Path) -> None:
        await _answers_ok(address, path, name, process, log)

    return ready


async def _answers_ok(
    address: str, path: str, name: str, process: subprocess.Popen[bytes] | None = None, log: Path | None = None
) -> None:
    """Return when a GET gives 200; raises PartError when the process ended or the time is up."""
    deadline = Deadline(_READY_SECONDS)
    answer = "no answer"
    while answer.split()[1:2] != ["200"]:
        if process is not None and process.poll() is not None:
            raise PartError(f"{name} ended while starting. The end of {log}:\n{last_lines(log, 15) if log else ''}")
        if deadline.is_over:
            raise PartError(f"{name} at {address}{path} was not ready in {_READY_SECONDS:.0f} s: {answer[-600:]}")
        await asyncio.sleep(0.05)
        answer = await _get(address, path)


async def _get(address: str, path: str) -> str:
    """Return a whole HTTP answer as text; a client library would cost the supervisor more memory than all its state."""
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return (await reader.read(65536)).decode(errors="replace")
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return str(error) or "no answer"
