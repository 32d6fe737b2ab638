"""Fault 7: one of three brokers is killed, all are bounced in turn, and one is cut off from the others."""

import asyncio
import time
from random import Random

from tests.drills.drill import Drill
from tests.drills.servers.cluster import NODES, KafkaCluster
from tests.drills.servers.other_grounds import ClusterGround, cluster_ground
from tests.drills.servers.own_ground import SETTLE_SECONDS
from tests.drills.size import Size
from tests.drills.stage import Stage

_PATIENCE_SECONDS = 90.0


async def brokers_come_and_go(stage: Stage, random: Random, size: Size) -> None:
    """Two of three go on: what they have confirmed outlives the third, whichever it is."""
    assert isinstance(stage.ground, ClusterGround)
    cluster = stage.ground.cluster
    topic = f"{stage.namespace}.booking.bookings"
    stage.settle_seconds = SETTLE_SECONDS
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(random.randint(5, 15))
        if size.bounces:
            await _leader_is_killed(stage, cluster, topic)
            await load.has_answered(20)
            for _ in range(size.bounces):
                for node in NODES:
                    await _bounced(stage, cluster, topic, node)
        await _all_in_sync(cluster, topic)  # nobody may lead in the place of a node that alone has everything
        lonely = random.choice([leader for leader in await cluster.leaders(topic) if leader in NODES])
        cluster.cut_off(lonely)
        stage.ledger.mark(f"fault: node {lonely} cut off from the others, not from us")
        try:
            await _led_by_others(cluster, topic, lonely)
            stage.ledger.mark("two of three lead everything")
            await load.has_answered(10)
            await asyncio.sleep(size.cut_off_seconds)
        finally:
            cluster.join_again(lonely)
        stage.ledger.mark("mended: all three can speak again")
        await _all_in_sync(cluster, topic)
        await load.has_answered(10)


async def _leader_is_killed(stage: Stage, cluster: KafkaCluster, topic: str) -> None:
    [killed, *_] = await cluster.leaders(topic)
    cluster.nodes[killed].kill()
    stage.ledger.mark(f"fault: node {killed} killed")
    try:
        await _led_by_others(cluster, topic, killed)
    finally:
        await cluster.nodes[killed].start()
    stage.ledger.mark(f"mended: node {killed} runs again")
    await _all_in_sync(cluster, topic)


async def _bounced(stage: Stage, cluster: KafkaCluster, topic: str, node: int) -> None:
    """Stop a node in order and start it, as an operator does who changes something on all three."""
    await asyncio.to_thread(cluster.nodes[node].stop)
    stage.ledger.mark(f"fault: node {node} stopped in order")
    await cluster.nodes[node].start()
    stage.ledger.mark(f"mended: node {node} runs again")
    await _all_in_sync(cluster, topic)


async def _led_by_others(cluster: KafkaCluster, topic: str, node: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while set(await cluster.leaders(topic, but=node)) & {node, -1}:
        assert time.monotonic() < deadline, f"node {node} still leads"
        await asyncio.sleep(0.2)


async def _all_in_sync(cluster: KafkaCluster, topic: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(in_sync != set(NODES) for in_sync in await cluster.in_sync(topic)):
        assert time.monotonic() < deadline, "the brokers do not catch up"
        await asyncio.sleep(0.2)


DRILLS = (
    Drill(
        7,
        "three brokers: leader killed, all bounced in turn, one cut off",
        brokers_come_and_go,
        "acks_of_all",
        ground=cluster_ground,
    ),
)
