"""Live pages: server-sent events that tell a page when what it shows has changed; the page then asks for it anew.

Only *that* something changed is sent, never what: what a reader may see is asked again with the page itself. A process
asks the database once for all who follow the same thing, and only while somebody does. Without script, or where there
are too many who follow, the page is as good as when it was loaded, and says when that was.

    @router.get("/projects/{project_id}/figures/changes")
    async def follow_figures(request: Request, project_id: UUID, since: Since = "") -> Response:
        read = partial(mark_of_figures, project_id=project_id)
        return follow(request, f"figures/{project_id}", read, since=since)
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final, cast

import structlog
from fastapi import Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response, StreamingResponse

from shared.db import Database
from shared.kernel.errors import KurslotsError
from shared.web.database_errors import told_of_database
from shared.web.exchange import exchange_of
from shared.web.gate import gate

EVERY_SECONDS: Final = 3.0
HEARTBEAT_SECONDS: Final = 20.0
MOST_STREAMS: Final = 100
MOST_FOR_ONE: Final = 4  # a browser opens six connections to one address: the others are for what is clicked
CONTENT_TYPE: Final = "text/event-stream"
_RETRY: Final = b"retry: 5000\n\n"
_BEAT: Final = b": still here\n\n"
_CHANGED: Final = b"event: changed\ndata: %s\n\n"
_END: Final = b"event: end\ndata: signed-out\n\n"
_HASH_LENGTH: Final = 16

ReadMark = Callable[[AsyncSession], Awaitable[str]]
"""Reads, in one cheap statement, a text that is another one when what a page shows may be."""
MayStill = Callable[[], Awaitable[bool]]
"""Says whether the reader may still see what she follows."""
Since = Annotated[str, Query(max_length=_HASH_LENGTH, pattern=r"^[0-9a-f]*$")]
"""The mark of what the page shows, so that a change before the stream began is not missed."""

_log = structlog.get_logger(__name__)


def mark_as_sent(mark: str) -> str:
    """Return the mark as pages and streams carry it: a few signs that tell nothing of what it was made of."""
    return hashlib.sha256(mark.encode()).hexdigest()[:_HASH_LENGTH]


@dataclass
class _Watch:
    """One thing that is followed, by how many, and how it stood when it was last asked for."""

    read: ReadMark
    followers: int = 0
    mark: str | None = None
    has_failed: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Wake everybody who waits; whoever waits after this waits for the next news."""
        self.news.set()
        self.news = asyncio.Event()


class LiveStreams:
    """The streams of one process. `end` lets go of all of them, for a process that stops."""

    def __init__(
        self,
        database: Database,
        *,
        every_seconds: float = EVERY_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        most: int = MOST_STREAMS,
        most_for_one: int = MOST_FOR_ONE,
    ) -> None:
        self._database = database
        self._every_seconds = every_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._most = most
        self._most_for_one = most_for_one
        self._watches: dict[str, _Watch] = {}
        self._open: Counter[object] = Counter()
        self._has_ended = False

    @property
    def open_streams(self) -> int:
        """How many follow something just now."""
        return self._open.total()

    @property
    def followed(self) -> frozenset[str]:
        """What is asked for in the database just now."""
        return frozenset(self._watches)

    def has_room_for(self, reader: object) -> bool:
        """Whether one more stream may be opened, for this reader."""
        return not self._has_ended and self.open_streams < self._most and self._open[reader] < self._most_for_one

    def end(self) -> None:
        """End every stream; a browser tries again in a few seconds, with the process that takes over."""
        self._has_ended = True
        for watch in self._watches.values():
            watch.tell()

    async def events(
        self, reader: object, topic: str, read: ReadMark, *, since: str, may_still: MayStill
    ) -> AsyncIterator[bytes]:
        """Give the stream of one reader, until it is ended, she may no longer follow, or nobody listens."""
        if not self.has_room_for(reader):
            return  # several came at the same moment
        watch = self._watches.setdefault(topic, _Watch(read))
        watch.followers += 1
        self._open[reader] += 1
        if watch.task is None:
            watch.task = asyncio.create_task(self._ask(topic, watch))
            watch.task.add_done_callback(partial(self._asked, topic, watch))
        try:
            yield _RETRY
            seen = since or watch.mark
            while True:
                news = watch.news
                if watch.mark in (None, seen) and not self._is_over(watch):
                    await _wait(news, self._heartbeat_seconds)
                if self._is_over(watch):
                    return
                if not await may_still():
                    yield _END
                    return
                if watch.mark in (None, seen):
                    yield _BEAT
                else:
                    # what the page was made of is not known where it did not say: then nothing has changed yet
                    is_change, seen = seen is not None, watch.mark
                    yield _CHANGED % str(seen).encode() if is_change else _BEAT
        finally:
            self._leave(reader, topic, watch)

    def _is_over(self, watch: _Watch) -> bool:
        return self._has_ended or watch.has_failed

    def _leave(self, reader: object, topic: str, watch: _Watch) -> None:
        self._open[reader] -= 1
        if not self._open[reader]:
            del self._open[reader]
        watch.followers -= 1
        if not watch.followers:
            assert watch.task is not None
            watch.task.cancel()
            if self._watches.get(topic) is watch:
                del self._watches[topic]

    async def _ask(self, topic: str, watch: _Watch) -> None:
        """Ask again and again how the thing stands, while anybody follows it."""
        while True:
            mark = await self._mark(topic, watch)
            if mark is not None and mark != watch.mark:
                watch.mark = mark
                watch.tell()
            await asyncio.sleep(self._every_seconds)

    def _asked(self, topic: str, watch: _Watch, task: asyncio.Task[None]) -> None:
        """Let the followers go where asking failed by a fault of ours: they come back, to a new watch."""
        if task.cancelled():
            return
        _log.error("a live page cannot be followed", topic=topic, exc_info=task.exception())
        if self._watches.get(topic) is watch:
            del self._watches[topic]
        watch.has_failed = True
        watch.tell()

    async def _mark(self, topic: str, watch: _Watch) -> str | None:
        try:
            async with self._database.sessions() as session:
                await session.connection(execution_options={"postgresql_readonly": True})
                return mark_as_sent(await watch.read(session))
        except Exception as error:
            if told_of_database(error) is None and not isinstance(error, OSError):
                raise
            _log.warning("a live page waits for the database", topic=topic, cause=type(error).__name__)
            return None


async def _wait(news: asyncio.Event, seconds: float) -> None:
    """Return when there is news, or after so many seconds: the reader then hears a heartbeat."""
    waiting = asyncio.create_task(news.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()


def live_streams_of(request: Request) -> LiveStreams:
    """Return the streams of the process that answers."""
    return cast(LiveStreams, request.app.state.live)


def follow(request: Request, topic: str, read: ReadMark, *, since: str = "") -> Response:
    """Answer with the stream of a topic; with 204, which a browser takes for an end, where there is no room for it.

    The reader's session and permit are asked again with every word to her, and being told is no use of the session.
    """
    streams = live_streams_of(request)
    reader = exchange_of(request).subject
    if not streams.has_room_for(reader):
        return Response(status_code=204)
    return StreamingResponse(
        streams.events(reader, topic, read, since=since, may_still=lambda: _may_still(request)),
        media_type=CONTENT_TYPE,
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _may_still(request: Request) -> bool:
    exchange = exchange_of(request)
    exchange.subject = exchange.actor = None  # the gate knows her again, or does not
    try:
        await gate(request)
    except KurslotsError:
        return False
    except Exception as error:
        # whether she may is not known just now: that is no reason to send her away
        if told_of_database(error) is None and not isinstance(error, OSError):
            raise
    return True
