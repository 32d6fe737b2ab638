"""Three real Kafka brokers as one cluster: every record on three, and acknowledged by two at least.

Each node speaks to the other two through proxies, so that one can be cut off from them while clients still reach it.
Nodes tell each other where a third one is. They say a name, which each looks up in hosts of its own: so whatever they
have heard, they go through the proxy from here to there, and a cut leaves no way around.
"""

import asyncio
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from deploy.embedded.kafka import KafkaServer, new_cluster_id
from deploy.embedded.processes import Deadline, Program, accepts_connections, free_port, last_lines
from tests.drills.servers.proxy import Proxies, Proxy
from tests.support.own_parts import OwnPart

SIZE = 3
NODES = range(1, SIZE + 1)
_START_SECONDS = 120.0
_ASK_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class _Node(KafkaServer):
    """A broker that looks names up in a file of its own."""

    hosts: Path = field(kw_only=True)

    def program(self) -> Program:
        program = super().program()
        java, *arguments = program.argv
        return replace(program, argv=(java, f"-Djdk.net.hosts.file={self.hosts.resolve()}", *arguments))


class KafkaCluster:
    """Three brokers that are controllers too, each in a folder of its own, so that each can be killed by itself."""

    def __init__(self, folder: Path, proxies: Proxies | None = None) -> None:
        """With `proxies`, what the nodes say to each other goes through them, and `cut_off` can stop it."""
        self._ports = {node: free_port() for node in NODES}
        self._controllers = {node: free_port() for node in NODES}
        self._replication = {node: free_port() for node in NODES}
        self._ways: dict[tuple[int, int], list[Proxy]] = {}
        self._told = {**self._controllers}, {**self._replication}
        if proxies is not None:
            self._lay_ways(proxies)
        cluster = new_cluster_id()
        self.nodes = {node: OwnPart(self._made(folder, node, cluster), folder / f"node{node}.log") for node in NODES}

    @property
    def bootstrap(self) -> str:
        """Return the addresses of all three, as a client is told."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports.values())

    async def start(self) -> None:
        """Start all three and return when they have met."""
        await asyncio.gather(*(node.begin() for node in self.nodes.values()))
        deadline = Deadline(_START_SECONDS)
        while await self._met() < SIZE:
            for number, node in self.nodes.items():
                assert node.process is not None
                assert node.process.poll() is None, f"node {number} has ended:\n{last_lines(node.log, 20)}"
            assert not deadline.is_over, "the three brokers have not met"
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def _met(self) -> int:
        """Return how many of the three the cluster knows to be there."""
        if not all(accepts_connections(port) for port in self._ports.values()):
            return 0
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=3000)
        try:
            await client.start()
            return len((await client.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return 0
        finally:
            await client.close()

    def stop(self) -> None:
        """Stop all three at once: the last ones have nobody left to hand over to, so they are not asked nicely."""
        for node in self.nodes.values():
            if node.process is not None:
                node.kill()

    async def leaders(self, topic: str, *, but: int | None = None) -> list[int]:
        """Return which node leads each partition, -1 where none does now. `but` is not asked: it may not know."""
        return [leader for _, _, leader, *_ in await self._partitions(topic, but)]

    async def in_sync(self, topic: str, *, but: int | None = None) -> list[set[int]]:
        """Return which nodes have all of each partition. `but` is not asked, as in `leaders`."""
        return [set(in_sync) for _, _, _, _, in_sync, *_ in await self._partitions(topic, but)]

    async def _partitions(self, topic: str, but: int | None) -> list[tuple[Any, ...]]:
        """Ask one node what it knows: a client would ask any, and so one that is cut off."""
        deadline = Deadline(_ASK_SECONDS)
        while True:
            asked = next(port for node, port in self._ports.items() if node != but and self.nodes[node].process)
            try:
                connection = await create_conn("127.0.0.1", asked, request_timeout_ms=3000)
                try:
                    answer = await connection.send(MetadataRequest([topic]))
                finally:
                    await connection.close()
                [(error, _, _, partitions)] = answer.topics
                if not error:
                    return sorted(partitions, key=lambda partition: int(partition[1]))
            except (KafkaError, OSError, TimeoutError):
                if deadline.is_over:
                    raise
            assert not deadline.is_over, f"the cluster does not know {topic}"
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    def cut_off(self, node: int) -> None:
        """Let nothing pass between a node and the other two; its clients are not in the way."""
        for proxy in self._around(node):
            proxy.cut()

    def join_again(self, node: int) -> None:
        """Let the nodes speak again."""
        for proxy in self._around(node):
            proxy.mend()

    def _around(self, node: int) -> list[Proxy]:
        assert self._ways, "the cluster was made without proxies"
        return [proxy for ends, ways in self._ways.items() if node in ends and len({*ends}) > 1 for proxy in ways]

    def _lay_ways(self, proxies: Proxies) -> None:
        """Lay a way from each node to each, on a port that says where to and an address that says from where too."""
        self._told = {node: free_port() for node in NODES}, {node: free_port() for node in NODES}
        for here in NODES:
            for there in NODES:
                self._ways[here, there] = [
                    proxies.to(real[there], f"{what}-{here}-{there}", here=told[there], host=_address(here, there))
                    for what, real, told in (
                        ("controller", self._controllers, self._told[0]),
                        ("replicas", self._replication, self._told[1]),
                    )
                ]

    def _made(self, folder: Path, node: int, cluster: str) -> KafkaServer:
        hosts = folder / f"hosts{node}"
        lines = [f"127.0.0.1 localhost {socket.gethostname()}"]
        lines += [f"{_address(node, there) if self._ways else '127.0.0.1'} node{there}" for there in NODES]
        hosts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return _Node(
            folder / f"node{node}",
            self._ports[node],
            self._controllers[node],
            self._changes(node),
            cluster,
            hosts=hosts,
        )

    def _changes(self, node: int) -> dict[str, str | None]:
        controllers, replicas = self._told
        voters = {there: _address(node, there) if self._ways else "127.0.0.1" for there in NODES}
        return {
            "node.id": str(node),
            "controller.quorum.bootstrap.servers": None,
            "controller.quorum.voters": ",".join(
                f"{there}@{address}:{controllers[there]}" for there, address in voters.items()
            ),
            "listeners": (
                f"PLAINTEXT://127.0.0.1:{self._ports[node]},REPLICATION://127.0.0.1:{self._replication[node]},"
                f"CONTROLLER://127.0.0.1:{self._controllers[node]}"
            ),
            "advertised.listeners": (
                f"PLAINTEXT://127.0.0.1:{self._ports[node]},REPLICATION://node{node}:{replicas[node]},"
                f"CONTROLLER://node{node}:{controllers[node]}"
            ),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "REPLICATION",
            "default.replication.factor": str(SIZE),
            "min.insync.replicas": "2",
            "offsets.topic.replication.factor": str(SIZE),
            "transaction.state.log.replication.factor": str(SIZE),
            "transaction.state.log.min.isr": "2",
            "share.coordinator.state.topic.replication.factor": str(SIZE),
            "share.coordinator.state.topic.min.isr": "2",
            # Three on a machine with other work are at times slower than one: a slow node is not a dead one.
            "broker.session.timeout.ms": "6000",
            "controlled.shutdown.max.retries": "3",
        }


def _address(here: int, there: int) -> str:
    """Return this machine's address on which a node finds another; all of 127.0.0.0/8 is the machine itself."""
    return f"127.0.{here}.{there}"
