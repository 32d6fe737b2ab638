"""How far consumer groups are behind, asked of Kafka itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.kafka_connection import KafkaConnection


@dataclass(frozen=True, slots=True)
class Lag:
    """`behind` by group; `written` is how many records have ever been written to the topics asked about."""

    behind: Mapping[str, int]
    written: int


async def read_lag(kafka: KafkaConnection, groups: Mapping[str, Sequence[str]]) -> Lag:
    """Return how many records each group has still to take of its topics. Raises KafkaError where Kafka is away."""
    admin = AIOKafkaAdminClient(**kafka.options())
    consumer = AIOKafkaConsumer(**kafka.options())
    try:
        await admin.start()
        await consumer.start()
        names = sorted({topic for topics in groups.values() for topic in topics})
        partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await admin.describe_topics(names)
            for partition in topic["partitions"]
        ]
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        behind = {}
        for group, topics in groups.items():
            committed = await admin.list_consumer_group_offsets(group)
            behind[group] = sum(
                max(0, ends[partition] - (committed[partition].offset if partition in committed else starts[partition]))
                for partition in partitions
                if partition.topic in topics
            )
        return Lag(behind, sum(ends.values()))
    finally:
        await consumer.stop()
        await admin.close()
