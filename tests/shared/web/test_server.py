"""The edge behind the real server: what only a socket can send."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fastapi import FastAPI

from tests.shared.web import sample
from tests.support.web import LocalIssuer

NOTES = f"/sample/api/v1/projects/{sample.PROJECT}/notes"


@pytest.fixture
async def port(app: FastAPI) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
    # it listens before the server runs, so a client need not wait for that
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield listening.getsockname()[1]
        server.should_exit = True
        await task


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send the parts as they are and return what comes back until the server closes, or stops after an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        return head + await asyncio.wait_for(reader.readexactly(length), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/sample/api/v1/notes/../me", b" 400 "),
        (b"/sample/api/v1/notes/%2e%2e/me", b" 400 "),
        (b"/sample/api/v1/notes/%00", b" 400 "),
        (b"/sample/api/v1//me", b" 404 "),
        (b"//sample/api/v1/me", b" 404 "),
        (b"/sample/api/v1/me;x=1", b" 404 "),
        (b"/sample/api/v1/me", b" 401 "),
    ],
)
async def test_an_address_is_taken_as_it_is_written(port: int, target: bytes, expected: bytes) -> None:
    answer = await exchange(port, b"GET " + target + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert expected in answer.split(b"\r\n")[0], answer
    assert b"application/problem+json" in answer


async def test_a_body_in_pieces_is_cut_off_at_the_limit(port: int) -> None:
    head = f"POST {NOTES} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = await exchange(port, head.encode(), *[piece] * 5)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert b"connection: close" in answer.lower()


async def test_a_good_request_is_answered_over_a_socket(port: int, issuer: LocalIssuer) -> None:
    token = issuer.token("lead", "sample")
    body = b'{"title": "x"}'
    head = (
        f"POST {NOTES} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    assert b" 201 " in (await exchange(port, head.encode(), body)).split(b"\r\n")[0]
