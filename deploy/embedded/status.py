"""What a running system looks like from outside: its processes, its queues, its memory.

Asked of the parts themselves (process table, databases, Kafka), so it tells the truth also when the supervisor is dead.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded.environment import SERVICES, database_name, running_environment
from deploy.embedded.home import Home
from deploy.embedded.processes import Identity
from shared.db import AWAY, open_database, why_away
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.state import read_state
from shared.settings import SharedSettings

_QUEUES = ("outbox_rows", "dead_letters", "parked_keys", "stopped_keys")
_PATIENCE_SECONDS = 5.0


@dataclass
class PartStatus:
    """One part. `pid` is None where it does not run here; `memory_mb` counts what it started too."""

    name: str
    state: str
    address: str
    version: str
    pid: int | None = None
    memory_mb: float | None = None
    restarts: int = 0


@dataclass
class SystemStatus:
    """A whole system. `queues` has a service's waiting rows, or why they could not be counted."""

    home: str
    origin: str
    state: str
    parts: list[PartStatus] = field(default_factory=list)
    memory_mb: float = 0.0
    queues: dict[str, dict[str, int] | str] = field(default_factory=dict)
    lag: dict[str, int] | str = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def system_status(home: Home) -> SystemStatus:
    """Return the state of the system on this folder, running or not.

    Where none was ever started, and the environment names every service's database: of those, and of Kafka.
    """
    running = home.running()
    status = SystemStatus(str(home.folder), running.get("origin", ""), "down")
    if not running:
        return await _elsewhere(status) if _are_named(os.environ) else status
    settings = running_environment(home, os.environ)
    status.parts = [await _part(name, facts) for name, facts in running["parts"].items()]
    status.parts += await _foreign(settings, running["given"])
    supervisor = Identity(running["supervisor"]["pid"], running["supervisor"]["made_at"]).find()
    own = "up" if supervisor is not None and home.is_locked() else "down"
    memory = _memory_mb(supervisor, alone=True) if supervisor is not None else None
    pid = supervisor.pid if supervisor is not None else None
    status.parts.insert(0, PartStatus("supervisor", own, str(home.folder), "", pid, memory))
    status.memory_mb = round(sum(part.memory_mb or 0 for part in status.parts), 1)
    return await _with_queues(status, settings)


def _are_named(given: Mapping[str, str]) -> bool:
    return all(given.get(database_name(service)) for service in SERVICES)


async def _elsewhere(status: SystemStatus) -> SystemStatus:
    """Tell of what others run, as far as it can be reached from here."""
    status.home, status.origin = "", os.environ.get("KURSLOTS_ORIGIN", "")
    settings = dict(os.environ)
    status.parts = await _foreign(settings, settings)
    return await _with_queues(status, settings)


async def _with_queues(status: SystemStatus, settings: Mapping[str, str]) -> SystemStatus:
    """Add how all of it is, and unless that is down what waits."""
    states = {part.state for part in status.parts}
    status.state = states.pop() if len(states) == 1 else "partly up"
    if status.state != "down":
        counted = await asyncio.gather(*(_queues(settings[database_name(service)]) for service in SERVICES))
        status.queues = dict(zip(SERVICES, counted, strict=True))
        status.lag = await _lag(settings)
    return status


async def _part(name: str, facts: Mapping[str, Any]) -> PartStatus:
    process = Identity(facts["pid"], facts["made_at"]).find() if facts.get("pid") else None
    part = PartStatus(name, "down", facts["address"], facts["version"], restarts=facts["restarts"])
    if process is not None:
        part.pid = process.pid
        part.memory_mb = _memory_mb(process)
        part.state = "up" if await _takes_connections(facts["address"]) else "no answer"
    return part


async def _foreign(settings: Mapping[str, str], given: Mapping[str, str]) -> list[PartStatus]:
    """Return the parts that take the place of ours: known by address, and by whether that answers."""
    names = ("KAFKA_BOOTSTRAP", *(database_name(service) for service in SERVICES), "OIDC_ISSUER", "SMTP_URL", "SMS_URL")
    parts = []
    for name in names:
        if name not in given:
            continue
        address = _address(settings[name].partition(",")[0])
        state = "up" if await _takes_connections(address) else "no answer"
        parts.append(PartStatus(name, state, address, "given"))
    return parts


def _address(url: str) -> str:
    """Return host and port of a URL or `host:port`, without the secrets that may be in it."""
    split = urlsplit(url if "//" in url else f"//{url}")
    usual = {"https": 443, "http": 80, "smtp": 25, "smtps": 465, "postgresql": 5432, "": 9092}
    return f"{split.hostname}:{split.port or usual.get(split.scheme, 0)}"


def _memory_mb(process: psutil.Process, *, alone: bool = False) -> float:
    """Return what a process and its children occupy; memory that they share is counted once where the system tells."""
    family = [process] if alone else [process, *process.children(recursive=True)]
    total = 0
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += _shared_fairly(member) if len(family) > 1 else member.memory_info().rss
    return round(total / 1024 / 1024, 1)


def _shared_fairly(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    return int(getattr(full, "pss", full.uss))


async def _takes_connections(address: str) -> bool:
    host, _, port = address.rpartition("//")[2].partition(":")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _queues(url: str) -> dict[str, int] | str:
    try:
        database = open_database(url, name="kurslots status", pool_size=1)
    except ValueError as error:
        return str(error)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            state = await read_state(database)
    except AWAY as error:
        return why_away(error)
    finally:
        await database.close()
    return {name: getattr(state, name) for name in _QUEUES}


async def _lag(settings: Mapping[str, str]) -> dict[str, int] | str:
    """Return how many records each consumer group has still to take."""
    try:
        kafka = KafkaConnection.of(SharedSettings.model_validate(settings))
    except ValueError as error:
        return str(error)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await _lag_by_group(kafka)
    except (OSError, TimeoutError, KafkaError) as error:
        return await kafka.why_away(error)


async def _lag_by_group(kafka: KafkaConnection) -> dict[str, int]:
    admin = AIOKafkaAdminClient(**kafka.options())
    consumer = AIOKafkaConsumer(**kafka.options())
    try:
        await admin.start()
        await consumer.start()
        groups = sorted(group for group, _ in await admin.list_consumer_groups())
        return {group: await _lag_of(group, admin, consumer) for group in groups}
    finally:
        await consumer.stop()
        await admin.close()


async def _lag_of(group: str, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> int:
    """Count from a group's committed positions; a partition of its topics without one counts from the beginning."""
    committed = await admin.list_consumer_group_offsets(group)
    described = await admin.describe_topics(sorted({partition.topic for partition in committed}))
    partitions = [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
    ends = await consumer.end_offsets(partitions)
    starts = await consumer.beginning_offsets(partitions)
    positions = {
        partition: committed[partition].offset if partition in committed else starts[partition]
        for partition in partitions
    }
    return sum(max(0, ends[partition] - positions[partition]) for partition in partitions)
