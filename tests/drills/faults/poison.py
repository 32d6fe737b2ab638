"""Fault 10: records that nobody can read, and a reaction that fails, among good messages of the same and of other keys.

The others go on at once; what follows on the same key waits, in order. Then the fault is mended, an operator gives up
what is beyond help and has the rest tried again: nothing is lost, and the order is kept.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError
from sqlalchemy.exc import DBAPIError

from shared.contracts.topics import TOPICS
from shared.db import Database, open_database
from shared.kernel.errors import Conflict, NotFound
from shared.messaging.dead_letters import DeadLetter, Decider, ask_replay, discard, list_dead_letters
from shared.messaging.failures import is_transient
from shared.messaging.topics_admin import topic_configs
from tests.drills.checker import SET_ASIDE
from tests.drills.drill import Drill
from tests.drills.load import Load
from tests.drills.size import Size
from tests.drills.stage import Stage

_TOPIC = "booking.bookings"
_HUGE_BYTES = 5 * 1024 * 1024
_MOST_BYTES = 8 * 1024 * 1024
_WAIT_SECONDS = 60.0
_BUG = "ALTER TABLE notifications ADD CONSTRAINT drilled CHECK (kind <> 'booking_changed') NOT VALID"
_FIX = "ALTER TABLE notifications DROP CONSTRAINT drilled"
_WHO = Decider(name="the drill")


@dataclass(frozen=True)
class Poison:
    """A record that is wrong. Where it is `set_aside` the consumer keeps it whole; else it raises an alarm."""

    name: str
    value: bytes | None
    type: str = "booking.changed.v1"
    set_aside: bool = True


POISON = (
    Poison("not JSON", b"not json"),
    Poison("wrong schema", json.dumps({"booking_id": "none", "seats": "many"}).encode()),
    Poison("5 MB", b'{"booking_id": "' + b"x" * _HUGE_BYTES),
    Poison("null", None),
    Poison("unknown type", b"{}", type="booking.teleported.v1", set_aside=False),
)


async def poison_among_good_messages(stage: Stage, random: Random, size: Size) -> None:
    """Every kind of poison on a key of its own and on a living one, and a reaction that fails for a while."""
    stage.allowed = frozenset({SET_ASIDE})
    await stage.start()
    await _allow_huge_records(stage)
    producer = AIOKafkaProducer(
        bootstrap_servers=stage.ground.kafka_direct,
        acks="all",
        max_request_size=_MOST_BYTES,
        max_batch_size=_MOST_BYTES,
    )
    await producer.start()
    try:
        async with stage.load(random, size) as load:
            await load.has_answered(15)
            bad = []
            for poison in POISON:
                for key in (str(uuid4()), random.choice(load._known.bookings)[1]):
                    message_id = await _put(stage, producer, key, poison)
                    bad += [message_id] if poison.set_aside else []
            stage.ledger.mark("fault: poison on the topic")
            await _others_go_on(stage, load, bad)
            parked = await _a_reaction_fails(stage, load)
            await _changed_behind(load, parked)
            await _operator_settles(stage)
            stage.ledger.mark("mended: settled by the operator")
            await load.has_answered(10)
    finally:
        await producer.stop()
    await _is_so(stage, "SELECT count(*) = 0 FROM dead_letters WHERE settled_at IS NULL", "all is settled")


async def _allow_huge_records(stage: Stage) -> None:
    """As somebody may who raises the limit of a topic: ours would not take the five megabytes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.ground.kafka_direct)
    await admin.start()
    try:
        [topic] = [each for each in TOPICS if each.name == _TOPIC]
        settings = topic_configs(topic, replication=1) | {"max.message.bytes": str(_MOST_BYTES)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, f"{stage.namespace}.{_TOPIC}", settings)])
    finally:
        await admin.close()


async def _put(stage: Stage, producer: AIOKafkaProducer, key: str, poison: Poison) -> str:
    message_id = str(uuid4())
    headers = {
        "ce_specversion": "1.0",
        "ce_id": message_id,
        "ce_type": poison.type,
        "ce_source": "/booking",
        "ce_subject": key,
        "ce_time": "2026-01-01T00:00:00+00:00",
        "ce_aggregateversion": "1",
    }
    stage.ledger.write("poison", id=message_id, what=poison.name, set_aside=poison.set_aside)
    packed = [(name, value.encode()) for name, value in headers.items()]
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            await producer.send_and_wait(f"{stage.namespace}.{_TOPIC}", poison.value, key=key.encode(), headers=packed)
        except MessageSizeTooLargeError:  # the raised limit has not come to the broker's log yet
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return message_id


async def _others_go_on(stage: Stage, load: Load, bad: Sequence[str]) -> None:
    """While nothing is settled, new facts take effect."""
    query = f"SELECT count(*) = {len(bad)} FROM dead_letters WHERE message_id::text = ANY($1)"  # noqa: S608 - a number
    await _is_so(stage, query, "all poison is set aside", bad)
    began = time.time()
    await load.has_answered(10)
    query = "SELECT count(*) >= 5 FROM inbox WHERE consumer = 'effects' AND seen_at > to_timestamp($1)"
    await _is_so(stage, query, "others go on", began)


async def _a_reaction_fails(stage: Stage, load: Load) -> Sequence[str]:
    """Let a reaction fail as after a bad migration, until some messages are set aside; return their keys."""
    await stage.ground.execute(_BUG, stage.databases["notification"])
    stage.ledger.mark("fault: a reaction fails")
    query = "SELECT count(*) >= 2 FROM dead_letters WHERE cause LIKE '%drilled%' AND settled_at IS NULL"
    await _is_so(stage, query, "the reaction's failures are set aside")
    await load.has_answered(8)
    await stage.ground.execute(_FIX, stage.databases["notification"])
    stage.ledger.mark("mended: the reaction")
    rows = await _rows(stage, "SELECT DISTINCT key FROM dead_letters WHERE cause LIKE '%drilled%'")
    return [row["key"] for row in rows]


async def _changed_behind(load: Load, keys: Sequence[str]) -> None:
    """Have the parked bookings changed once more: what comes now must wait behind what is set aside."""
    known = load._known.bookings
    for who, booking in [each for each in known if each[1] in keys]:
        for seats in (1, 2):
            path, fact = f"/bookings/{booking}", "booking.changed.v1"
            await load._command(who, "change", "PATCH", path, {"seats": seats}, fact=fact, names="booking_id")
    await load.has_answered(10)


async def _operator_settles(stage: Stage) -> None:
    """Give up what was never good, and have the rest tried again, until nothing is set aside."""
    database = open_database(stage.ground.url(stage.databases["notification"], "notification", direct=True))
    deadline = time.monotonic() + _WAIT_SECONDS
    try:
        while time.monotonic() < deadline:
            async with database.sessions() as session:
                letters = await list_dead_letters(session)
            for letter in letters:
                with suppress(Conflict, NotFound):  # the worker, or what is before it, came first
                    await _settle(database, letter)
            if not await _rows(stage, "SELECT 1 FROM dead_letters WHERE settled_at IS NULL LIMIT 1"):
                return
            await asyncio.sleep(0.1)
    finally:
        await database.close()


async def _settle(database: Database, letter: DeadLetter) -> None:
    try:
        async with database.sessions() as session, session.begin():
            if "drilled" not in letter.cause:
                await discard(session, letter.id, by=_WHO, reason="It was never a message of ours.")
            elif letter.retry_at is None:
                await ask_replay(session, letter.id, by=_WHO)
    except DBAPIError as error:
        if not is_transient(error):  # the worker is at the same letter: the operator asks again
            raise


async def _rows(stage: Stage, query: str, *values: object) -> Sequence[Any]:
    connection = await asyncpg.connect(stage.sources.databases["notification"])
    try:
        rows: Sequence[Any] = await connection.fetch(query, *values)
        return rows
    finally:
        await connection.close()


async def _is_so(stage: Stage, query: str, what: str, *values: object) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not (await _rows(stage, query, *values))[0][0]:
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {_WAIT_SECONDS:.0f} s: {what}")
        await asyncio.sleep(0.1)


DRILLS = (Drill(10, "poison among good messages, and a reaction that fails", poison_among_good_messages, "parking"),)
