"""On a real broker with its own authoriser, each service writes its topics, reads those it listens to, and no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    for_code,
)

from deploy.embedded.kafka import KafkaServer
from deploy.permissions import SERVICES, permissions
from shared.contracts.topics import TOPICS
from shared.messaging.acls_admin import Operation, Permission, Resource, compare, correct
from shared.messaging.kafka_connection import KafkaConnection
from shared.messaging.topics_admin import create_topics
from shared.settings import SharedSettings
from tests.support.certificates import Authority
from tests.support.guarded import USERS, Told, guarded_kafka, kurslots

pytestmark = pytest.mark.timeout(300)  # whichever test comes first waits for the broker

NAMES = [topic.name for topic in TOPICS]
GROUPS = [f"{service}.{group}" for service in SERVICES for group in ("effects", "copies")]
REFUSALS = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)


@dataclass(frozen=True)
class Broker:
    """A broker with its rules, and how each user reaches it."""

    server: KafkaServer
    environment: dict[str, str]

    def of(self, user: str) -> KafkaConnection:
        assert self.server.security is not None
        return self.server.security.connection(self.server.bootstrap, user)

    @property
    def settings(self) -> SharedSettings:
        return SharedSettings.model_validate(self.environment)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    part = guarded_kafka(folder, authority)
    try:
        await part.start()
        assert isinstance(part.server, KafkaServer)
        yield Broker(part.server, _environment(part.server, authority.ca_file))
    finally:
        part.stop()


def _environment(server: KafkaServer, ca_file: Path) -> dict[str, str]:
    return {
        "KURSLOTS_MODE": "production",
        "KAFKA_BOOTSTRAP": server.bootstrap,
        "KAFKA_SECURITY": "sasl_tls",
        "KAFKA_CA_FILE": str(ca_file),
        "KAFKA_ADMIN_USER": "admin",
        "KAFKA_ADMIN_PASSWORD": USERS["admin"],
    }


@pytest.fixture(scope="module")
async def ready(broker: Broker) -> Broker:
    """The broker with its topics, a record on each, and the rules that the command gives."""
    await create_topics(broker.settings)
    for name in NAMES:
        assert await may_write(broker.of("admin"), name)
    told = await _told(broker)
    assert told.exit_code == 0, told.stderr
    return broker


async def _told(broker: Broker, *arguments: str) -> Told:
    return await kurslots(broker.environment, "acls", *arguments)


async def may_write(kafka: KafkaConnection, topic: str) -> bool:
    """Whether a record is taken, sent as the relay sends."""
    producer = AIOKafkaProducer(**kafka.options(), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", key=b"one", partition=0)
    except REFUSALS:
        return False
    finally:
        await producer.stop()
    return True


async def may_read(kafka: KafkaConnection, topic: str) -> bool:
    """Whether a record that is there is given. Of a topic that may not even be seen, a consumer would wait for ever."""
    consumer = AIOKafkaConsumer(**kafka.options(), auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        await consumer.start()
        if topic not in await consumer.topics():
            return False
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(20):
            await consumer.getone()
    except REFUSALS:
        return False
    finally:
        await consumer.stop()
    return True


async def may_be(kafka: KafkaConnection, group: str, topic: str) -> bool:
    """Whether positions on a topic are kept for a group."""
    consumer = AIOKafkaConsumer(**kafka.options(), group_id=group, enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    try:
        await consumer.start()
        consumer.assign([partition])
        async with asyncio.timeout(20):
            await consumer.commit({partition: 0})
    except REFUSALS:
        return False
    finally:
        await consumer.stop()
    return True


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_its_own_topics_and_no_other(service: str, ready: Broker) -> None:
    found = {name: await may_write(ready.of(service), name) for name in NAMES}
    assert found == {topic.name: topic.owner == service for topic in TOPICS}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_what_it_listens_to_and_nothing_else(service: str, ready: Broker) -> None:
    given = permissions(ready.settings, {})
    expected = {each.name for each in given if each.principal == f"User:{service}" and each.operation == Operation.READ}
    found = {name: await may_read(ready.of(service), name) for name in NAMES}
    assert found == {name: name in expected for name in NAMES}
    assert 0 < sum(found.values()) < len(NAMES)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_belongs_to_its_own_groups_and_no_other(service: str, ready: Broker) -> None:
    given = permissions(ready.settings, {})
    own = [each for each in given if each.principal == f"User:{service}"]
    listened = next(each.name for each in own if (each.resource, each.operation) == (Resource.TOPIC, Operation.READ))
    expected = {each.name for each in own if each.resource == Resource.GROUP}
    found = {group: await may_be(ready.of(service), group, listened) for group in GROUPS}
    assert found == {group: group in expected for group in GROUPS}
    assert {group.partition(".")[0] for group in expected} == {service}


async def test_the_probes_see_what_is_allowed(ready: Broker) -> None:
    """The control of the tests above: to the administrator, who may do everything, each probe says yes."""
    admin = ready.of("admin")
    for name in NAMES:
        assert await may_read(admin, name)
    for group in GROUPS:
        assert await may_be(admin, group, NAMES[0])


Deed = Callable[[AIOKafkaAdminClient], Awaitable[int]]


async def _make(admin: AIOKafkaAdminClient) -> int:
    answer = await admin.create_topics([NewTopic("of.ones.own", 1, 1)])
    return int(answer.topic_errors[0][1])


async def _remove(admin: AIOKafkaAdminClient) -> int:
    answer = await admin.delete_topics(["booking.runs"])
    return int(answer.topic_error_codes[0][1])


@pytest.mark.parametrize(("service", "deed"), list(product(SERVICES, (_make, _remove))))
async def test_a_service_neither_makes_nor_removes_topics(service: str, deed: Deed, ready: Broker) -> None:
    admin = AIOKafkaAdminClient(**ready.of(service).options())
    try:
        await admin.start()
        assert for_code(await deed(admin)) in REFUSALS
    finally:
        await admin.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_can_neither_see_nor_change_the_rules(service: str, ready: Broker) -> None:
    with pytest.raises(ClusterAuthorizationFailedError):
        await compare(ready.of(service), [])


async def test_a_permission_too_many_is_reported_and_taken_away_when_asked(ready: Broker) -> None:
    beyond = Permission("User:booking", Resource.TOPIC, "procurement.cases", Operation.WRITE)
    admin = ready.of("admin")
    wanted = permissions(ready.settings, {})
    await correct(admin, await compare(admin, [*wanted, beyond]), prune=False)
    assert await may_write(ready.of("booking"), "procurement.cases")
    reported = await _told(ready, "--check")
    assert (reported.exit_code, reported.stdout) == (1, "Beyond: User:booking may write topic procurement.cases\n")
    taken = await _told(ready, "--prune")
    assert taken.exit_code == 0
    assert not await may_write(ready.of("booking"), "procurement.cases")
    assert (await compare(admin, wanted)).surplus == ()


async def test_what_is_missing_is_given_again(ready: Broker) -> None:
    admin = ready.of("admin")
    wanted = permissions(ready.settings, {})
    lost = [each for each in wanted if each.operation == Operation.WRITE and each.principal == "User:notification"]
    left = [each for each in wanted if each not in lost]
    await correct(admin, await compare(admin, left), prune=True)
    assert not await may_write(ready.of("notification"), "notification.notifications")
    assert (await _told(ready, "--check")).stdout.startswith("Missing: User:notification may write topic")
    assert (await _told(ready)).exit_code == 0
    assert await may_write(ready.of("notification"), "notification.notifications")


async def test_a_wrong_password_of_the_administrator_is_said_without_showing_it(ready: Broker) -> None:
    wrong = Broker(ready.server, {**ready.environment, "KAFKA_ADMIN_PASSWORD": "not-this-one"})
    told = await _told(wrong)
    assert told.exit_code == 1
    assert "refused the user or the password" in told.stderr
    assert "not-this-one" not in told.stdout + told.stderr
