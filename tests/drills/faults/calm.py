"""No fault at all: what the load alone does to the seats, and how long a command takes when nothing is broken."""

from random import Random

from tests.drills.drill import Drill
from tests.drills.size import Size
from tests.drills.stage import Stage


async def nothing_is_broken(stage: Stage, random: Random, size: Size) -> None:
    """Many ask at once for the same few seats."""
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(size.commands // 2)


DRILLS = (Drill(0, "nothing is broken: many ask for few seats at once", nothing_is_broken, "conditional_take"),)
