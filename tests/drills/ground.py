"""What a stage stands on: a PostgreSQL and a Kafka, the run's own or a drill's, and databases made ready once on it."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.embedded.environment import SERVICES, database_name
from deploy.embedded.postgres import PostgresServer
from shared.contracts.topics import TOPICS
from shared.messaging.topics_admin import topic_configs
from shared.migrations import migrate
from tests.support import run
from tests.support.keeper import PASSWORD

PROJECT_FILE = Path(__file__).parents[2] / "deploy" / "projects" / "lyftkraft-dalarna.yaml"


@dataclass
class Ground:
    """`server` and `kafka_direct` are the servers; services are sent to `postgres_port` and `kafka`, maybe proxies."""

    server: PostgresServer
    kafka_direct: str
    kafka: str = ""
    postgres_port: int = 0
    replication: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)
    """More of what every process is told."""

    def __post_init__(self) -> None:
        self.kafka = self.kafka or self.kafka_direct
        self.postgres_port = self.postgres_port or self.server.port

    @classmethod
    async def of_run(cls) -> "Ground":
        """Return the run's own servers, started when first asked for."""
        postgres, kafka = await asyncio.gather(
            asyncio.to_thread(run.part, "postgres"), asyncio.to_thread(run.part, "kafka")
        )
        server = PostgresServer(Path(), postgres["port"], PASSWORD, durable=False)
        return cls(server, f"127.0.0.1:{kafka['port']}")

    def url(self, database: str, role: str, *, direct: bool = False) -> str:
        """Return a database's URL, as services are told it or, `direct`, as it is."""
        url = self.server.url(database, role, PASSWORD)
        return url if direct else url.replace(f":{self.server.port}/", f":{self.postgres_port}/")

    async def clone(self, service: str, template: str) -> str:
        """Make a database from a template, and return its name."""
        name = f"d_{service}_{uuid4().hex[:12]}"
        await self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER "{service}"')
        return name

    async def drop(self, name: str) -> None:
        """Drop a database, whoever uses it."""
        await self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        connection = await asyncpg.connect(self.server.url(database), timeout=30)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def make_topics(self, namespace: str) -> None:
        """Make the topics as the product does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka_direct)
        await admin.start()
        try:
            answer = await admin.create_topics(
                [
                    NewTopic(
                        f"{namespace}.{topic.name}",
                        topic.partitions,
                        self.replication,
                        topic_configs=topic_configs(topic, replication=self.replication),
                    )
                    for topic in TOPICS
                ]
            )
        finally:
            await admin.close()
        refused = [error for error in answer.topic_errors if error[1]]
        assert not refused, refused

    async def delete_topics(self, namespace: str) -> None:
        """Free what a stage has used; a broker that a drill has broken is left as it is."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka_direct, request_timeout_ms=5000)
        with suppress(Exception):
            await admin.start()
            await admin.delete_topics([f"{namespace}.{topic.name}" for topic in TOPICS])
        await admin.close()


MakeGround = Callable[[Path], AbstractAsyncContextManager[Ground]]
"""Makes a ground in a folder, and takes it away again."""


async def migrated(ground: Ground, names: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Make the databases `names` (by service) with tables, and load the project and its people."""
    for service in SERVICES:
        url = await ground.server.ensure_database(names[service], service, PASSWORD)
        await migrate(service, url)
    told = {**environment, **{database_name(each): ground.url(names[each], each, direct=True) for each in SERVICES}}
    program = (
        f"import asyncio; from pathlib import Path; from deploy.loading import load_all; "
        f"asyncio.run(load_all([Path({str(PROJECT_FILE)!r})]))"
    )
    loading = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env={**os.environ, **told},
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await loading.communicate()
    if loading.returncode:
        raise RuntimeError(f"the project could not be loaded:\n{said.decode()}")
