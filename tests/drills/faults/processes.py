"""Faults 1 to 4: our own processes are killed at the worst moments and at any, and stopped past their lock."""

import asyncio
import time
from dataclasses import replace
from random import Random

from tests.drills.drill import Drill
from tests.drills.load import Load
from tests.drills.service_process import ServiceProcess
from tests.drills.size import Size
from tests.drills.stage import Stage

_PAST_THE_LOCK_SECONDS = 20.0
_POINT_SECONDS = 120.0


async def _dies_again_and_again(
    stage: Stage, load: Load, process: ServiceProcess, points: tuple[str, ...], random: Random, size: Size
) -> None:
    """Let it die at each named point in turn, and then at any time; it is alive at the end."""
    for turn in range(size.faults):
        point = f"{points[turn % len(points)]}:{random.randint(1, 4)}"
        await process.revive(die_at=point)
        assert await process.died(_POINT_SECONDS), f"{process.name} never came to {point}"
        stage.ledger.mark(f"fault: {process.name} died at {point}")
    await process.revive()
    await load.has_answered(random.randint(5, 15))
    await asyncio.sleep(random.uniform(0, 0.5))
    await process.kill()
    stage.ledger.mark(f"fault: {process.name} killed at any time")
    await process.revive()


async def web_dies_between_commit_and_answer(stage: Stage, random: Random, size: Size) -> None:
    """Fault 1. The client hears nothing, and repeats the command with its key until it is answered."""
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(10)
        points = ("web.after_commit", "web.after_commit", "web.before_commit")
        await _dies_again_and_again(stage, load, stage.web("booking"), points, random, size)
        await load.has_answered(10)


async def relay_dies_before_and_after_the_ack(stage: Stage, random: Random, size: Size) -> None:
    """Fault 2. The broker has the rows; the relay has not heard so, or has not deleted them: they are sent again."""
    await stage.start()
    async with stage.load(random, size) as load:
        await load.has_answered(10)
        points = ("relay.before_ack", "relay.before_delete", "relay.before_send")
        await _dies_again_and_again(stage, load, stage.worker("booking"), points, random, size)
        await load.has_answered(10)


async def consumer_dies_before_the_offsets(stage: Stage, random: Random, size: Size) -> None:
    """Fault 3. Effects are committed, the offsets are not: the batch is read again."""
    await stage.start("booking web", "procurement web", "booking worker")
    workers = [stage.cast("notification worker"), stage.cast("procurement worker")]
    points = ("consumer.after_commit", "consumer.before_commit", "consumer.after_commit")
    async with stage.load(random, size) as load:
        await load.has_answered(20)
        # each death is followed by the wait for the dead one's session, so the two services die side by side
        few = replace(size, faults=max(1, size.faults // 2))
        async with asyncio.TaskGroup() as deaths:
            for worker in workers:
                deaths.create_task(_dies_again_and_again(stage, load, worker, points, random, few))


async def relay_is_stopped_past_its_lock(stage: Stage, random: Random, size: Size) -> None:
    """Fault 4. A second relay takes over; the first wakes, believing that the shard is its own."""
    await stage.start()
    first, second = stage.worker("booking"), stage.cast("booking worker 2")
    await second.start()
    async with stage.load(random, size) as load:
        for turn in range(max(1, size.faults // 3)):
            await load.has_answered(random.randint(10, 20))
            sleeper, other = (first, second) if turn % 2 == 0 else (second, first)
            sleeper.stop()
            stage.ledger.mark(f"fault: {sleeper.name} stopped")
            if await _is_published(stage, load):
                sleeper.wake()
                stage.ledger.mark(f"mended: {sleeper.name} woken")
            assert other.is_alive
            await load.has_answered(random.randint(10, 20))


async def _is_published(stage: Stage, load: Load) -> bool:
    """Whether what is answered from now on is published in time, though whoever held the lock stands still."""
    await load.has_answered(5)
    deadline = time.monotonic() + _PAST_THE_LOCK_SECONDS
    newest = await stage.newest_in_outbox("booking")
    while await stage.oldest_in_outbox("booking") <= newest:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


DRILLS = (
    Drill(1, "kill -9 of web between commit and answer", web_dies_between_commit_and_answer, "stored_answer"),
    Drill(2, "kill -9 of the relay before and after the ack", relay_dies_before_and_after_the_ack, "inbox"),
    Drill(3, "kill -9 of a consumer between commit and offsets", consumer_dies_before_the_offsets, "inbox"),
    Drill(4, "SIGSTOP of the relay past its lock, then SIGCONT", relay_is_stopped_past_its_lock, "idle_timeout"),
)
