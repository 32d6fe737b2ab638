"""Making the topics, each with its own settings, and seeing what has become of them since.

A broker must not make them by itself with its defaults. Making them again changes nothing; settings that differ are put
right when asked, while partitions and replicas are only told of: moving them is an operator's decision.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.contracts.topics import TOPICS, Kind, Topic
from shared.messaging.kafka_connection import KafkaConnection
from shared.settings import SharedSettings

log = structlog.get_logger(__name__)

_DAY_MS = 24 * 60 * 60 * 1000
_THREE = 3
_OF_THE_TOPIC_ITSELF = 1  # Kafka's number for a setting that is the topic's own and not the broker's


def topic_configs(topic: Topic, *, replication: int) -> dict[str, str]:
    """Return how Kafka keeps a topic, whatever its brokers' defaults are.

    A tombstone stays for 60 days, so that a copy which was away learns of it; a replaced state goes within a day. Only
    whole segments go, and each holds a day: a fact is kept for its days and not for a week more. The broker stamps the
    records: it refuses what a sender stamps an hour ahead, and would throw away what one stamps far back before its
    time.
    """
    configs = {
        "max.message.bytes": "1048588",
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(2 if replication >= _THREE else 1),
        "segment.ms": str(_DAY_MS),
        "unclean.leader.election.enable": "false",
    }
    if topic.kind is Kind.STATE:
        return configs | {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(60 * _DAY_MS),
            "max.compaction.lag.ms": str(_DAY_MS),
            "min.cleanable.dirty.ratio": "0.1",
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


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One thing about a topic that is not as it should be. Its settings can be put right by themselves."""

    topic: str
    what: str
    found: str
    wanted: str
    is_setting: bool = True

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, and should be {self.wanted}"


async def find_drifts(settings: SharedSettings, topics: Collection[Topic] = TOPICS) -> list[Drift]:
    """Return how the topics that exist differ from what they should be. Raises KafkaError as `create_topics`."""
    replication = settings.kafka_replication
    admin = AIOKafkaAdminClient(**KafkaConnection.of(settings).options(), client_id=settings.topic("topics"))
    drifts = []
    try:
        await admin.start()
        there = set(await admin.list_topics())
        wanted = {settings.topic(topic.name): topic for topic in topics if settings.topic(topic.name) in there}
        for described in await admin.describe_topics(list(wanted)) if wanted else ():
            name, partitions = described["topic"], described["partitions"]
            fewest = min(len(partition["replicas"]) for partition in partitions)
            shape = {"partitions": (len(partitions), wanted[name].partitions), "replicas": (fewest, replication)}
            drifts += [
                Drift(name, what, str(found), str(right), is_setting=False)
                for what, (found, right) in shape.items()
                if found != right
            ]
        for name, topic in wanted.items():
            found = await _settings_of(admin, name)
            drifts += [
                Drift(name, what, found[what][0], right)
                for what, right in topic_configs(topic, replication=replication).items()
                if found[what][0] != right
            ]
    finally:
        await admin.close()
    return sorted(drifts)


async def correct_settings(settings: SharedSettings, drifts: Collection[Drift]) -> None:
    """Put the settings among these right, and leave a topic's other settings of its own as they are."""
    admin = AIOKafkaAdminClient(**KafkaConnection.of(settings).options(), client_id=settings.topic("topics"))
    try:
        await admin.start()
        for name in sorted({drift.topic for drift in drifts if drift.is_setting}):
            right = {drift.what: drift.wanted for drift in drifts if drift.is_setting and drift.topic == name}
            # Kafka's older request, the one that aiokafka knows, replaces all that is the topic's own.
            found = await _settings_of(admin, name)
            own = {what: value for what, (value, source) in found.items() if source == _OF_THE_TOPIC_ITSELF}
            [answer] = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {**own, **right})])
            for code, message, *_ in answer.resources:
                if code:
                    raise for_code(code)(message)
            log.info("topic_corrected", topic=name, settings=right)
    finally:
        await admin.close()


async def _settings_of(admin: AIOKafkaAdminClient, topic: str) -> Mapping[str, tuple[str, int]]:
    """Return each setting of a topic with where it comes from."""
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(code, message, _, _, entries)] = answer.resources
    if code:
        raise for_code(code)(message)
    return {name: (value, source) for name, value, _, source, *_ in entries}


async def missing_topics(kafka: KafkaConnection, names: Collection[str]) -> set[str]:
    """Return which of these topics do not exist. Raises KafkaError where Kafka is away."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        return set(names) - set(await admin.list_topics())
    finally:
        await admin.close()
