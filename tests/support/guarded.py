"""A broker and a database that take known users over TLS alone, as in an installation with a network in between."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.kafka_security import BrokerSecurity
from deploy.embedded.postgres import PostgresServer, PostgresTls
from deploy.embedded.processes import free_port
from tests.support.certificates import Authority
from tests.support.own_parts import OwnPart
from tests.support.run import machine_environment

USERS = {name: f"the-password-of-{name}" for name in ("admin", "booking", "procurement", "notification")}
POSTGRES_PASSWORD = "the-password-of-postgres"


def guarded_kafka(folder: Path, authority: Authority) -> OwnPart:
    """Return a broker with a user for each service and nothing allowed to any of them."""
    certificate = authority.sign("kafka")
    security = BrokerSecurity(certificate.both, authority.ca_file, "CN=kafka", USERS)
    return OwnPart(KafkaServer(folder / "kafka", free_port(), free_port(), security=security), folder / "kafka.log")


def guarded_postgres(folder: Path, authority: Authority) -> OwnPart:
    """Return a server that refuses connections without TLS."""
    certificate = authority.sign("postgresql")
    tls = PostgresTls(certificate.certificate_file, certificate.key_file, authority.ca_file)
    server = PostgresServer(folder / "postgres", free_port(), POSTGRES_PASSWORD, durable=False, tls=tls)
    return OwnPart(server, folder / "postgres.log")


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str


async def kurslots(environment: Mapping[str, str], *command: str) -> Told:
    """Give an operator's command, in a process of its own that is told nothing but this."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from deploy.cli import main; main()", *command),
        cwd=Path(__file__).parents[2],
        env={**machine_environment(), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode is not None
    return Told(process.returncode, said.decode(), complained.decode())
