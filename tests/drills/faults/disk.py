"""Fault 11: the disk under a server is full."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import asyncpg

from tests.drills.drill import Drill
from tests.drills.faults.broker import PUBLISHED_WITHIN_SECONDS
from tests.drills.load import Load
from tests.drills.servers.own_ground import SETTLE_SECONDS, OwnGround, own, own_ground
from tests.drills.servers.small_disk import SmallDisk
from tests.drills.size import Size
from tests.drills.stage import Stage

_SHORTEST_FULL, _LONGEST_FULL = 1.5, 3.0
_SEGMENTS = 3


async def postgres_disk_is_full(stage: Stage, random: Random, size: Size) -> None:
    """First tables cannot grow; then the log of what is committed cannot, and the server goes down."""
    ground = own(stage)

    async def meanwhile(_load: Load) -> None:
        await asyncio.sleep(random.uniform(_SHORTEST_FULL, _LONGEST_FULL))
        await _use_up_the_log(ground)

    async def start_again() -> None:
        await ground.start_postgres()
        stage.ledger.mark("mended: there is room, and PostgreSQL takes connections")

    await _filled(stage, random, size, ground.disks.postgres, meanwhile, start_again)


async def kafka_disk_is_full(stage: Stage, random: Random, size: Size) -> None:
    """A broker that cannot write its log ends; facts wait in the outbox until it has room and runs again."""
    ground = own(stage)

    async def meanwhile(load: Load) -> None:
        await load.has_answered(random.randint(10, 20))

    async def start_again() -> None:
        assert ground.broker.process is not None
        if ground.broker.process.poll() is None:
            ground.broker.kill()  # it has given up its log, and would not take it up again
        await ground.start_broker()
        stage.ledger.mark("mended: there is room, and the broker accepts", within=PUBLISHED_WITHIN_SECONDS)
        await ground.wait_for_broker()

    await _filled(stage, random, size, ground.disks.kafka, meanwhile, start_again)


async def _filled(
    stage: Stage,
    random: Random,
    size: Size,
    disk: SmallDisk,
    meanwhile: Callable[[Load], Awaitable[None]],
    start_again: Callable[[], Awaitable[None]],
) -> None:
    """Fill a disk under load, and in the end make room and start what has ended of it, whatever came of `meanwhile`."""
    stage.settle_seconds = SETTLE_SECONDS
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(random.randint(10, 20))
        disk.fill()
        stage.ledger.mark("fault: the disk is full")
        try:
            await meanwhile(load)
            await asyncio.sleep(random.uniform(_SHORTEST_FULL, _LONGEST_FULL))
        finally:
            disk.make_room()
            await start_again()
        await load.has_answered(10)


async def _use_up_the_log(ground: OwnGround) -> None:
    """Begin new segments of the log until there is no room for one: sixteen megabytes of commands take too long."""
    for _ in range(_SEGMENTS):
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            await ground.execute("SELECT pg_logical_emit_message(false, 'drill', 'x'), pg_switch_wal()")


DRILLS = (
    Drill(11, "disk full for PostgreSQL", postgres_disk_is_full, "durable_commit", ground=own_ground),
    Drill(11, "disk full for Kafka", kafka_disk_is_full, "confirmation", ground=own_ground),
)
