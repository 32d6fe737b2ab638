"""What the SMS gateway promises: 46elks' shape, checked numbers, receipts called back until they are taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.embedded.origin.sent.sms import COST_PER_PART, is_loopback_url, parts_of
from tests.support.origin import SMS_PASSWORD, SMS_USER, RunningOrigin, running_origin, serve, until

NUMBER = "+46701740610"


@dataclass
class Receiver:
    """Takes receipts; answers each call with the next of `answers`, then 204."""

    answers: list[int] = field(default_factory=list)
    receipts: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: Request) -> Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.receipts.append(dict(parse_qsl((await request.body()).decode())))
        return Response(status_code=self.answers.pop(0) if self.answers else 204)

    async def has(self, count: int) -> bool:
        return len(self.receipts) >= count


@asynccontextmanager
async def a_receiver(*answers: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    async with serve(Starlette(routes=[Route("/receipts", receiver.take, methods=["POST"])])) as base:
        receiver.url = f"{base}/receipts"
        yield receiver


async def send(
    origin: RunningOrigin, *, user: str = SMS_USER, password: str = SMS_PASSWORD, **changes: str
) -> httpx.Response:
    form = {"from": "Kurslots", "to": NUMBER, "message": "Din kurs börjar i morgon 09.00.", **changes}
    return await origin.client.post("/sms/a1/sms", data=form, auth=(user, password))


async def shown(origin: RunningOrigin, to: str = NUMBER) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await origin.client.get("/sent/sms", params={"to": to})).json()["items"]
    return items


async def test_a_message_is_taken_and_shown(origin: RunningOrigin) -> None:
    answer = await send(origin)
    assert answer.status_code == 200
    taken = answer.json()
    assert taken["id"].startswith("s")
    assert (taken["status"], taken["direction"], taken["parts"], taken["cost"]) == (
        "created",
        "outgoing",
        1,
        COST_PER_PART,
    )
    (kept,) = await shown(origin)
    assert (kept["id"], kept["message"], kept["from"]) == (taken["id"], "Din kurs börjar i morgon 09.00.", "Kurslots")


@pytest.mark.parametrize(("user", "password"), [("x", SMS_PASSWORD), (SMS_USER, "x"), (SMS_USER, "")])
async def test_a_wrong_account_is_refused(user: str, password: str, origin: RunningOrigin) -> None:
    assert (await send(origin, user=user, password=password)).status_code == 401
    assert await shown(origin) == []


@pytest.mark.parametrize("header", [None, "Bearer x", "Basic", "Basic ***", "Basic åäö"])
async def test_no_account_is_refused(header: str | None, origin: RunningOrigin) -> None:
    headers = [] if header is None else [(b"authorization", header.encode("utf-8"))]
    answer = await origin.client.post("/sms/a1/sms", data={}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "070-1740610"},
        {"to": "+4670"},
        {"to": "+46701740610123456"},
        {"to": ""},
        {"from": "Kurslots2026"},
        {"from": "Kurs lots"},
        {"from": "Kurslöts"},
        {"from": ""},
        {"message": ""},
        {"message": "x" * 2001},
        {"dontlog": "all"},
        {"whendelivered": "https://elsewhere.example/"},
        {"whendelivered": "http://127.0.0.1.evil.example/"},
        {"whendelivered": "file:///etc/passwd"},
        {"whendelivered": "http://10.0.0.1/"},
    ],
)
async def test_what_cannot_be_sent_is_refused(changes: dict[str, str], origin: RunningOrigin) -> None:
    answer = await send(origin, **changes)
    assert answer.status_code == 400, answer.text
    assert (await origin.client.get("/sent/sms")).json()["items"] == []


async def test_a_private_message_is_not_repeated_in_the_answer(origin: RunningOrigin) -> None:
    assert "message" in (await send(origin)).json()
    assert "message" not in (await send(origin, dontlog="message")).json()
    assert (await shown(origin))[-1]["dontlog"] is True


async def test_the_receipt_is_called_back(origin: RunningOrigin) -> None:
    async with a_receiver() as receiver:
        sms_id = (await send(origin, whendelivered=receiver.url)).json()["id"]
        await until(lambda: receiver.has(1))
    assert (receiver.receipts[0]["id"], receiver.receipts[0]["status"]) == (sms_id, "delivered")
    assert receiver.receipts[0]["delivered"]
    assert (await shown(origin))[0]["status"] == "delivered"


async def test_a_receipt_is_given_again_until_it_is_taken(origin: RunningOrigin) -> None:
    async def nothing_waits() -> bool:
        return origin.origin.store.seconds_to_next_receipt() is None

    async with a_receiver(500, 302) as receiver:
        await send(origin, whendelivered=receiver.url)
        await until(lambda: receiver.has(3))
        await until(nothing_waits)
    assert len({receipt["id"] for receipt in receiver.receipts}) == 1
    assert len(receiver.receipts) == 3


async def test_a_receipt_that_was_not_taken_is_given_after_a_restart(tmp_path: Path) -> None:
    async with a_receiver() as receiver:
        async with running_origin(tmp_path) as first:
            await send(first, whendelivered="http://127.0.0.1:1/receipts")
            first.origin.store._connection.execute("UPDATE receipt SET url = ?", (receiver.url,))
        async with running_origin(tmp_path):
            await until(lambda: receiver.has(1))


async def test_one_receiver_that_hangs_holds_nobody_else_up(origin: RunningOrigin) -> None:
    held = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await held.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server, a_receiver() as receiver:
        await send(origin, whendelivered=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await send(origin, whendelivered=receiver.url)
        await until(lambda: receiver.has(1))
        held.set()


@pytest.mark.parametrize(
    ("behaviour", "status", "kept"),
    [("failed", 200, 1), ("silent", 200, 1), ("refused", 403, 0), ("unavailable", 503, 0), ("lost", 500, 1)],
)
async def test_a_number_can_be_told_how_to_behave(
    behaviour: str, status: int, kept: int, origin: RunningOrigin
) -> None:
    await origin.client.post("/sent/behaviour", json={"sms": {NUMBER: behaviour}})
    async with a_receiver() as receiver:
        assert (await send(origin, whendelivered=receiver.url)).status_code == status
        assert len(await shown(origin)) == kept
        await send(origin, to="+46701740611", whendelivered=receiver.url)
        expected = ["delivered", "failed"] if behaviour == "failed" else ["delivered"]
        await until(lambda: receiver.has(len(expected)))
    assert sorted(receipt["status"] for receipt in receiver.receipts) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("åäöÅÄÖé" * 20, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ő" + "a" * 69, 1),
        ("ő" + "a" * 70, 2),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
    ],
)
def test_parts_are_counted_by_the_standard(text: str, parts: int) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://127.9.9.9/x", True),
        ("https://localhost/x", True),
        ("http://[::1]:80/x", True),
        ("http://user:pass@127.0.0.1/x", True),
        ("http://127.0.0.1@evil.example/x", False),
        ("http://localhost.evil.example/", False),
        ("http://0.0.0.0/", False),
        ("http://[::ffff:10.0.0.1]/", False),
        ("//127.0.0.1/", False),
    ],
)
def test_receipts_go_to_this_machine_alone(url: str, loopback: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_loopback_url(url) is loopback
