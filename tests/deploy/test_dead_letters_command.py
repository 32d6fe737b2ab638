"""`kurslots dead-letters`: an operator sees what was set aside, and what is decided is kept with who and why."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.commands.dead_letters import dead_letters
from deploy.embedded.postgres import PostgresServer
from shared.db import Database, open_database
from shared.kernel.ids import new_id
from shared.messaging import tables
from tests.support.databases import Databases
from tests.support.messaging import rows_of

_SET_ASIDE = """
    INSERT INTO dead_letters (consumer, topic, partition, "offset", key, message_id, type, standing, cause,
                              tries, value)
    VALUES ('effects', 'booking.bookings', 0, {offset}, '{key}', '{id}', 'booking.changed.v1', '{standing}',
            'ValueError in react', 3, 'x')
"""


@pytest.fixture
def url(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made = Databases(postgres)
    url = asyncio.run(made.blank(tables.metadata))
    for service in ("BOOKING", "PROCUREMENT", "NOTIFICATION"):
        monkeypatch.setenv(f"{service}_DATABASE_URL", url)
    monkeypatch.setenv("KURSLOTS_MODE", "embedded")
    yield url
    asyncio.run(made.drop_all())


def _in(url: str, *statements: str) -> list[Any]:
    """Run statements, and return the rows of the last."""

    async def run(database: Database) -> list[Any]:
        for statement in statements[:-1]:
            async with database.engine.begin() as connection:
                await connection.exec_driver_sql(statement)
        return await rows_of(database, statements[-1])

    async def whole() -> list[Any]:
        database = open_database(url)
        try:
            return await run(database)
        finally:
            await database.close()

    return asyncio.run(whole())


def _kurslots(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(dead_letters)
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    return result.exit_code, result.output


@pytest.fixture
def first(url: str) -> int:
    """A message that failed, with one behind it."""
    key = str(new_id())
    (row,) = _in(
        url,
        f"INSERT INTO parked_keys (consumer, topic, key) VALUES ('effects', 'booking.bookings', '{key}')",  # noqa: S608 - words and ids of our own
        _SET_ASIDE.format(offset=1, key=key, id=new_id(), standing="failed"),
        _SET_ASIDE.format(offset=2, key=key, id=new_id(), standing="follower"),
        "SELECT min(id) AS id FROM dead_letters",
    )
    return int(row.id)


def test_what_was_set_aside_is_listed(first: int) -> None:
    code, shown = _kurslots("booking", "--json")
    (letter,) = json.loads(shown)["booking"]["dead_letters"]
    assert code == 0
    assert (letter["id"], letter["standing"], letter["tries"], letter["followers"]) == (first, "failed", 3, 1)
    assert letter["cause"] == "ValueError in react"
    assert 0 <= letter["age_seconds"] < 600
    code, shown = _kurslots()
    assert code == 0
    assert "booking.changed.v1" in shown
    assert "No keys the broker refuses" in shown


def test_a_replay_is_asked_of_the_worker_and_keeps_who_asked(url: str, first: int) -> None:
    assert _kurslots("booking", "--replay", str(first), "--by", "anna")[0] == 0
    (row,) = _in(url, "SELECT id, settled_by, settled_at FROM dead_letters WHERE retry_at <= clock_timestamp()")
    assert (row.id, row.settled_by, row.settled_at) == (first, "anna", None)


def test_a_message_is_given_up_only_with_a_reason_which_is_kept(url: str, first: int) -> None:
    code, said = _kurslots("booking", "--discard", str(first))
    assert code == 2
    assert "--reason" in said
    assert _kurslots("booking", "--discard", str(first), "--reason", "sent twice", "--by", "anna")[0] == 0
    rows = _in(url, "SELECT outcome, settled_by, retry_at IS NOT NULL AS is_next FROM dead_letters ORDER BY id")
    assert [(row.outcome, row.settled_by, row.is_next) for row in rows] == [
        ("discarded", "anna", False),
        (None, None, True),
    ]
    (decided,) = json.loads(_kurslots("booking", "--decisions", "--json")[1])["booking"]
    assert (decided["action"], decided["by"], decided["reason"]) == ("discard", "anna", "sent twice")
    assert (decided["id"], decided["cause"], decided["outcome"]) == (first, "ValueError in react", "discarded")
    code, shown = _kurslots("--decisions")
    assert code == 0
    assert "sent twice" in shown


def test_what_cannot_be_settled_is_refused_with_a_reason(first: int) -> None:
    code, said = _kurslots("booking", "--replay", str(first + 1))
    assert (code, f"waits behind {first}" in said) == (1, True)
    assert _kurslots("booking", "--replay", str(first + 7))[0] == 1
    assert _kurslots("--replay", str(first))[0] == 2
    assert _kurslots("nowhere")[0] == 2


def test_a_stopped_key_is_listed_and_released(url: str) -> None:
    key = str(new_id())
    stop = f"INSERT INTO stopped_keys (topic, key, outbox_id, cause) VALUES ('booking.runs', '{key}', 1, 'TooLarge')"  # noqa: S608 - words and ids of our own
    _in(url, stop, "SELECT 1")
    (stopped,) = json.loads(_kurslots("booking", "--json")[1])["booking"]["stopped_keys"]
    assert (stopped["key"], stopped["cause"], stopped["waiting"]) == (key, "TooLarge", 0)
    why = ("--reason", "the limit was raised")
    assert _kurslots("booking", "--release", "booking.runs", "no-key", *why)[0] == 2
    assert _kurslots("booking", "--release", "booking.runs", key)[0] == 2
    assert _kurslots("booking", "--release", "booking.runs", key, *why)[0] == 0
    assert _kurslots("booking", "--release", "booking.runs", key, *why)[0] == 1
    (decided,) = _in(url, "SELECT action, key, reason FROM message_decisions")
    assert tuple(decided) == ("release", key, "the limit was raised")
    assert _in(url, "SELECT key FROM stopped_keys") == []
