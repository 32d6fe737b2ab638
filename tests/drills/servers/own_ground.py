"""A PostgreSQL and a Kafka of the drills' own, which may be killed, stopped, filled and reached through a bad network.

They run on small disks where this machine lets us mount some, and have a proxy each where it has Go to make them.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded.environment import SERVICES, database_name
from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import Deadline, accepts_connections, free_port
from tests.drills.drill import NotPossibleHere
from tests.drills.ground import Ground
from tests.drills.servers.proxy import NoProxyError, Proxies, Proxy
from tests.drills.servers.small_disk import MayNotMountError, SmallDisk
from tests.drills.stage import Stage
from tests.support.keeper import PASSWORD
from tests.support.own_parts import OwnPart

_POSTGRES_MEGABYTES = 700
_KAFKA_MEGABYTES = 300
_START_SECONDS = 180.0
SETTLE_SECONDS = 150.0
"""A server that was away leaves much to be done, and may take long to come back on a machine with other work."""


@dataclass(frozen=True)
class Network:
    """The proxies before both servers, and Toxiproxy itself."""

    proxies: Proxies
    to_postgres: Proxy
    to_kafka: Proxy
    kafka: str
    """Where a client of Kafka begins, to be sent through the proxy ever after."""


@dataclass(frozen=True)
class Disks:
    """What the servers write to."""

    postgres: SmallDisk
    kafka: SmallDisk


@dataclass
class OwnGround(Ground):
    """Both servers, at the same addresses after every start."""

    postgres: OwnPart = field(kw_only=True)
    broker: OwnPart = field(kw_only=True)
    _network: Network | str = field(kw_only=True)
    _disks: Disks | str = field(kw_only=True)

    @property
    def network(self) -> Network:
        """Raises NotPossibleHere with the reason where there is none."""
        if isinstance(self._network, str):
            raise NotPossibleHere(self._network)
        return self._network

    @property
    def disks(self) -> Disks:
        """Raises NotPossibleHere with the reason where there are none."""
        if isinstance(self._disks, str):
            raise NotPossibleHere(self._disks)
        return self._disks

    def through_postgres_proxy(self, stage: Stage) -> dict[str, str]:
        """Return what a process must be told to reach its database through the proxy."""
        port = self.network.to_postgres.port
        return {
            database_name(service): self.url(stage.databases[service], service).replace(
                f":{self.server.port}/", f":{port}/"
            )
            for service in SERVICES
        }

    async def stop_postgres_at_once(self) -> None:
        """`stop -m immediate`: nothing is written down, nobody is told."""
        assert self.postgres.process is not None
        self.postgres.process.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(self.postgres.process.wait, 30)

    async def start_postgres(self) -> None:
        """Start it where it has ended, and return when it takes connections."""
        assert self.postgres.process is not None
        if self.postgres.process.poll() is not None:
            await self.postgres.start()
        else:
            await self.server.wait_ready(self.postgres.process, self.postgres.log, _START_SECONDS)

    async def start_broker(self) -> None:
        """Start it where it has ended, and return as soon as it accepts connections."""
        if self.broker.process is None or self.broker.process.poll() is not None:
            await self.broker.begin()
        deadline = Deadline(_START_SECONDS)
        assert isinstance(self.broker.server, KafkaServer)
        while not accepts_connections(self.broker.server.port):
            assert not deadline.is_over, f"the broker does not come back; see {self.broker.log}"
            await asyncio.sleep(0.02)

    async def wait_for_broker(self) -> None:
        """Return when it answers: for the end of a scene."""
        assert self.broker.process is not None
        await self.broker.server.wait_ready(self.broker.process, self.broker.log, _START_SECONDS)


def own(stage: Stage) -> OwnGround:
    """Return the ground of a stage that has servers of its own."""
    assert isinstance(stage.ground, OwnGround)
    return stage.ground


@asynccontextmanager
async def own_ground(folder: Path) -> AsyncIterator[Ground]:
    """Start both servers, and leave nothing behind."""
    with ExitStack() as leaving:
        disks = _disks(folder, leaving)
        places = (disks.postgres.folder, disks.kafka.folder) if isinstance(disks, Disks) else (folder, folder)
        server = PostgresServer(places[0] / "postgres", free_port(), PASSWORD)
        proxies = _proxies(folder, leaving)
        kafka_port, proxied_port, controller_port = free_port(), free_port(), free_port()
        to_kafka = proxies.to(proxied_port, "kafka") if isinstance(proxies, Proxies) else None
        kafka = KafkaServer(
            places[1] / "kafka",
            kafka_port,
            controller_port,
            {
                "listeners": f"PLAINTEXT://127.0.0.1:{kafka_port},PROXIED://127.0.0.1:{proxied_port},"
                f"CONTROLLER://127.0.0.1:{controller_port}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{kafka_port},"
                f"PROXIED://127.0.0.1:{to_kafka.port if to_kafka else proxied_port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            },
        )
        postgres, broker = OwnPart(server, folder / "postgres.log"), OwnPart(kafka, folder / "kafka.log")
        network: Network | str
        if isinstance(proxies, Proxies) and to_kafka is not None:
            to_postgres = proxies.to(server.port, "postgres")
            network = Network(proxies, to_postgres, to_kafka, f"127.0.0.1:{to_kafka.port}")
        else:
            network = str(proxies)
        for part in (postgres, broker):
            leaving.callback(part.stop)
        await asyncio.gather(postgres.start(), broker.start())
        ground = OwnGround(server, kafka.bootstrap, postgres=postgres, broker=broker, _network=network, _disks=disks)
        # So that a commit that nobody waits for is really not on disk yet, in the control that makes them so.
        await ground.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        # So that a full disk is met by the log of what is committed too, and not by tables alone.
        await ground.execute("ALTER SYSTEM SET wal_recycle = off")
        await ground.execute("SELECT pg_reload_conf()")
        yield ground


def _disks(folder: Path, leaving: ExitStack) -> Disks | str:
    try:
        return Disks(
            leaving.enter_context(SmallDisk(folder / "disk-of-postgres", megabytes=_POSTGRES_MEGABYTES)),
            leaving.enter_context(SmallDisk(folder / "disk-of-kafka", megabytes=_KAFKA_MEGABYTES)),
        )
    except MayNotMountError as refusal:
        return str(refusal)


def _proxies(folder: Path, leaving: ExitStack) -> Proxies | str:
    try:
        proxies = Proxies(folder)
    except NoProxyError as reason:
        return str(reason)
    leaving.callback(proxies.stop)
    return proxies
