"""Fault 5: PostgreSQL is stopped at once while people work, and started again."""

import asyncio
from random import Random

from tests.drills.drill import Drill
from tests.drills.servers.own_ground import SETTLE_SECONDS, own, own_ground
from tests.drills.size import Size
from tests.drills.stage import Stage


async def postgres_stops_at_once(stage: Stage, random: Random, size: Size) -> None:
    """Whoever was in the middle of something is told to try again, and tries again under the same key."""
    ground = own(stage)
    stage.settle_seconds = SETTLE_SECONDS
    await stage.start()
    async with stage.load(random, size) as load:
        for _ in range(max(2, size.faults * 2 // 3)):
            await load.has_answered(random.randint(10, 20))
            await ground.stop_postgres_at_once()
            stage.ledger.mark("fault: PostgreSQL stopped at once")
            try:
                await asyncio.sleep(random.uniform(0.1, 2))
            finally:
                await ground.start_postgres()
            stage.ledger.mark("mended: PostgreSQL takes connections")
        await load.has_answered(10)


DRILLS = (
    Drill(
        5,
        "PostgreSQL stop -m immediate, and restart, under load",
        postgres_stops_at_once,
        "durable_commit",
        ground=own_ground,
    ),
)
