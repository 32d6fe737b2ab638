"""From a command's first byte to the notification in the provider's hands, beside a raw Kafka round trip.

Three processes of the product are on the way: booking's web and worker, and notification's worker.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from email import message_from_bytes, policy
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiosmtpd.smtp import SMTP

from shared.messaging.topics_admin import create_topics
from shared.settings import Mode, SharedSettings
from tests.bench.http_load import ask
from tests.bench.parts import Parts
from tests.bench.relay import a_producer, payload
from tests.bench.rounds import OURS, Aim, Bench, Contender, WrongResult
from tests.bench.size import Size
from tests.bench.topics import fresh_topic
from tests.bench.town import Town, a_town, processes, until_up
from tests.support.messaging import until

P50, P99 = f"{OURS}, p50", f"{OURS}, p99"
RAW_P50, RAW_P99 = "raw Kafka round trip, p50", "raw Kafka round trip, p99"
_REFERENCE = re.compile(r"\bB-[0-9A-Z]+\b")
_RECIPIENT = """
    INSERT INTO recipients (kind, id, name, email, language, protected)
    VALUES ('person', $1, 'Kim', $2, 'sv', false)
"""
_LANES = 8


class Mailbox:
    """An SMTP server that notes when each message is handed over."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's
        self.taken.append((time.perf_counter(), envelope.content))
        return "250 taken"

    def times(self) -> dict[str, list[float]]:
        """Return when what was told of each booking, by its reference."""
        found: dict[str, list[float]] = {}
        for at, content in self.taken:
            message = message_from_bytes(content, policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            reference = _REFERENCE.search(body.get_content())
            found.setdefault(reference[0] if reference else "?", []).append(at)
        return found


@asynccontextmanager
async def contenders(parts: Parts, size: Size) -> AsyncIterator[Sequence[Contender]]:
    """Give the whole way, and the round trip alone."""
    mailbox = Mailbox()
    url = await parts.service_database("notification")
    try:
        async with a_town(parts, size) as town:
            await _introduce(town, url)
            await town.forget()  # its people have no addresses, and copies of them would replace those introduced here
            smtp = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
            async with smtp:
                more = await _settings(parts, url, smtp.sockets[0].getsockname()[1])
                with ExitStack() as stack:
                    web = stack.enter_context(processes(town, ("services.booking", "web"), 1, more))
                    for service in ("booking", "notification"):
                        worker = stack.enter_context(processes(town, (f"services.{service}", "worker"), 1, more))
                        await until_up(worker, "/ready")
                    await until_up(web)
                    yield [
                        Contender(OURS, lambda: _the_whole_way(town, web[0], mailbox, size)),
                        Contender(RAW_P50, lambda: _round_trips(parts, size)),
                    ]
    finally:
        await parts.drop(url)


async def _settings(parts: Parts, url: str, smtp: int) -> dict[str, str]:
    namespace = f"b{uuid4().hex[:12]}"
    settings = SharedSettings.model_validate(
        {"mode": Mode.EMBEDDED, "kafka_bootstrap": parts.bootstrap, "namespace": namespace}
    )
    await create_topics(settings)
    return {
        "NAMESPACE": namespace,
        "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "NOTIFICATION_DATABASE_URL": url,
        "NOTIFICATION_SECRET": "sample-bench",
    }


async def _introduce(town: Town, url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        people = [(employer.contact, f"kim.{number}@example.test") for number, employer in enumerate(town.employers)]
        await connection.executemany(_RECIPIENT, people)
    finally:
        await connection.close()


async def _the_whole_way(town: Town, port: int, mailbox: Mailbox, size: Size) -> Mapping[str, float]:
    await _book(town, port, 2 * _LANES, size.per_second)  # whatever is made at the first use
    await until(lambda: _count(mailbox, 2 * _LANES), what="the first notifications", seconds=60)
    mailbox.taken.clear()
    asked = await _book(town, port, size.notifications, size.per_second)
    await until(lambda: _count(mailbox, size.notifications), what="every notification", seconds=120)
    handed = mailbox.times()
    mailbox.taken.clear()
    if handed.keys() != asked.keys() or any(len(each) != 1 for each in handed.values()):
        raise WrongResult(f"{len(asked)} bookings were told of {sum(map(len, handed.values()))} times")
    p50, p99 = _percentiles([handed[reference][0] - began for reference, began in asked.items()])
    return {P50: p50, P99: p99}


async def _count(mailbox: Mailbox, number: int) -> bool:
    return len(mailbox.taken) >= number


async def _book(town: Town, port: int, number: int, per_second: int) -> dict[str, float]:
    """Book at a steady rate, whatever the answers take; return when each was asked, by its reference."""
    lanes: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(_LANES):
        lanes.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    asked: dict[str, float] = {}

    async def one(request: bytes) -> None:
        began = time.perf_counter()
        lane = await lanes.get()
        status, body = await ask(*lane, request)
        lanes.put_nowait(lane)
        if status != 201:  # noqa: PLR2004, RUF100 - created
            raise WrongResult(f"a booking was answered {status}: {body!r}")
        asked[json.loads(body)["reference"]] = began

    async with asyncio.TaskGroup() as group:
        for each in town.requests(number, town.runs):
            group.create_task(one(each))
            await asyncio.sleep(1 / per_second)
    while not lanes.empty():
        lanes.get_nowait()[1].close()
    return asked


async def _round_trips(parts: Parts, size: Size) -> Mapping[str, float]:
    async with fresh_topic(parts.bootstrap, "echo") as namespace:
        topic = f"{namespace}.echo"
        producer = a_producer(parts.bootstrap)
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=parts.bootstrap, auto_offset_reset="earliest")
        await producer.start()
        await consumer.start()
        taken: list[float] = []
        try:
            for number in range(size.notifications + 2 * _LANES):
                began = time.perf_counter()
                await producer.send_and_wait(topic, value=payload(number))
                record = await consumer.getone()
                if record.value != payload(number):
                    raise WrongResult("another record came back")
                taken.append(time.perf_counter() - began)
                await asyncio.sleep(1 / size.per_second)
        finally:
            await consumer.stop()
            await producer.stop()
    p50, p99 = _percentiles(taken[2 * _LANES :])
    return {RAW_P50: p50, RAW_P99: p99}


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    return median(seconds) * 1000, quantiles(seconds, n=100, method="inclusive")[98] * 1000


BENCH = Bench(
    "latency",
    "Command to notification handed over, 50 a second",
    "ms",
    contenders,
    (Aim(P50, RAW_P50, most=5), Aim(P99, RAW_P99)),
)
