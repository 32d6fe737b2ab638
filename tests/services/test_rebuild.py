"""The copies of procurement and notification are rebuilt to the same content, and what is their own stays."""

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import pytest
from aiokafka import AIOKafkaProducer

from deploy.embedded.environment import SERVICES, database_name
from shared.contracts.booking import EmployerDescribed, PersonAccount, PersonDescribed, PersonGrant, ProjectDescribed
from shared.contracts.facts import State
from shared.contracts.procurement import SupplierDescribed
from shared.db import open_database
from shared.kernel.clock import SystemClock
from shared.messaging.copies import CopyKeeper
from shared.messaging.messages import Record, read_record
from shared.messaging.rebuild import rebuild
from shared.messaging.topics_admin import create_topics
from shared.settings import SharedSettings
from tests.support.databases import ServiceDatabase
from tests.support.messaging import a_grave, a_message, a_record, content_of

_MESSAGING = {"copy_versions"}  # it tells when each was seen


def _records() -> list[Record]:
    grants = (PersonGrant(role="coach"), PersonGrant(role="operator"))
    people = [
        a_message(PersonDescribed, accounts=(PersonAccount(issuer="embedded", subject=f"s{n}"),), grants=grants)
        for n in range(5)
    ]
    others: list[State] = [a_message(kind) for kind in (ProjectDescribed, EmployerDescribed) for _ in range(3)]
    others += [a_message(SupplierDescribed, accounts=()) for _ in range(3)]
    changed = people[0].model_copy(update={"email": "ny@example.test"})
    return [
        *(a_record(state) for state in (*people, *others)),
        a_record(changed, version=2),
        a_grave(PersonDescribed, people[1].person_id, version=2),
    ]


async def _publish(settings: SharedSettings, records: Sequence[Record]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
    await producer.start()
    try:
        for each in records:
            await producer.send_and_wait(settings.topic(each.topic), each.value, each.key, headers=list(each.headers))
    finally:
        await producer.stop()


async def _kurslots_rebuild(service: str, url: str, settings: SharedSettings) -> str:
    given = {database_name(each): url for each in SERVICES}
    given |= {"KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "NAMESPACE": settings.namespace}
    code = "from deploy.cli import main; main()"
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, "rebuild", service),
        env=os.environ | given,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        told, complaints = await command.communicate()
    assert command.returncode == 0, complaints.decode()
    return told.decode()


@pytest.mark.parametrize("service", ["notification", "procurement"])
async def test_a_service_is_rebuilt_to_the_same_content(
    service: str, service_database: ServiceDatabase, kafka: str, namespace: str
) -> None:
    copies = import_module(f"services.{service}.copies")
    settings = SharedSettings(kafka_bootstrap=kafka, namespace=namespace)
    await create_topics(settings)
    records = _records()
    await _publish(settings, records)
    url = await service_database(service)
    database = open_database(url, pool_size=3)
    keeper = CopyKeeper(copies.COPIES, database, SystemClock())
    topics = {topic.name: topic for topic in copies.COPIES.topics}
    await keeper.take([read_record(each, topics[each.topic]) for each in records if each.topic in topics])
    before = await content_of(database)

    done = await rebuild(keeper, copies.COPY_TABLES, settings)
    assert done.before == done.after
    assert all(content.rows for content in done.after.values())
    changed = {table for table, digest in (await content_of(database)).items() if before[table] != digest}
    assert changed - _MESSAGING <= set(copies.COPY_TABLES)
    filled = {table for table, digest in before.items() if digest != "d41d8cd98f00b204e9800998ecf8427e"}
    assert filled - _MESSAGING - {f"alembic_version_{service}", "alembic_version"} == set(copies.COPY_TABLES)
    await database.close()
    told = await _kurslots_rebuild(service, url, settings)
    assert told.count(": the same\n") == len(copies.COPY_TABLES), told
