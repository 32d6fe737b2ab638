"""The proxy is as bad as it is asked to be, and good again afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.drills.servers.proxy import Proxies, Proxy

KILOBYTES = 200


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    made = Proxies(tmp_path_factory.mktemp("proxies"))
    yield made
    made.stop()


@pytest.fixture
async def server() -> AsyncIterator[int]:
    """Give the port of a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while read := await reader.read(65536):
                writer.write(read)
                await writer.drain()
        except ConnectionError:
            pass  # what is tested
        finally:
            writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


class Client:
    """Says something through the proxy and waits for the echo."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, proxy: Proxy) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def say(self, word: bytes) -> float:
        began = time.monotonic()
        self.writer.write(word)
        assert await self.reader.readexactly(len(word)) == word
        return time.monotonic() - began

    def close(self) -> None:
        self.writer.close()


async def test_a_good_way_lets_everything_through(proxies: Proxies, server: int) -> None:
    client = await Client.to(proxies.to(server, "good"))
    await client.say(b"hello" * 10_000)
    client.close()


async def test_a_slow_way_delays_and_narrows(proxies: Proxies, server: int) -> None:
    proxy = proxies.to(server, "slow")
    client = await Client.to(proxy)
    proxy.slow(latency_ms=100, jitter_ms=20, kilobits=3000)
    assert 0.07 < await client.say(b"ping") < 2
    assert await client.say(b"x" * KILOBYTES * 1000) > KILOBYTES * 8 / 3000 * 0.9
    proxy.mend()
    assert await client.say(b"ping") < 0.07
    client.close()


async def test_a_silent_way_keeps_the_connection_and_lets_nothing_through(proxies: Proxies, server: int) -> None:
    proxy = proxies.to(server, "silent")
    client = await Client.to(proxy)
    await client.say(b"ping")
    proxy.go_silent()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await client.say(b"anybody?")
    assert not client.reader.at_eof()
    proxy.mend()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.say(b"again?")
    client.close()
    again = await Client.to(proxy)
    await again.say(b"hello")
    again.close()


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
async def test_a_connection_is_reset_and_the_next_one_is_good(proxies: Proxies, server: int, stream: str) -> None:
    proxy = proxies.to(server, f"reset-{stream}")
    proxy.prepare_resets()
    client = await Client.to(proxy)
    await client.say(b"ping")
    proxy.reset(stream)
    with pytest.raises(ConnectionResetError):
        await client.say(b"ping")
    client.close()
    proxy.spare()
    again = await Client.to(proxy)
    await again.say(b"ping")
    again.close()


async def test_a_way_that_is_cut_refuses_connections(proxies: Proxies, server: int) -> None:
    proxy = proxies.to(server, "cut")
    client = await Client.to(proxy)
    proxy.cut()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.say(b"ping")
    client.close()
    with pytest.raises(ConnectionError):
        await Client.to(proxy)
    proxy.mend()
    again = await Client.to(proxy)
    await again.say(b"ping")
    again.close()
