"""A mail server and an SMS provider that misbehave, for drills alone: each message is treated as the next word says.

What they have taken they write into the ledger (`arrived`), and which delivery receipts the service has acknowledged
(`receipt`): the checker compares both with what the service says.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes
from random import Random
from urllib.parse import parse_qs, urlsplit

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.drills.ledger import Ledger

_SLOW_SECONDS = 0.7
_MAIL_WORDS = ("take", "take", "lose", "temporary", "take", "stall", "permanent", "slow", "refuse", "take")
_SMS_WORDS = ("take", "busy", "take", "stall", "unavailable", "take", "break", "slow", "fail", "take")
_TEXTS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


class Providers:
    """Both of them, in the drill's own process. `receipts_to` is where the service's web process listens."""

    def __init__(self, ledger: Ledger, random: Random, receipts_to: Callable[[], str], stall_seconds: float) -> None:
        self._ledger = ledger
        self._receipts_to = receipts_to
        self._stall_seconds = stall_seconds
        self._mail_words = _shuffled_for_ever(_MAIL_WORDS, random)
        self._sms_words = _shuffled_for_ever(_SMS_WORDS, random)
        self._receipts: set[asyncio.Task[None]] = set()
        self.smtp_port = 0
        self.sms_port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Providers"]:
        """Listen on loopback until the block ends, and then until every receipt is given."""
        loop = asyncio.get_running_loop()
        mail = await loop.create_server(
            lambda: SMTP(self, enable_SMTPUTF8=True, hostname="drill", loop=loop), "127.0.0.1"
        )
        sms = await asyncio.start_server(self._answer, "127.0.0.1")
        self.smtp_port = mail.sockets[0].getsockname()[1]
        self.sms_port = sms.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            await self.receipts_are_given()
            for server in (mail, sms):
                server.close()

    async def receipts_are_given(self) -> None:
        """Wait until every receipt that is owed by now has been given."""
        while self._receipts:
            await asyncio.gather(*self._receipts)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        word = next(self._mail_words)
        session.drill_word = word  # type: ignore[attr-defined]  # no part of its type
        if word == "refuse":
            return "450 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        word = session.drill_word  # type: ignore[attr-defined]  # no part of its type
        if word == "temporary":
            return "451 come again later"
        if word == "permanent":
            return "554 not this one"
        assert isinstance(envelope.content, bytes)
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        self._ledger.write("arrived", channel="email", id=message_id.strip("<>").partition("@")[0], word=word)
        if word == "lose":
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]  # no part of its type
        if word in ("slow", "stall"):
            await asyncio.sleep(_SLOW_SECONDS if word == "slow" else self._stall_seconds)
        return "250 kept"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            form = parse_qs((await reader.readexactly(length)).decode())
            await self._treat(form["whendelivered"][0], writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _treat(self, receipt_url: str, writer: asyncio.StreamWriter) -> None:
        word = next(self._sms_words)
        if word in ("busy", "unavailable"):
            await _say(writer, 429 if word == "busy" else 503, "later")
            return
        token = urlsplit(receipt_url).path.rpartition("/")[2]
        hashed = hashlib.sha256(token.encode()).hexdigest()
        self._ledger.write("arrived", channel="sms", receipt=hashed, word=word)
        if word == "break":
            await _say(writer, 500, "broken, but taken")
        elif word == "stall":
            await asyncio.sleep(self._stall_seconds)
        else:
            if word == "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            await _say(writer, 200, json.dumps({"id": hashed[:20], "status": "created", "parts": 1, "cost": 5200}))
        task = asyncio.create_task(self._give_receipts(urlsplit(receipt_url).path, hashed, word))
        self._receipts.add(task)
        task.add_done_callback(self._receipts.discard)

    async def _give_receipts(self, path: str, hashed: str, word: str) -> None:
        """Say it, say it again, and say the opposite late: the first word stands."""
        first, late = ("failed", "delivered") if word == "fail" else ("delivered", "failed")
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            for status in (first, first, late) if first == "delivered" else (first, first):
                form = {"id": hashed[:20], "status": status}
                answer = await http.post(f"{self._receipts_to()}{path}", data=form)
                self._ledger.write("receipt", receipt=hashed, status=status, answer=answer.status_code)


async def _say(writer: asyncio.StreamWriter, status: int, body: str) -> None:
    head = f"HTTP/1.1 {status} {_TEXTS[status]}\r\ncontent-length: {len(body.encode())}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + body.encode())
    await writer.drain()


def _shuffled_for_ever(words: tuple[str, ...], random: Random) -> Iterator[str]:
    """Give every word in turn, in another order each time."""
    while True:
        yield from random.sample(words, len(words))
