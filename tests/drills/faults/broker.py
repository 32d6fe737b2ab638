"""Fault 6: the one broker is killed and started again, or stands still for a while and goes on."""

import asyncio
import signal
from random import Random

from tests.drills.drill import Drill
from tests.drills.servers.own_ground import SETTLE_SECONDS, own, own_ground
from tests.drills.size import Size
from tests.drills.stage import Stage

PUBLISHED_WITHIN_SECONDS = 10.0
_SHORTEST_AWAY, _LONGEST_AWAY = 2.0, 4.0


async def broker_is_killed(stage: Stage, random: Random, size: Size) -> None:
    """Commands are answered meanwhile, and their facts wait in the outbox."""
    ground = own(stage)
    stage.settle_seconds = SETTLE_SECONDS
    await stage.start()
    async with stage.load(random, size) as load:
        for _ in range(max(1, size.faults // 3)):
            await load.has_answered(random.randint(10, 20))
            ground.broker.kill()
            stage.ledger.mark("fault: the broker killed")
            try:
                await load.has_answered(random.randint(10, 20))
                await asyncio.sleep(random.uniform(_SHORTEST_AWAY, _LONGEST_AWAY))
            finally:
                await ground.start_broker()
            stage.ledger.mark("mended: the broker accepts connections", within=PUBLISHED_WITHIN_SECONDS)
            await ground.wait_for_broker()
        await load.has_answered(10)


async def broker_stands_still(stage: Stage, random: Random, size: Size) -> None:
    """Connections stay, and nothing is said; what was sent to it meanwhile may be written when it goes on."""
    ground = own(stage)
    stage.settle_seconds = SETTLE_SECONDS
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(random.randint(10, 20))
        assert ground.broker.process is not None
        ground.broker.process.send_signal(signal.SIGSTOP)
        stage.ledger.mark("fault: the broker stands still")
        try:
            await load.has_answered(random.randint(10, 20))
            await asyncio.sleep(size.still_seconds)
        finally:
            ground.broker.process.send_signal(signal.SIGCONT)
        stage.ledger.mark("mended: the broker goes on", within=PUBLISHED_WITHIN_SECONDS)
        await load.has_answered(20)


DRILLS = (
    Drill(6, "kill -9 of the broker, and restart", broker_is_killed, "confirmation", ground=own_ground),
    Drill(6, "SIGSTOP of the broker, and SIGCONT", broker_stands_still, "confirmation", ground=own_ground),
)
