"""Fault 12: somebody sets the clock of the workers' machine a good hour back, right, and a good hour ahead.

Ahead comes last: what is told for a moment that is no longer reached after a step back waits until it is reached.
"""

import asyncio
from datetime import timedelta
from random import Random

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.topics import TOPICS
from shared.messaging.topics_admin import topic_configs
from tests.drills.drill import Drill
from tests.drills.servers.other_grounds import SteppedGround, stepped_ground
from tests.drills.size import Size
from tests.drills.stage import CAST, Stage

_BROKERS_TIME = "brokers_time"
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (-65, 0, 65))


async def clock_is_stepped(stage: Stage, random: Random, size: Size) -> None:
    """Workers go by their machine's clock; people's machines, the servers and the web are right all the time."""
    ground = stage.ground
    assert isinstance(ground, SteppedGround)
    if _BROKERS_TIME in stage.without:
        await _let_senders_stamp(stage)
    ground.clock.step(timedelta(0))
    for name in CAST:
        process = stage.cast(name, **ground.clock.environment)
        if process.kind == "worker":
            process._nursery = ground.nursery
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(random.randint(5, 10))
        for step in _STEPS:
            ground.clock.step(step)
            stage.ledger.mark(
                f"fault: the workers' clock is {step.total_seconds() / 60:+.0f} minutes from the right time"
            )
            await asyncio.sleep(size.wrong_seconds)
            await load.has_answered(max(15, size.commands // 4))


async def _let_senders_stamp(stage: Stage) -> None:
    """Take the guard away: Kafka's default, by which a record has its sender's time."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.ground.kafka_direct)
    await admin.start()
    try:
        [answer] = await admin.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    f"{stage.namespace}.{topic.name}",
                    topic_configs(topic, replication=1) | {"message.timestamp.type": "CreateTime"},
                )
                for topic in TOPICS
            ]
        )
        for code, message, *_ in answer.resources:
            assert not code, message
    finally:
        await admin.close()


DRILLS = (
    Drill(12, "the workers' clock stepped by a good hour", clock_is_stepped, _BROKERS_TIME, ground=stepped_ground),
)
