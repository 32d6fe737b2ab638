"""Fault 8: the network to a server is slow, resets connections, or swallows what is sent on them."""

import asyncio
from random import Random

from tests.drills.drill import Drill
from tests.drills.load import Load
from tests.drills.servers.own_ground import SETTLE_SECONDS, own, own_ground
from tests.drills.servers.proxy import STREAMS, Proxy
from tests.drills.size import Size
from tests.drills.stage import CAST, Stage

_BURSTS = 6
_BURSTS_AT_COMMITS = 18  # a reset does harm where it takes the answer to a COMMIT: of many, some do
_PATIENCE_SECONDS = 120.0


async def bad_way_to_kafka(stage: Stage, random: Random, size: Size) -> None:
    """Every process reaches Kafka through the bad network.

    A reset alone makes no repeat: the same producer sends the same numbered batch again, and the broker knows it. When
    answers alone are swallowed for longer than the relay waits, another producer sends the rows again.
    """
    network = own(stage).network
    for name in CAST:
        stage.cast(name, KAFKA_BOOTSTRAP=network.kafka)
    await _work_over(stage, network.to_kafka, random, size, bursts=_BURSTS, meanwhile=3, silent=("downstream",))


async def bad_way_to_postgres(stage: Stage, random: Random, size: Size) -> None:
    """Every process reaches its database through the bad network."""
    for name in CAST:
        stage.cast(name, **own(stage).through_postgres_proxy(stage))
    way = own(stage).network.to_postgres
    await _work_over(stage, way, random, size, bursts=_BURSTS_AT_COMMITS, meanwhile=0, silent=STREAMS)


async def _work_over(
    stage: Stage, way: Proxy, random: Random, size: Size, *, bursts: int, meanwhile: int, silent: tuple[str, ...]
) -> None:
    """Reset, slow down and silence. `meanwhile` so many commands are answered during each burst of resets."""
    stage.settle_seconds = SETTLE_SECONDS
    way.prepare_resets()
    try:
        await stage.start()
        async with stage.load(random, size) as load:
            await load.has_answered(random.randint(5, 10))
            await _resets(stage, load, way, random, bursts=bursts, meanwhile=meanwhile)
            way.mend()
            way.slow()
            stage.ledger.mark("fault: 100 ms ± 30 and 3 Mbit/s")
            await load.has_answered(size.slow_commands, _PATIENCE_SECONDS)
            way.mend()
            stage.ledger.mark("mended: quick again")
            await load.has_answered(5)
            way.go_silent(*silent)
            stage.ledger.mark("fault: connections half-open")
            await asyncio.sleep(size.silent_seconds)
            way.mend()
            stage.ledger.mark("mended: silent connections closed")
            await load.has_answered(5, _PATIENCE_SECONDS)
    finally:
        way.mend()


async def _resets(stage: Stage, load: Load, way: Proxy, random: Random, *, bursts: int, meanwhile: int) -> None:
    """Reset whatever connection an answer or a request goes over, in short bursts, with time to work in between."""
    for _ in range(bursts):
        stream = "upstream" if random.random() < 1 / 3 else "downstream"
        way.reset(stream)
        stage.ledger.mark(f"fault: resets {stream}")
        await load.has_answered(meanwhile, _PATIENCE_SECONDS)
        await asyncio.sleep(random.uniform(0.1, 0.5))
        way.spare()
        stage.ledger.mark("mended: no more resets")
        await load.has_answered(random.randint(2, 4), _PATIENCE_SECONDS)


DRILLS = (
    Drill(8, "slow and broken network to Kafka", bad_way_to_kafka, "inbox", ground=own_ground),
    Drill(8, "slow and broken network to PostgreSQL", bad_way_to_postgres, "stored_answer", ground=own_ground),
)
