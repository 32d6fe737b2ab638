"""The connection to the database breaks in the very commit: nobody says that nothing was done, and again is safe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from shared.web.pages.forms import KEY_FIELD, TOKEN_FIELD
from tests.shared.web import sample
from tests.shared.web.test_edge import NOTES, count
from tests.support.pages import TOKEN, browser, known_visitors
from tests.support.web import LocalIssuer, problem_of, running, settings_for, signed_client

NOTE_FORM = f"/sample/projects/{sample.PROJECT}/notes/new"
TOLD = {
    "sv": "Kontakten med databasen bröts medan detta sparades, så det är inte känt om det blev gjort.",
    "en": "The database was lost while this was being saved, so it is not known whether it was done.",
}
_COMMIT, _COMMITTED = b"COMMIT;\0", b"COMMIT\0"

Cut = Literal["before", "after"]


@dataclass
class Line:
    """A way to PostgreSQL that breaks once, at the next commit: before the server hears of it, or after it was done."""

    port: int
    cut: Cut | None = None
    cuts: int = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._join, "127.0.0.1", 0) as listening:
            yield listening.sockets[0].getsockname()[1]

    async def _join(self, near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answers = asyncio.create_task(_pass_on(reader, near_writer))
        try:
            while asked := await near_reader.read(65536):
                if self.cut and _COMMIT in asked:
                    cut, self.cut, self.cuts = self.cut, None, self.cuts + 1
                    answers.cancel()
                    await asyncio.wait([answers])
                    if cut == "after":
                        writer.write(asked)
                        await reader.readuntil(_COMMITTED)  # the server's word that it is done
                    return
                writer.write(asked)
                await writer.drain()
        finally:
            answers.cancel()
            writer.close()
            near_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while read := await reader.read(65536):
        writer.write(read)
        await writer.drain()
    writer.close()


@pytest.fixture
def line(database_url: str) -> Line:
    port = make_url(database_url).port
    assert port is not None
    return Line(port)


@pytest.fixture
async def app(line: Line, database_url: str, issuer: LocalIssuer) -> AsyncIterator[FastAPI]:
    async with line.laid() as port:
        url = make_url(database_url).set(port=port).render_as_string(hide_password=False)
        settings = settings_for(sample.SampleSettings, url, issuer)
        async with running(sample.create_app(settings, issuer_transport=issuer.transport)) as app:
            yield app


async def write(lead: httpx.AsyncClient, language: str, key: str | None) -> httpx.Response:
    headers = {"accept-language": language} | ({"idempotency-key": key} if key else {})
    return await lead.post(NOTES, json={"title": "Svetsning"}, headers=headers)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(("cut", "done"), [("before", 0), ("after", 1)])
async def test_what_broke_in_the_commit_is_not_known_and_is_safely_sent_again(
    app: FastAPI, line: Line, issuer: LocalIssuer, cut: Cut, done: int, language: str
) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        line.cut = cut
        lost = await write(lead, language, "k")
        assert line.cuts == 1
        problem = problem_of(lost, 503, "outcome_unknown")
        assert problem["detail"].startswith(TOLD[language])
        assert ("nyckel" if language == "sv" else "key") in problem["detail"]
        assert int(lost.headers["retry-after"]) > 0
        assert await count(app) == done
        again = await write(lead, language, "k")
    assert again.status_code == 201
    assert (again.headers.get("idempotency-replayed") == "true") is bool(done)
    assert await count(app) == 1


@pytest.mark.parametrize(("language", "advice"), [("sv", "Se efter först"), ("en", "Look first")])
async def test_without_a_key_the_advice_is_to_look_first(
    app: FastAPI, line: Line, issuer: LocalIssuer, language: str, advice: str
) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        line.cut = "after"
        problem = problem_of(await write(lead, language, None), 503, "outcome_unknown")
    assert problem["detail"].startswith(TOLD[language])
    assert advice in problem["detail"]
    assert await count(app) == 1


async def test_a_form_is_shown_again_with_its_key_and_sent_again_is_done_once(app: FastAPI, line: Line) -> None:
    typed = {"title": "Svetsning", "seats": "2", TOKEN_FIELD: TOKEN, KEY_FIELD: "of-the-form"}
    with known_visitors(app):
        async with browser(app, "lead", language="sv") as lead:
            line.cut = "after"
            lost = await lead.post(NOTE_FORM, data=typed)
            assert lost.status_code == 503
            assert f"{TOLD['sv']} Skicka formuläret igen: det görs inte två gånger." in lost.text
            assert 'value="of-the-form"' in lost.text
            assert 'value="Svetsning"' in lost.text
            again = await lead.post(NOTE_FORM, data=typed)
    assert again.status_code == 303
    assert await count(app) == 1
