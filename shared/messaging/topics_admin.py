"""Making the topics, each with its own settings: a broker must not make them by itself with its defaults.

Making them again changes nothing.
"""

from collections.abc import Collection

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.contracts.topics import TOPICS, Kind, Topic
from shared.messaging.kafka_connection import KafkaConnection
from shared.settings import SharedSettings

log = structlog.get_logger(__name__)

_DAY_MS = 24 * 60 * 60 * 1000
_THREE = 3


def topic_configs(topic: Topic, *, replication: int) -> dict[str, str]:
    """Return how Kafka keeps a topic.

    A tombstone stays for 60 days, so that a copy which was away learns of it; a replaced state goes within a day. The
    broker stamps the records: it refuses what a sender stamps an hour ahead, and would throw away what one stamps far
    back before its time.
    """
    configs = {
        "min.insync.replicas": str(2 if replication >= _THREE else 1),
        "message.timestamp.type": "LogAppendTime",
    }
    if topic.kind is Kind.STATE:
        return configs | {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(60 * _DAY_MS),
            "max.compaction.lag.ms": str(_DAY_MS),
            "min.cleanable.dirty.ratio": "0.1",
            "segment.ms": str(_DAY_MS),
        }
    return configs | {"cleanup.policy": "delete", "retention.ms": str(topic.keep_days * _DAY_MS)}


async def create_topics(settings: SharedSettings, topics: Collection[Topic] = TOPICS) -> list[str]:
    """Make the topics that are missing and return their names. Raises KafkaError where Kafka is away or says no."""
    admin = AIOKafkaAdminClient(**KafkaConnection.of(settings).options(), client_id=settings.topic("topics"))
    try:
        await admin.start()
        there = set(await admin.list_topics())
        missing = [topic for topic in topics if settings.topic(topic.name) not in there]
        if not missing:
            return []
        replication = settings.kafka_replication
        answer = await admin.create_topics(
            [
                NewTopic(
                    settings.topic(topic.name),
                    topic.partitions,
                    replication,
                    topic_configs=topic_configs(topic, replication=replication),
                )
                for topic in missing
            ]
        )
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(name)
    finally:
        await admin.close()
    made = [settings.topic(topic.name) for topic in missing]
    log.info("topics_made", topics=made)
    return made


async def missing_topics(kafka: KafkaConnection, names: Collection[str]) -> set[str]:
    """Return which of these topics do not exist. Raises KafkaError where Kafka is away."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        return set(names) - set(await admin.list_topics())
    finally:
        await admin.close()
