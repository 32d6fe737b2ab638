"""Counts that cannot creep up: round trips to the database for a booking, and for a batch relayed or consumed."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from deploy.embedded.postgres import PostgresServer
from services.booking.app import create_app
from services.booking.settings import BookingSettings
from shared.contracts.booking import BookingConfirmed
from shared.contracts.topics import BOOKINGS
from shared.db import Database, open_database
from shared.kernel.clock import SystemClock
from shared.messaging import relay as relay_module
from shared.messaging import tables
from shared.messaging.effects import Effects
from shared.messaging.messages import read_record
from shared.messaging.reactions import Delivery, Reactions
from shared.messaging.relay import WINDOW
from tests.bench import pgbench, relay
from tests.bench.consumer import BenchTable, Effect
from tests.bench.parts import Parts
from tests.bench.size import QUICK
from tests.bench.topics import fresh_topic
from tests.bench.town import Town, a_town
from tests.support.messaging import a_message, a_record
from tests.support.web import LocalIssuer, running, settings_for

_SINCE = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)"
_OF_THE_TRANSACTION = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|;|SHOW|SET)", re.IGNORECASE)


class Statements:
    """What a pool's connections were asked, transactions' own commands left out."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def note(self, record: Any) -> None:  # noqa: ANN401 - asyncpg's
        if not _OF_THE_TRANSACTION.match(record.query):
            self.asked.append(record.query)


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """Count what is asked through connections that are made from now on, SQLAlchemy's and asyncpg's own."""
    statements = Statements()

    def listen(connection: Any, _record: object) -> None:  # noqa: ANN401 - asyncpg's and httpx's own types
        connection.driver_connection.add_query_logger(statements.note)

    def executed(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.asked.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "connect", listen)  # hears what goes past SQLAlchemy, as the relay's statements do
    event.listen(engine, "before_cursor_execute", executed)
    yield statements
    event.remove(engine, "connect", listen)
    event.remove(engine, "before_cursor_execute", executed)


@pytest.fixture
def parts(postgres: PostgresServer, tmp_path: Path) -> Parts:
    """Parts for what needs no Kafka."""
    return Parts(postgres, "nowhere:9092", tmp_path)


@asynccontextmanager
async def _booked(parts: Parts) -> AsyncIterator[tuple[Town, Statements, Any]]:
    """Give a town whose web app runs in this process, what it asks, and a client."""
    from httpx import ASGITransport, AsyncClient  # noqa: PLC0415 - only here

    async with a_town(parts, QUICK) as town:
        issuer = LocalIssuer()
        issuer.key, issuer.published = town.issuer.key, town.issuer.published
        issuer.issuer = town.issuer.issuer
        database = open_database(town.url)
        with counted(database) as statements:
            app = create_app(
                settings_for(BookingSettings, town.url, issuer), issuer_transport=issuer.transport, database=database
            )
            async with (
                running(app),
                AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1", trust_env=False) as client,
            ):
                yield town, statements, client
        await database.close()


async def _book(town: Town, client: Any, key: str) -> None:  # noqa: ANN401 - asyncpg's and httpx's own types
    answer = await client.post(
        f"/booking/api/v1/projects/{town.project_id}/employers/{town.employers[0].id}/bookings",
        json={"run_id": str(town.runs[0]), "seats": 2},
        headers={"authorization": f"Bearer {town.tokens[0]}", "idempotency-key": key},
    )
    assert answer.status_code == 201, answer.text


async def test_a_booking_over_http_is_nine_statements_and_little_wal(parts: Parts) -> None:
    async with _booked(parts) as (town, statements, client):
        await _book(town, client, "first")
        connection = await asyncpg.connect(town.url)
        try:
            wal = []
            for number in range(20):
                before = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
                statements.asked.clear()
                await _book(town, client, f"key-{number}")
                assert len(statements.asked) == 9, statements.asked
                wal.append(await connection.fetchval(_SINCE, before))
        finally:
            await connection.close()
        # The least of them: whatever else the server does meanwhile, for other tests too, only adds to one. The rows
        # are some 3 KiB: booking, two seats, history, event, answer padded to 1 KiB, and their indexes.
        assert 3_000 < min(wal) < 12_000, f"{min(wal)} bytes of WAL for a booking"


def test_pgbench_runs_as_many_statements_as_the_product() -> None:
    transaction = pgbench.script("00000000-0000-0000-0000-000000000000").partition("\\endif")[2]
    statements = [each for each in transaction.split(";\n") if each.strip() and not _OF_THE_TRANSACTION.match(each)]
    # the first has a backslash command before it
    assert len(statements) - sum("BEGIN" in each for each in statements) == 9


async def test_a_window_of_events_is_relayed_with_two_statements(
    parts: Parts, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_SHORTEST_PAUSE", "_LONGEST_PAUSE"):
        monkeypatch.setattr(relay_module, pause, 3_600.0)  # it looks when it is woken, and when it has found something
    parts = replace(parts, bootstrap=kafka)
    url = await parts.blank_database(tables.metadata)
    database = open_database(url)
    windows = 4
    try:
        with counted(database) as statements:
            async with fresh_topic(parts.bootstrap, relay.TOPIC) as namespace:
                await relay.publish_with_relay(parts, url, database, windows * WINDOW, namespace)
            of_the_relay = [each for each in statements.asked if "NOT EXISTS (SELECT FROM outbox)" not in each]
            deletes = [each for each in of_the_relay if each.startswith("DELETE")]
            # one delete for each window, and one for the event that connects the producer
            assert len(deletes) <= windows + 2
            # one look for each window; before, between and after them it looks and finds nothing
            assert len([each for each in of_the_relay if "LIMIT $4" in each]) <= windows + 6
    finally:
        await database.close()
        await parts.drop(url)


async def test_a_batch_of_messages_takes_three_statements(parts: Parts) -> None:
    url = await parts.blank_database(tables.metadata, BenchTable.metadata)
    database = open_database(url)
    reactions = Reactions("bench")

    @reactions.on(BookingConfirmed)
    async def on_booking_confirmed(delivery: Delivery, fact: BookingConfirmed) -> None:
        delivery.session.add(Effect(kind=fact.type_name, key=fact.booking_id, version=1))

    effects = Effects(reactions, database, SystemClock())
    try:
        with counted(database) as statements:
            for _ in range(2):  # the driver looks up types on a connection's first use
                statements.asked.clear()
                messages = [read_record(a_record(a_message(BookingConfirmed)), BOOKINGS) for _ in range(500)]
                await effects.in_one_transaction(messages)
        # parked keys, the inbox, and the effects of all messages together
        assert len(statements.asked) == 3, [each[:80] for each in statements.asked]
    finally:
        await database.close()
        await parts.drop(url)
