"""Fault 9: consumers join and leave every few seconds, in order and by `kill -9`, while messages keep coming."""

from random import Random

from tests.drills.drill import Drill
from tests.drills.size import Size
from tests.drills.stage import Stage

_SERVICES = ("notification", "procurement", "booking")
_LEAVE_SECONDS = 15.0


async def consumers_come_and_go(stage: Stage, random: Random, size: Size) -> None:
    """Every group gets a second consumer again and again; each second one of them dies with its offsets uncommitted."""
    await stage.start()
    others = [stage.cast(f"{service} worker 2") for service in _SERVICES]
    async with stage.load(random, size) as load:
        await load.has_answered(10)
        for turn in range(size.faults + 1):
            other = others[turn % len(others)]
            dies = turn % 2 == 0
            await other.start(die_at=f"consumer.after_commit:{random.randint(1, 2)}" if dies else None)
            stage.ledger.mark(f"fault: a second {other.name} joined")
            await load.has_answered(random.randint(8, 14))
            if not dies:
                await other.quit()
            elif not await other.died(_LEAVE_SECONDS):
                await other.kill()
            stage.ledger.mark(f"mended: the second {other.name} {'died' if dies else 'left'}")
        await load.has_answered(10)


DRILLS = (Drill(9, "consumers join and leave every few seconds", consumers_come_and_go, "inbox"),)
