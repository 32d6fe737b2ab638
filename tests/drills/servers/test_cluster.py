"""Three brokers hold one log: with one killed or cut off, what two have acknowledged stays and work goes on."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.drills.servers.cluster import NODES, KafkaCluster
from tests.drills.servers.proxy import Proxies
from tests.support.messaging import until

TOPIC = "of-the-cluster"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaCluster]:
    folder = tmp_path_factory.mktemp("cluster")
    proxies = Proxies(folder)
    made = KafkaCluster(folder, proxies)
    try:
        await made.start()
        admin = AIOKafkaAdminClient(bootstrap_servers=made.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 3, topic_configs={"min.insync.replicas": "2"})])
        await admin.close()
        yield made
    finally:
        made.stop()
        proxies.stop()


async def leader_is_not(cluster: KafkaCluster, node: int) -> None:
    async def moved() -> bool:
        return (await cluster.leaders(TOPIC, but=node))[0] not in {node, -1}

    await until(moved, seconds=60, what=f"another leader than node {node}")


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
