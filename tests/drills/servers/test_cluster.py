"""Three brokers hold one log: with one killed or cut off, what two have acknowledged stays and work goes on."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.drills.backstage import Backstage
from tests.drills.servers.cluster import NODES, KafkaCluster
from tests.drills.servers.other_grounds import ClusterGround, cluster_ground
from tests.support.messaging import until

TOPIC = "of-the-cluster"


@pytest.fixture
async def cluster(backstage: Backstage) -> KafkaCluster:
    """Give the brokers of drill 7: three take long to start."""
    ground = await backstage.ground(cluster_ground)
    assert isinstance(ground, ClusterGround)
    admin = AIOKafkaAdminClient(bootstrap_servers=ground.cluster.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 3, topic_configs={"min.insync.replicas": "2"})])
    finally:
        await admin.close()
    return ground.cluster


async def leader_is_not(cluster: KafkaCluster, node: int) -> None:
    async def moved() -> bool:
        return (await cluster.leaders(TOPIC, but=node))[0] not in {node, -1}

    await until(moved, seconds=60, what=f"another leader than node {node}")


async def is_given_up(cluster: KafkaCluster, node: int) -> None:
    async def given_up() -> bool:
        return node not in (await cluster.in_sync(TOPIC, but=node))[0]

    await until(given_up, seconds=60, what=f"the others to go on without node {node}")


async def all_in_sync(cluster: KafkaCluster) -> None:
    async def whole() -> bool:
        return await cluster.in_sync(TOPIC) == [set(NODES)]

    await until(whole, seconds=90, what="all three in sync")


async def write(cluster: KafkaCluster, word: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all") as producer:
        await producer.send_and_wait(TOPIC, word)


async def read(cluster: KafkaCluster) -> list[bytes]:
    async with AIOKafkaConsumer(TOPIC, bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest") as consumer:
        found: list[bytes] = []
        while got := await consumer.getmany(timeout_ms=2000):
            found += [record.value for records in got.values() for record in records]
        return found


async def test_a_record_outlives_its_leader_and_a_cut(cluster: KafkaCluster) -> None:
    await all_in_sync(cluster)
    [killed] = await cluster.leaders(TOPIC)
    await write(cluster, b"before")
    cluster.nodes[killed].kill()
    await leader_is_not(cluster, killed)
    await write(cluster, b"while it is dead")
    await cluster.nodes[killed].start()
    await all_in_sync(cluster)

    [lonely] = await cluster.leaders(TOPIC)
    cluster.cut_off(lonely)
    await leader_is_not(cluster, lonely)
    await write(cluster, b"while one is cut off")
    cluster.join_again(lonely)
    await all_in_sync(cluster)
    assert await read(cluster) == [b"before", b"while it is dead", b"while one is cut off"]


async def test_whichever_is_cut_off_the_others_lead_after_all_were_started_anew(cluster: KafkaCluster) -> None:
    """One of the three leads the quorum itself, and the others have heard from each other where it is."""
    for node in NODES:
        await all_in_sync(cluster)
        await asyncio.to_thread(cluster.nodes[node].stop)
        await cluster.nodes[node].start()
    for lonely in NODES:
        await all_in_sync(cluster)
        cluster.cut_off(lonely)
        await is_given_up(cluster, lonely)
        cluster.join_again(lonely)
    await all_in_sync(cluster)
