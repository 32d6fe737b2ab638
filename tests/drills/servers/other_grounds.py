"""Grounds beside the one with its own servers: three brokers as one Kafka, and workers whose clock can be stepped."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from tests.drills.drill import NotPossibleHere
from tests.drills.ground import Ground
from tests.drills.nursery import Nursery
from tests.drills.servers.cluster import SIZE, KafkaCluster
from tests.drills.servers.proxy import NoProxyError, Proxies
from tests.drills.servers.stepped_clock import NoFakeTimeError, SteppedClock


@dataclass
class ClusterGround(Ground):
    """The run's PostgreSQL, and three brokers."""

    cluster: KafkaCluster = field(kw_only=True)


@asynccontextmanager
async def cluster_ground(folder: Path) -> AsyncIterator[Ground]:
    """Start three brokers, which speak to each other through proxies."""
    try:
        proxies = Proxies(folder)
    except NoProxyError as reason:
        raise NotPossibleHere(str(reason)) from reason
    cluster = KafkaCluster(folder, proxies)
    try:
        await cluster.start()
        shared = await Ground.of_run()
        yield ClusterGround(shared.server, cluster.bootstrap, replication=SIZE, cluster=cluster)
    finally:
        cluster.stop()
        proxies.stop()


@dataclass
class SteppedGround(Ground):
    """The run's servers. What `nursery` forks goes by `clock`."""

    clock: SteppedClock = field(kw_only=True)
    nursery: Nursery = field(kw_only=True)


@asynccontextmanager
async def stepped_ground(folder: Path) -> AsyncIterator[Ground]:
    """Start a nursery into which libfaketime is loaded: it cannot be loaded into what is only forked."""
    clock = SteppedClock(folder / "stepped-clock")
    try:
        told = clock.environment
    except NoFakeTimeError as reason:
        raise NotPossibleHere(str(reason)) from reason
    with mock.patch.dict(os.environ, told):
        nursery = Nursery(folder / "nursery.log")
    try:
        shared = await Ground.of_run()
        yield SteppedGround(shared.server, shared.kafka_direct, clock=clock, nursery=nursery)
    finally:
        nursery.close()
