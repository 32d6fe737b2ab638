"""An issuer for processes of their own: its keys over HTTP, its tokens made here."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.web import LocalIssuer


@asynccontextmanager
async def an_issuer() -> AsyncIterator[LocalIssuer]:
    """Give an issuer whose keys can be fetched at its address while this lasts."""
    issuer = LocalIssuer()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        document: object = {"issuer": issuer.issuer, "jwks_uri": f"{issuer.issuer}/jwks"}
        if path.endswith("/jwks"):
            document = {"keys": [key.as_dict(private=False) for key in issuer.published]}
        body = json.dumps(document).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    issuer.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield issuer
