"""A database that is connected and says nothing: a cable is pulled, a firewall has forgotten the connection."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.db import ANSWER_GRACE_SECONDS, Database, open_database
from tests.support.databases import BlankDatabase

STATEMENT_SECONDS = 1.0


class Cable:
    """A way to a server that can be pulled: nothing passes any more, and neither end is told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_whole = asyncio.Event()
        self.is_whole.set()
        self._pipes: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._join, "127.0.0.1", 0) as listening:
            yield listening.sockets[0].getsockname()[1]
            self.is_whole.set()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        for source, target in ((reader, far_writer), (far_reader, writer)):
            self._pipes.add(asyncio.create_task(self._pass_on(source, target)))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while read := await source.read(65536):
                await self.is_whole.wait()
                target.write(read)
                await target.drain()
        except ConnectionError:
            pass  # the other end has gone
        finally:
            target.close()


async def answer(database: Database) -> int:
    async with database.sessions() as session:
        found: int = (await (await session.connection()).execute(text("SELECT 1"))).scalar_one()
        await session.commit()
        return found


async def test_nobody_waits_for_ever_for_a_database_that_says_nothing(blank_database: BlankDatabase) -> None:
    url = make_url(await blank_database())
    assert url.port is not None
    cable = Cable(url.port)
    async with cable.laid() as port:
        database = open_database(
            url.set(port=port).render_as_string(hide_password=False), statement_timeout_ms=int(STATEMENT_SECONDS * 1000)
        )
        assert await answer(database) == 1
        cable.is_whole.clear()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer(database), 30)
        assert time.monotonic() - began < STATEMENT_SECONDS + ANSWER_GRACE_SECONDS + 4, "it waited for its own limit"
        cable.is_whole.set()
        assert await answer(database) == 1
        await database.close()
