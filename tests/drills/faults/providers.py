"""Fault 13: providers that take a message and do not answer, are busy, break, are slow, and repeat their receipts.

Every notification arrives once, or the service says that it does not know.
"""

import asyncio
import time
from datetime import timedelta
from random import Random
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.contracts.booking import RunCancelled
from shared.contracts.facts import Recipient
from shared.kernel.ids import new_id
from tests.drills.checker import FAILED_MAILS
from tests.drills.drill import Drill
from tests.drills.providers import Providers
from tests.drills.size import Size
from tests.drills.stage import CAST, Stage
from tests.support.messaging import a_message, a_record

_PATIENCE_SECONDS = 2.5
_STALL_SECONDS = 2 * _PATIENCE_SECONDS
_RETRY_SECONDS = 1
_END_SECONDS = 60.0


async def providers_misbehave(stage: Stage, random: Random, size: Size) -> None:
    """E-mail by what people do, and SMS by runs that are cancelled."""
    stage.allowed = frozenset({FAILED_MAILS})
    providers = Providers(stage.ledger, random, lambda: stage.web("notification").url, _STALL_SECONDS)
    async with providers.listening():
        stage.cast(
            "notification worker",
            SMTP_URL=f"smtp://127.0.0.1:{providers.smtp_port}",
            SMTP_TIMEOUT_SECONDS=str(_PATIENCE_SECONDS),
            SMS_URL=f"http://127.0.0.1:{providers.sms_port}/sms",
            SMS_TIMEOUT_SECONDS=str(_PATIENCE_SECONDS),
            NOTIFICATION_RETRY_PAUSE_SECONDS=str(_RETRY_SECONDS),
        )
        await stage.start(*CAST, "notification web")
        stage.ledger.mark("fault: the providers misbehave")
        async with stage.load(random, size) as load:
            for _ in range(max(2, size.faults)):
                await load.has_answered(8)
                await _cancel_runs(stage, 6)
        await _nothing_is_tried_again(stage)
        await providers.receipts_are_given()
        await _nothing_is_tried_again(stage)


async def _cancel_runs(stage: Stage, count: int) -> None:
    """Tell that runs are cancelled, as booking would: those who were to come are told by e-mail and SMS."""
    people = await _ask(stage, "SELECT id FROM recipients WHERE phone IS NOT NULL AND kind = 'person' ORDER BY id")
    [project, *_] = await _ask(stage, "SELECT id FROM projects ORDER BY id")
    producer = AIOKafkaProducer(bootstrap_servers=stage.ground.kafka_direct, acks="all")
    await producer.start()
    try:
        for number in range(count):
            someone = people[number % len(people)]["id"]
            recipient = Recipient(kind="person", id=someone, part="participant")
            record = a_record(_a_cancelled_run(stage, recipient, project["id"]))
            await producer.send_and_wait(
                f"{stage.namespace}.{record.topic}", record.value, key=record.key, headers=list(record.headers)
            )
    finally:
        await producer.stop()


def _a_cancelled_run(stage: Stage, recipient: Recipient, project_id: UUID) -> RunCancelled:
    fact = a_message(RunCancelled, recipients=(recipient,), project_id=project_id)
    starts_at = stage.backstage.now() + timedelta(days=40)
    meeting = fact.run.meetings[0].model_copy(
        update={"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2), "mode": "physical"}
    )
    run = fact.run.model_copy(
        update={
            "run_id": fact.run_id,
            "mode": "physical",
            "meetings": (meeting,),
            "reference": f"R-{new_id().hex[-5:]}",
        }
    )
    return fact.model_copy(update={"run": run})


async def _nothing_is_tried_again(stage: Stage) -> None:
    """Wait until no notification is on its way, nor to be tried again."""
    await stage.settle()
    deadline = time.monotonic() + _END_SECONDS
    query = "SELECT 1 FROM notifications WHERE state IN ('pending', 'sending') OR next_check_at < $1 LIMIT 1"
    while await _ask(stage, query, stage.backstage.now() + timedelta(minutes=5)):
        if time.monotonic() > deadline:
            raise AssertionError("notifications are still on their way")
        await asyncio.sleep(0.2)


async def _ask(stage: Stage, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(stage.sources.databases["notification"])
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *values)
        return rows
    finally:
        await connection.close()


DRILLS = (Drill(13, "mail and SMS providers that misbehave", providers_misbehave, "says_unknown"),)
