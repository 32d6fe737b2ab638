"""Topics are kept as the design says whatever the broker's defaults are, and what has drifted is seen and put right."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.topics import BOOKINGS, PEOPLE, TOPICS, Kind, Topic
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.topics_admin import (
    correct_settings,
    create_topics,
    find_drifts,
    missing_topics,
    topic_configs,
)
from shared.settings import SharedSettings
from tests.support.messaging import until

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def settings(kafka: str, namespace: str) -> SharedSettings:
    return SharedSettings.model_validate({"kafka_bootstrap": kafka, "namespace": namespace})


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_kept_as_long_as_was_promised(topic: Topic) -> None:
    configs = topic_configs(topic, replication=3)
    assert configs["min.insync.replicas"] == "2"
    assert configs["unclean.leader.election.enable"] == "false"
    if topic.kind is Kind.STATE:
        assert configs["cleanup.policy"] == "compact"
        assert int(configs["delete.retention.ms"]) >= 30 * DAY_MS
        assert int(configs["max.compaction.lag.ms"]) <= DAY_MS
        assert "retention.ms" not in configs
    else:
        assert configs["cleanup.policy"] == "delete"
        assert int(configs["retention.ms"]) == topic.keep_days * DAY_MS


async def _are_there(settings: SharedSettings, *names: str) -> None:
    """Wait until the broker, who learns of them from the controller, knows the topics."""

    async def is_told() -> bool:
        return not await missing_topics(KafkaConnection.of(settings), names)

    await until(is_told, what="the topics")


async def test_what_was_just_made_has_not_drifted(settings: SharedSettings) -> None:
    await _are_there(settings, *await create_topics(settings))
    assert await find_drifts(settings) == []


async def test_settings_that_differ_are_put_right_and_an_operators_own_stay(settings: SharedSettings) -> None:
    people = settings.topic(PEOPLE.name)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        own = {"cleanup.policy": "delete", "delete.retention.ms": "1000", "flush.messages": "7"}
        await admin.create_topics([NewTopic(people, PEOPLE.partitions, 1, topic_configs=own)])
        await _are_there(settings, people, *await create_topics(settings))
        drifts = await find_drifts(settings)
        assert {drift.topic for drift in drifts} == {people}
        assert {"cleanup.policy", "delete.retention.ms", "segment.ms"} <= {drift.what for drift in drifts}
        assert f"{people}: cleanup.policy is delete, and should be compact" in map(str, drifts)
        await correct_settings(settings, drifts)

        async def is_right() -> bool:
            return await find_drifts(settings) == []

        await until(is_right)  # the broker learns of it from the controller
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, people)])
        assert {name: value for name, value, *_ in answer.resources[0][4]}["flush.messages"] == "7"
    finally:
        await admin.close()


async def test_partitions_and_replicas_are_told_of_and_left_alone(settings: SharedSettings) -> None:
    bookings = settings.topic(BOOKINGS.name)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(bookings, 1, 1)])
        replicated = settings.model_copy(update={"kafka_replication": 3})

        await _are_there(settings, bookings)
        shape = [drift for drift in await find_drifts(replicated, [BOOKINGS]) if not drift.is_setting]
        assert [str(drift) for drift in shape] == [
            f"{bookings}: partitions is 1, and should be 3",
            f"{bookings}: replicas is 1, and should be 3",
        ]
        await correct_settings(settings, shape)
        assert len(await admin.describe_topics([bookings])) == 1
        assert [drift for drift in await find_drifts(replicated, [BOOKINGS]) if not drift.is_setting] == shape
    finally:
        await admin.close()
