"""PostgreSQL and Kafka as the embedded system starts them."""

import asyncio
import json
import os
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import Column, MetaData, Table, Text

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from tests.support.databases import BlankDatabase
from tests.support.own_parts import OwnPart


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_postgres_knows_swedish_and_our_extensions(postgres: PostgresServer) -> None:
    url = await postgres.ensure_database("parts_swedish", "parts_swedish", "it's a % secret/")
    sorted_names = "SELECT string_agg(x, '' ORDER BY x COLLATE \"sv-x-icu\") FROM unnest('{ö,a,å,z,ä}'::text[]) x"
    assert await _value(url, sorted_names) == "azåäö"
    assert await _value(url, "SELECT unaccent('Räksmörgås')") == "Raksmorgas"
    assert await _value(url, "SELECT similarity('Åre', 'åre')") == 1
    assert await _value(url, "SHOW server_encoding") == "UTF8"
    assert str(await _value(url, "SHOW server_version")).startswith("18.")


async def test_a_role_enters_no_database_but_its_own(postgres: PostgresServer) -> None:
    await postgres.ensure_database("parts_one", "parts_one", "one")
    await postgres.ensure_database("parts_two", "parts_two", "two")
    for database in ("parts_two", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(postgres.url(database, "parts_one", "one"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url("parts_one", "parts_one", "two"))


async def test_making_a_database_again_keeps_its_rows(postgres: PostgresServer) -> None:
    url = await postgres.ensure_database("parts_again", "parts_again", "first")
    await _value(url, "CREATE TABLE kept AS SELECT 1 AS x")
    url = await postgres.ensure_database("parts_again", "parts_again", "second")
    assert await _value(url, "SELECT x FROM kept") == 1


async def test_postgres_keeps_what_was_committed_when_it_is_killed(own_postgres: OwnPart) -> None:
    server = own_postgres.server
    assert isinstance(server, PostgresServer)
    await own_postgres.start()
    await _value(server.url(), "CREATE TABLE kept AS SELECT 7 AS x")
    own_postgres.kill()
    # Another process has got the dead server's number by now: this one.
    lock = server.data / "postmaster.pid"
    lock.write_text(lock.read_text().replace(lock.read_text().split("\n")[0], str(os.getpid()), 1))
    await own_postgres.start()
    assert await _value(server.url(), "SELECT x FROM kept") == 7
    assert await _value(server.url(), "SHOW fsync") == "on"


async def test_postgres_never_runs_as_root_even_below_a_folder_closed_to_others(own_postgres: OwnPart) -> None:
    expected = "nobody" if os.geteuid() == 0 else psutil.Process().username()
    closed = own_postgres.server.folder.parent
    closed.chmod(0o700)
    above = {path: path.stat().st_mode for path in closed.parents}
    await own_postgres.start()
    assert own_postgres.process is not None
    assert psutil.Process(own_postgres.process.pid).username() == expected
    assert closed.stat().st_mode & 0o777 == 0o700
    assert {path: path.stat().st_mode for path in closed.parents} == above


async def test_kafka_keeps_its_records_when_it_is_killed_and_makes_no_topic_unasked(own_kafka: OwnPart) -> None:
    server = own_kafka.server
    assert isinstance(server, KafkaServer)
    await own_kafka.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=server.bootstrap, acks="all") as producer:
        await producer.send_and_wait("kept", b"x")
    own_kafka.kill()
    await own_kafka.start()
    async with AIOKafkaConsumer(
        "kept", bootstrap_servers=server.bootstrap, auto_offset_reset="earliest", group_id="g"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 20)
        assert record.value == b"x"
        assert "unasked" not in await consumer.topics()


async def test_a_blank_database_has_the_tables_asked_for(blank_database: BlankDatabase) -> None:
    metadata = MetaData()
    Table("wanted", metadata, Column("x", Text))
    url = await blank_database(metadata)
    assert await _value(url, "SELECT count(*) FROM wanted") == 0


def test_the_shared_kafka_is_found_again(kafka: str) -> None:
    folder = Path(os.environ["KURSLOTS_TEST_RUN"])
    assert kafka.endswith(f":{json.loads((folder / 'kafka.json').read_text())['port']}")
