"""Many clients that ask one after another over kept connections, with as little work for each as can be.

The client shares the machine with what it asks, so it parses no more than status and length.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(slots=True)
class Answers:
    """How many answers of each status there were, and how long all of it took; `first_odd` shows an unexpected one."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    created_seconds: float = 0.0
    first_odd: bytes = b""


def request(path: str, *, token: str, key: str, body: bytes) -> bytes:
    """Return a POST as it travels."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask_all(ports: Sequence[int], requests: Sequence[bytes], *, clients: int) -> Answers:
    """Send every request once, each client its next one when it has its answer."""
    answers = Answers()
    waiting = iter(requests)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(_client(ports[number % len(ports)], waiting, answers, started))
    answers.seconds = time.perf_counter() - started
    return answers


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytes) -> tuple[int, bytes]:
    """Send one request and return status and body of its answer."""
    writer.write(asked)
    head = await reader.readuntil(_HEAD_END)
    at = head.lower().index(_LENGTH) + len(_LENGTH)
    return int(head[9:12]), await reader.readexactly(int(head[at : head.index(b"\r", at)]))


async def _client(port: int, waiting: Iterator[bytes], answers: Answers, started: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for each in waiting:
            status, body = await ask(reader, writer, each)
            answers.statuses[status] += 1
            if status == 201:  # noqa: PLR2004, RUF100 - created
                answers.created_seconds = time.perf_counter() - started
            elif not answers.first_odd:
                answers.first_odd = body
    finally:
        writer.close()
        await writer.wait_closed()
