"""Live pages: told once of each change, asked for once for all, let go with session, process and reader."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from shared.db import Database, open_database
from shared.kernel.roles import Role
from shared.metrics import HTTP_SECONDS
from shared.process import EndingServer
from shared.web.app import create_service_app
from shared.web.authorisation import Permit
from shared.web.pages.live import LiveStreams, Since, follow, mark_as_sent
from tests.shared.web import sample
from tests.support import messaging
from tests.support.browser import CodeIssuer, browser, sign_in
from tests.support.origin import running_origin, serve
from tests.support.web import running, settings_for

PATIENCE = 60
router = APIRouter()


async def _count(session: AsyncSession) -> str:
    return str((await (await session.connection()).execute(text("SELECT count(*) FROM notes"))).scalar_one())


@router.get("/changes")
async def follow_notes(request: Request, since: Since = "") -> Response:
    return follow(request, "notes", _count, since=since)


async def until(holds: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return holds()

    await messaging.until(asked, seconds=PATIENCE)


class Reader:
    """One who follows, and what she has been told."""

    def __init__(self, streams: LiveStreams, *, topic: str = "notes", reader: object = "her", since: str = "") -> None:
        self.told: list[str] = []
        self.may = True
        self._stream = streams.events(reader, topic, _count, since=since, may_still=self._may_still)
        self._task = asyncio.create_task(self._listen())

    async def _may_still(self) -> bool:
        return self.may

    async def _listen(self) -> None:
        async for said in self._stream:
            self.told.append(said.decode().split("\n")[0])

    @property
    def changes(self) -> int:
        return self.told.count("event: changed")

    @property
    def has_ended(self) -> bool:
        return self._task.done()

    async def leave(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def streams(database: Database) -> AsyncIterator[LiveStreams]:
    streams = LiveStreams(database, every_seconds=0.02, heartbeat_seconds=0.1, most=3, most_for_one=2)
    yield streams
    streams.end()
    await until(lambda: streams.open_streams == 0)


async def write_note(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO notes (id, project_id, person_id, title, seats) VALUES"
                " (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', 1)"
            )
        )


async def test_a_reader_is_told_of_each_change_and_of_nothing_else(streams: LiveStreams, database: Database) -> None:
    reader = Reader(streams)
    await until(lambda: reader.told.count(": still here") >= 3)
    assert reader.changes == 0
    await write_note(database)
    await until(lambda: reader.changes == 1)
    beats = reader.told.count(": still here")
    await until(lambda: reader.told.count(": still here") >= beats + 2)
    assert reader.changes == 1
    await reader.leave()


async def test_a_change_before_the_stream_began_is_not_missed(streams: LiveStreams, database: Database) -> None:
    page = mark_as_sent("0")
    await write_note(database)
    late, timely = Reader(streams, since=page), Reader(streams, since=mark_as_sent("1"), reader="him")
    await until(lambda: late.changes == 1)
    await until(lambda: timely.told.count(": still here") >= 2)
    assert timely.changes == 0
    await late.leave()
    await timely.leave()


async def test_the_database_is_asked_once_for_all_and_by_nobody_when_they_have_left(streams: LiveStreams) -> None:
    first, second = Reader(streams), Reader(streams, reader="him")
    await until(lambda: len(first.told) > 1 and len(second.told) > 1)
    assert (streams.followed, streams.open_streams) == (frozenset({"notes"}), 2)
    await first.leave()
    assert (streams.followed, streams.open_streams) == (frozenset({"notes"}), 1)
    await second.leave()
    assert (streams.followed, streams.open_streams) == (frozenset(), 0)


async def test_there_is_room_for_so_many_and_for_fewer_of_one(streams: LiveStreams) -> None:
    hers = [Reader(streams) for _ in range(2)]
    await until(lambda: streams.open_streams == 2)
    assert not streams.has_room_for("her")
    assert streams.has_room_for("him")
    his = Reader(streams, reader="him")
    await until(lambda: streams.open_streams == 3)
    assert not streams.has_room_for("them")
    refused = Reader(streams, reader="them")
    await until(lambda: refused.has_ended)
    assert refused.told == []
    for reader in (*hers, his):
        await reader.leave()
    assert streams.has_room_for("them")


async def test_who_may_no_longer_is_told_the_end_and_nothing_more(streams: LiveStreams, database: Database) -> None:
    reader = Reader(streams)
    await until(lambda: len(reader.told) > 1)
    reader.may = False
    await write_note(database)
    await until(lambda: reader.has_ended)
    assert reader.told[-1] == "event: end"
    assert reader.changes == 0


async def test_when_the_process_stops_every_stream_ends(streams: LiveStreams) -> None:
    readers = [Reader(streams), Reader(streams, reader="him")]
    await until(lambda: streams.open_streams == 2)
    streams.end()
    await until(lambda: all(reader.has_ended for reader in readers))
    assert not any("event: end" in reader.told for reader in readers), "a browser must come back to the next process"
    assert not streams.has_room_for("her")


async def test_a_fault_lets_the_readers_go_and_the_next_begins_anew(
    streams: LiveStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_session: AsyncSession) -> str:
        raise KeyError("a fault")

    with monkeypatch.context() as changed:
        changed.setattr(sys.modules[__name__], "_count", broken)
        reader = Reader(streams)
        await until(lambda: reader.has_ended)
    assert streams.followed == frozenset()
    after = Reader(streams)
    await until(lambda: len(after.told) > 1)
    await after.leave()


@pytest.fixture
def issuer() -> CodeIssuer:
    return CodeIssuer()


@pytest.fixture
async def followed_app(database: Database, issuer: CodeIssuer) -> AsyncIterator[FastAPI]:
    made = create_service_app(
        service="booking",
        settings=settings_for(sample.SampleSettings, "postgresql://unused", issuer, origin="http://127.0.0.1"),
        routers=[sample.router],
        permits=sample.PERMITS,
        scopes=sample.SCOPES,
        find_actor=sample.find_actor,
        issuer_transport=issuer.transport,
        database=database,
        pages=[router],
        page_permits={"follow_notes": Permit({Role.PROJECT_LEAD})},
    )
    made.state.live = LiveStreams(database, every_seconds=0.02, heartbeat_seconds=0.1)
    async with running(made) as app:
        yield app
        app.state.live.end()


@pytest.fixture
async def cookies(followed_app: FastAPI, issuer: CodeIssuer) -> str:
    """What the browser of a lead who has signed in sends."""
    async with browser(followed_app) as page:
        await sign_in(page, issuer, "lead")
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies.jar)


@contextlib.asynccontextmanager
async def listening(address: str, cookies: str, **query: str) -> AsyncIterator[AsyncIterator[str]]:
    """Follow as a browser does, over a socket."""
    headers = {"cookie": cookies, "accept": "text/event-stream", "sec-fetch-site": "same-origin"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
        client.stream("GET", f"{address}/booking/changes", headers=headers, params=query) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield answer.aiter_lines()


async def heard(lines: AsyncIterator[str], wanted: str) -> None:
    async with asyncio.timeout(PATIENCE):
        async for line in lines:
            if line == wanted:
                return
    raise AssertionError(f"the stream ended without {wanted}")


async def test_through_the_origin_each_word_comes_at_once_and_the_stream_ends_with_the_reader(
    followed_app: FastAPI, cookies: str, database: Database, tmp_path: Path
) -> None:
    async with serve(followed_app) as service, running_origin(tmp_path) as origin:
        origin.write_routes({"services": {"booking": {"web": service}}})
        async with listening(origin.url, cookies) as lines:
            await heard(lines, ": still here")
            await write_note(database)
            await heard(lines, "event: changed")
        await until(lambda: followed_app.state.live.open_streams == 0)


async def test_a_stream_ends_with_the_session(followed_app: FastAPI, cookies: str, database: Database) -> None:
    async with serve(followed_app) as address, listening(address, cookies) as lines:
        await heard(lines, ": still here")
        async with database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM web_sessions"))
        await heard(lines, "event: end")


async def test_a_stream_ends_with_the_role(
    followed_app: FastAPI, cookies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(followed_app) as address, listening(address, cookies) as lines:
        await heard(lines, ": still here")
        monkeypatch.delitem(sample.ACTORS, "lead")
        await heard(lines, "event: end")


async def _seen_at(database: Database) -> object:
    async with database.engine.connect() as connection:
        return (await connection.execute(text("SELECT seen_at FROM web_sessions"))).scalar_one()


@pytest.mark.parametrize(
    ("headers", "is_use"),
    [({}, True), ({"accept": "text/event-stream"}, False), ({"x-kurslots-live": "yes"}, False)],
    ids=["a person", "a stream", "a part that renews itself"],
)
async def test_what_a_page_asks_by_itself_keeps_no_session_alive(
    followed_app: FastAPI, cookies: str, database: Database, headers: dict[str, str], *, is_use: bool
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE web_sessions SET seen_at = seen_at - interval '30 minutes'"))
    before = await _seen_at(database)
    async with browser(followed_app) as page:
        await page.get("/booking/accessibility", headers={"cookie": cookies, **headers})
    assert (await _seen_at(database) != before) is is_use


async def test_how_long_somebody_listens_is_not_how_slow_we_are(
    followed_app: FastAPI, cookies: str, database: Database
) -> None:
    def spent() -> float:
        (metric,) = HTTP_SECONDS.labels("booking", "/booking/changes", "GET").collect()
        return next(sample.value for sample in metric.samples if sample.name.endswith("_sum"))

    before, now = spent(), asyncio.get_running_loop().time
    async with serve(followed_app) as address:
        asked = now()
        async with listening(address, cookies) as lines:
            until_head = now() - asked
            while now() - asked < 2 * until_head:
                await heard(lines, ": still here")
        await until(lambda: spent() != before)
    assert spent() - before <= until_head


@pytest.mark.parametrize("ends_streams", [True, False])
async def test_a_process_that_is_told_to_stop_waits_for_no_stream(
    followed_app: FastAPI, cookies: str, *, ends_streams: bool
) -> None:
    streams: LiveStreams = followed_app.state.live
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(followed_app, log_config=None, access_log=False, lifespan="off")
        server = EndingServer(config, streams.end if ends_streams else None)
        stopped = asyncio.create_task(server.serve(sockets=[listener]))
        async with listening(address, cookies) as lines:
            await heard(lines, ": still here")
            server.should_exit = True
            if not ends_streams:
                for _ in range(5):
                    await heard(lines, ": still here")
                assert not stopped.done(), "without it the process would wait for ever"
                streams.end()
            async with asyncio.timeout(PATIENCE):
                await stopped
